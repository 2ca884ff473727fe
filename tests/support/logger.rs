//! A logger that can be asked.

use std::sync::{Condvar, Mutex, OnceLock};

use super::LONG;

/// What was logged with the target `crochet`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    pub(crate) level: log::Level,
    pub(crate) text: String,
}

/// A logger that keeps what it is given.
#[derive(Default)]
pub(crate) struct Log {
    records: Mutex<Vec<Record>>,
    more: Condvar,
}

/// Installs the logger for this process, once, and returns it.
pub(crate) fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        log::set_max_level(log::LevelFilter::Trace);
        Log::default()
    });
    let installed = LOG.get().unwrap();
    let _ = log::set_logger(installed);
    installed
}

impl Log {
    /// The records that contain `text`, so far.
    pub(crate) fn with(&self, text: &str) -> Vec<Record> {
        let records = self.records.lock().unwrap();
        records.iter().filter(|record| record.text.contains(text)).cloned().collect()
    }

    /// Blocks until a record that contains `text` has come. Panics after [`LONG`].
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) -> Record {
        let found = |records: &Vec<Record>| {
            records.iter().find(|record| record.text.contains(text)).cloned()
        };
        let records = self.records.lock().unwrap();
        let (records, _) =
            self.more.wait_timeout_while(records, LONG, |all| found(all).is_none()).unwrap();
        found(&records).unwrap_or_else(|| panic!("no record has {text:?}; there is {records:?}"))
    }
}

impl log::Log for Log {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target() == "crochet"
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            let record = Record { level: record.level(), text: record.args().to_string() };
            self.records.lock().unwrap().push(record);
            self.more.notify_all();
        }
    }

    fn flush(&self) {}
}

/// Has `logger` write this.
pub(crate) fn info(logger: &impl log::Log, text: &str) {
    logger
        .log(&log::Record::builder().level(log::Level::Info).args(format_args!("{text}")).build());
}
