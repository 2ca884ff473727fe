//! A system that has no more threads to give (`RLIMIT_NPROC`): calls say so, and later ones can
//! succeed. `starting.rs` has stacks for which there is no room. Each test has a process of its
//! own.

use std::io;
use std::sync::{Arc, Mutex};

use crate::support::{Gate, LONG, limit, own_process};
use crochet::{BackgroundLogger, Error, Reactor};
use log::{Level, Log, Metadata, Record};

/// While it lives, no thread can be started.
struct NoThreads(libc::rlimit);

impl NoThreads {
    fn new() -> Self {
        /// An id that no user has. The limit is not for root, so tests that are run by root change
        /// into that.
        const NOBODY: libc::uid_t = 54_321;

        let mut before = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        #[expect(unsafe_code, reason = "FFI")]
        // SAFETY: the pointer is to a whole `rlimit`; the other calls take numbers or nothing.
        unsafe {
            if libc::geteuid() == 0 {
                assert_eq!(libc::setresuid(NOBODY, NOBODY, NOBODY), 0);
            }
            assert_eq!(libc::getrlimit(libc::RLIMIT_NPROC, &mut before), 0);
        }
        Self::set(&libc::rlimit { rlim_cur: 0, ..before });
        assert!(std::thread::Builder::new().spawn(|| ()).is_err(), "threads can be started");
        Self(before)
    }

    fn set(limit: &libc::rlimit) {
        #[expect(unsafe_code, reason = "FFI")]
        // SAFETY: the pointer is to a whole `rlimit`.
        let error = unsafe { libc::setrlimit(libc::RLIMIT_NPROC, limit) };
        assert_eq!(error, 0);
    }
}

impl Drop for NoThreads {
    fn drop(&mut self) {
        Self::set(&self.0);
    }
}

#[track_caller]
fn reason(error: &Error) -> &io::Error {
    let Error::Setup(reason) = error else { panic!("{error:?}") };
    reason
}

fn works() {
    let five: Result<_, Error> = crochet::wait_for(LONG, async { Ok(5) });
    assert_eq!(five.unwrap(), 5);
}

#[test]
fn the_first_call_of_the_process_reports_it_and_a_later_one_can_succeed() {
    own_process!();
    let none = NoThreads::new();
    let uncalled = Gate::new();
    let on_drop = uncalled.open_on_drop();
    // The first job is the first call of all.
    let job = crochet::run_in_reactor(move || {
        drop(on_drop);
        async { Ok::<(), Error>(()) }
    });
    assert!(uncalled.is_open(), "the closure is to be dropped at once");
    reason(&job.join(LONG).unwrap_err());
    let waited: Result<(), Error> = crochet::wait_for(LONG, async { Ok(()) });
    reason(&waited.unwrap_err());
    reason(&crochet::setup().unwrap_err());
    reason(&Reactor::new().unwrap_err());
    drop(none);
    works();
}

#[test]
fn a_later_start_reports_the_systems_own_reason() {
    own_process!();
    works();
    crochet::shutdown(LONG).unwrap();
    let none = NoThreads::new();
    let waited: Result<(), Error> = crochet::wait_for(LONG, async { Ok(()) });
    assert_eq!(reason(&waited.unwrap_err()).raw_os_error(), Some(libc::EAGAIN));
    let refused = crochet::setup_with(Reactor::builder()).unwrap_err();
    assert_eq!(reason(&refused).raw_os_error(), Some(libc::EAGAIN));
    drop(none);
    // The failures have left nothing behind: this is a first start, with other settings.
    crochet::setup_with(Reactor::builder().name("later")).unwrap();
    works();
}

#[test]
fn a_driver_needs_no_thread_but_async_ios() {
    own_process!();
    let own = Reactor::new().unwrap();
    own.shutdown(LONG).unwrap();
    let _none = NoThreads::new();
    let driver = crochet::no_setup().unwrap();
    let job = crochet::run_in_reactor(|| async { Ok::<_, Error>(5) });
    let five = async_io::block_on(driver.run(job.into_future())).unwrap();
    assert_eq!(five.unwrap(), 5);
}

#[test]
fn a_background_logger_without_its_thread_writes_on_the_spot() {
    own_process!();
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<String>>>);
    impl Log for Kept {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &Record<'_>) {
            self.0.lock().unwrap().push(record.args().to_string());
        }
        fn flush(&self) {}
    }

    let _limit = limit(LONG);
    let (kept, reactor) = (Kept::default(), Reactor::new().unwrap());
    let logger = BackgroundLogger::new(kept.clone());
    let info = |text: &str| {
        let job = async {
            let mut record = Record::builder();
            record.level(Level::Info);
            logger.log(&record.args(format_args!("{text}")).build());
            Ok::<_, Error>(())
        };
        reactor.wait_for(LONG, job).unwrap();
    };
    let none = NoThreads::new();
    info("without");
    assert_eq!(*kept.0.lock().unwrap(), ["without"]);
    drop(none);
    info("with");
    logger.flush();
    assert_eq!(*kept.0.lock().unwrap(), ["without", "with"]);
}

#[test]
fn a_logger_that_submits_jobs_is_told_of_a_refused_job_and_not_of_its_own() {
    own_process!();
    /// Ships each record through the crate, as a job whose result it does not want.
    struct Ships(Mutex<Vec<String>>);
    impl Log for Ships {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target() == "crochet"
        }
        fn log(&self, record: &Record<'_>) {
            if self.enabled(record.metadata()) {
                self.0.lock().unwrap().push(record.args().to_string());
                crochet::run_in_reactor(|| async { Ok::<_, Error>(()) }).detach();
            }
        }
        fn flush(&self) {}
    }
    static SHIPS: Ships = Ships(Mutex::new(Vec::new()));

    let _limit = limit(LONG);
    log::set_max_level(log::LevelFilter::Trace);
    log::set_logger(&SHIPS).unwrap();
    let none = NoThreads::new();
    for round in 1..=2 {
        let line = line!() + 1;
        crochet::run_in_reactor(|| async { Ok::<_, Error>(()) }).detach();
        let records = SHIPS.0.lock().unwrap();
        assert_eq!(records.len(), round, "{records:?}");
        assert!(records[round - 1].contains(&format!("{}:{line}: ", file!())), "{records:?}");
    }
    drop(none);
    works();
}
