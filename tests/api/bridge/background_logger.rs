//! `BackgroundLogger`: what it writes, on which thread, in which order; loggers that block, panic
//! and log.

use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use crate::support::{Gate, LONG, info, limit};
use crochet::{BackgroundLogger, Error, Reactor};
use log::{Level, Log, Metadata, Record};

/// Runs `write` on each text, then keeps it, with the name of the thread.
struct Keeper<W> {
    write: W,
    kept: Kept,
}

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<(String, String)>>>);

impl Kept {
    fn texts(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|(text, _)| text.clone()).collect()
    }

    fn threads(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|(_, thread)| thread.clone()).collect()
    }
}

impl<W: Fn(&str) + Send + Sync> Log for Keeper<W> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Info
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let text = record.args().to_string();
            (self.write)(&text);
            let thread = thread::current().name().unwrap_or_default().to_owned();
            self.kept.0.lock().unwrap().push((text, thread));
        }
    }

    fn flush(&self) {}
}

fn keeper(write: impl Fn(&str) + Send + Sync + 'static) -> (Arc<BackgroundLogger>, Kept) {
    let kept = Kept::default();
    let logger = BackgroundLogger::new(Keeper { write, kept: kept.clone() });
    (Arc::new(logger), kept)
}

fn in_job(reactor: &Reactor, job: impl FnOnce() + Send) {
    let job = async {
        job();
        Ok::<_, Error>(())
    };
    reactor.wait_for(LONG, job).unwrap();
}

#[test]
fn a_logger_that_blocks_does_not_hold_the_reactor() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let gate = Gate::new();
    let (logger, kept) = keeper({
        let gate = gate.clone();
        move |_| gate.pass()
    });
    for text in ["one", "two", "three"] {
        in_job(&reactor, || info(&logger, text));
    }
    assert_eq!(kept.texts(), [""; 0]);
    gate.open();
    logger.flush();
    assert_eq!(kept.texts(), ["one", "two", "three"]);
    assert_eq!(kept.threads(), ["crochet-log"; 3]);
}

#[test]
fn records_of_other_threads_are_written_on_the_spot() {
    let (logger, kept) = keeper(|_| {});
    thread::Builder::new()
        .name("mine".to_owned())
        .spawn(move || info(&logger, "direct"))
        .unwrap()
        .join()
        .unwrap();
    assert_eq!(kept.threads(), ["mine"]);
}

#[test]
fn the_order_is_kept_between_a_job_and_the_thread_that_waited_for_it() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (logger, kept) = keeper(|_| thread::yield_now());
    let mut expected = Vec::new();
    for i in 0..500 {
        in_job(&reactor, || info(&logger, &format!("job {i}")));
        info(&logger, &format!("thread {i}"));
        expected.extend([format!("job {i}"), format!("thread {i}")]);
    }
    logger.flush();
    assert_eq!(kept.texts(), expected);
}

#[test]
fn a_logger_that_panics_loses_one_record_and_harms_nothing() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (logger, kept) = keeper(|text| assert_ne!(text, "bad", "on purpose"));
    for text in ["good", "bad", "better"] {
        in_job(&reactor, || info(&logger, text));
    }
    logger.flush();
    assert_eq!(kept.texts(), ["good", "better"]);
}

#[test]
fn a_logger_that_panics_on_the_spot_harms_nothing() {
    let (logger, kept) = keeper(|text| assert_ne!(text, "bad", "on purpose"));
    for text in ["good", "bad", "better"] {
        info(&logger, text);
    }
    assert_eq!(kept.texts(), ["good", "better"]);
}

#[test]
fn a_flush_that_panics_while_the_logger_is_dropped_harms_nothing() {
    struct Panics;
    impl Log for Panics {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn log(&self, _: &Record<'_>) {}
        fn flush(&self) {
            panic!("on purpose");
        }
    }
    drop(BackgroundLogger::new(Panics));
}

#[test]
fn a_logger_that_logs_on_the_spot_comes_to_an_end() {
    let _limit = limit(LONG);
    let itself: Arc<OnceLock<Arc<BackgroundLogger>>> = Arc::default();
    let (logger, kept) = keeper({
        let itself = Arc::clone(&itself);
        move |text| info(itself.get().unwrap(), &format!("about {text}"))
    });
    assert!(itself.set(Arc::clone(&logger)).is_ok());
    info(&logger, "this");
    logger.flush();
    let mut texts = kept.texts();
    texts.sort();
    assert_eq!(texts, ["about this", "this"]);
    assert!(kept.threads().contains(&"crochet-log".to_owned()));
}

#[test]
fn a_logger_that_logs_comes_to_an_end() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let itself: Arc<OnceLock<Arc<BackgroundLogger>>> = Arc::default();
    let (logger, kept) = keeper({
        let itself = Arc::clone(&itself);
        move |text| info(itself.get().unwrap(), &format!("about {text}"))
    });
    assert!(itself.set(Arc::clone(&logger)).is_ok());
    in_job(&reactor, || info(&logger, "this"));
    logger.flush();
    logger.flush(); // the first one may have come before the logger's own record
    assert_eq!(kept.texts(), ["this", "about this"]);
}

#[test]
fn flush_on_the_reactor_thread_does_not_wait() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let gate = Gate::new();
    let (logger, kept) = keeper({
        let gate = gate.clone();
        move |_| gate.pass()
    });
    in_job(&reactor, || {
        info(&logger, "later");
        logger.flush();
    });
    gate.open();
    logger.flush();
    assert_eq!(kept.texts(), ["later"]);
}

#[test]
fn dropping_it_writes_what_is_left() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (logger, kept) = keeper(|_| thread::sleep(Duration::from_millis(5)));
    in_job(&reactor, || (0..20).for_each(|i| info(&logger, &i.to_string())));
    drop(logger);
    assert_eq!(kept.texts().len(), 20);
}

#[test]
fn what_is_not_enabled_is_not_put_off_but_left_out() {
    let reactor = Reactor::new().unwrap();
    let (logger, kept) = keeper(|_| {});
    in_job(&reactor, || {
        logger.log(&Record::builder().level(Level::Debug).args(format_args!("no")).build());
    });
    logger.flush();
    assert_eq!(kept.texts(), [""; 0]);
    assert_eq!(format!("{logger:?}"), "BackgroundLogger { waiting: 0, .. }");
}
