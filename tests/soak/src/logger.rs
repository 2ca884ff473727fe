//! A logger that takes its time, behind a `BackgroundLogger`, and loses nothing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crochet::BackgroundLogger;
use log::{Log, Metadata, Record};

static LOGGED: AtomicU64 = AtomicU64::new(0);
static WRITTEN: AtomicU64 = AtomicU64::new(0);

struct Slow;

impl Log for Slow {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == module_path!()
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let written = WRITTEN.fetch_add(1, Ordering::Relaxed);
            thread::sleep(Duration::from_micros(20));
            // Some of them are too much for it.
            assert!(written % 50 != 0, "{}", crate::account::ON_PURPOSE);
        }
    }

    fn flush(&self) {}
}

pub(crate) fn install() {
    log::set_max_level(log::LevelFilter::Info);
    let installed = log::set_boxed_logger(Box::new(BackgroundLogger::new(Slow)));
    assert!(installed.is_ok(), "there is a logger already");
}

/// Logs a record, on whatever thread this is.
pub(crate) fn log() {
    LOGGED.fetch_add(1, Ordering::Relaxed);
    log::info!("a record");
}

pub(crate) fn check() -> Result<(), String> {
    log::logger().flush();
    let (logged, written) = (LOGGED.load(Ordering::Relaxed), WRITTEN.load(Ordering::Relaxed));
    println!("records: {logged} logged, {written} written");
    if logged == written { Ok(()) } else { Err("records are lost".to_owned()) }
}
