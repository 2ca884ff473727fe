//! User code that the crate runs in between: a `Debug`, a logger, a waker. Whether it panics or
//! calls the crate itself, jobs and waits go on.
//!
//! | | where the handle is dropped | at the end of a detached job | at shutdown (stash) |
//! |---|---|---|---|
//! | `Debug` panics | no harm | no harm | no harm |
//! | logger panics | no harm | no harm | no harm |
//! | logger calls the crate | no deadlock | no deadlock | no deadlock |
//!
//! A waker panics or calls the crate at the end of an awaited job only.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Context;
use std::time::Duration;

use crochet::{Error, Reactor, retrieve_result};

use crate::support::{LONG, held, hog, limit, log, own_process, settle, waker};

/// Fails in the three places from which a failure is logged. Returns when all of it has been.
fn fail_everywhere<E: fmt::Debug + Send + 'static>(error: fn() -> E) {
    let reactor = Reactor::new().unwrap();
    let fail = || reactor.run_in_reactor(move || async move { Err::<(), _>(error()) });

    let dropped = fail();
    settle(&reactor);
    drop(dropped);

    let hog = hog(&reactor);
    fail().detach();
    hog.release();
    settle(&reactor);

    let id = fail().stash();
    settle(&reactor);
    let alive = reactor.wait_for(LONG, async { Ok::<_, Error>(7) });
    assert_eq!(alive.unwrap(), 7, "the reactor goes on");
    reactor.shutdown(LONG).unwrap();
    let failure = retrieve_result::<(), E>(id).unwrap();
    assert!(matches!(failure.wait(Duration::ZERO), Err(Error::Job(_))));
}

#[test]
fn a_debug_that_panics_costs_only_the_error_in_the_record() {
    struct Unspeakable;
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    impl fmt::Debug for Unspeakable {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            ASKED.fetch_add(1, Ordering::Relaxed);
            resume_unwind(Box::new("unspeakable"))
        }
    }

    own_process!();
    let log = log();
    fail_everywhere(|| Unspeakable);
    assert_eq!(ASKED.load(Ordering::Relaxed), 3);
    let records = log.with("its error's `Debug` panicked, too");
    assert_eq!(records.len(), 3, "each has a record all the same");
    assert!(records.iter().all(|record| record.text.contains(file!())));
}

#[test]
fn a_debug_that_fails_harms_nothing() {
    struct Broken;
    impl fmt::Debug for Broken {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            Err(fmt::Error)
        }
    }

    let _limit = limit(LONG);
    log();
    fail_everywhere(|| Broken);
}

/// Does something with each record, and counts them.
struct Hook {
    records: AtomicUsize,
    act: fn(),
}

impl log::Log for Hook {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        if record.target() == "crochet" {
            self.records.fetch_add(1, Ordering::Relaxed);
            (self.act)();
        }
    }

    fn flush(&self) {}
}

fn install(hook: &'static Hook) {
    log::set_logger(hook).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
}

#[test]
fn a_logger_that_panics_harms_nothing() {
    static LOGGER: Hook =
        Hook { records: AtomicUsize::new(0), act: || resume_unwind(Box::new("the logger panics")) };
    own_process!();
    install(&LOGGER);
    fail_everywhere(|| "no luck");
    assert_eq!(LOGGER.records.load(Ordering::Relaxed), 3);
}

#[test]
fn a_logger_may_call_the_crate() {
    static LOGGER: Hook = Hook {
        records: AtomicUsize::new(0),
        act: || {
            // None of it may hang, on whatever thread this is.
            let job = crochet::run_in_reactor(|| async { Ok::<_, Error>(7) });
            let _ = job.wait(LONG);
            let job = retrieve_result::<i32, Error>(job.stash()).unwrap();
            let _ = crochet::wait_for(LONG, async { Ok::<_, Error>(job.is_finished()) });
        },
    };
    own_process!();
    install(&LOGGER);
    fail_everywhere(|| "no luck");
    assert_eq!(LOGGER.records.load(Ordering::Relaxed), 3);
}

#[test]
fn a_waker_that_panics_harms_nothing() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let waker = waker(|| resume_unwind(Box::new("the waker panics")));
    let (leash, job) = held(&reactor, Ok::<_, Error>(7));
    let mut future = pin!(job.into_future());
    assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    leash.release();
    settle(&reactor);
    settle(&reactor);
    let value = async_io::block_on(future);
    assert_eq!(value.unwrap(), 7);
}

#[test]
fn a_failure_is_logged_even_if_the_waker_of_a_dropped_future_panics() {
    let _limit = limit(LONG);
    log();
    let reactor = Reactor::new().unwrap();
    let waker = waker(|| resume_unwind(Box::new("the waker panics")));
    let (leash, job) = held::<(), _>(&reactor, Err("<a waker panicked>"));
    let mut future = Box::pin(job.into_future());
    assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    drop(future);
    leash.release();
    settle(&reactor);
    reactor.shutdown(LONG).unwrap();
    assert_eq!(log().with("<a waker panicked>").len(), 1);
}

#[test]
fn a_waker_may_call_the_crate() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (done, woken) = std::sync::mpsc::channel();
    let waker = waker({
        let reactor = reactor.clone();
        move || {
            let job = reactor.run_in_reactor(|| async { Ok::<_, Error>(7) });
            let refused = matches!(job.wait(LONG), Err(Error::OnReactorThread));
            let job = retrieve_result::<i32, Error>(job.stash()).unwrap();
            done.send((refused, job)).unwrap();
        }
    });
    let (leash, job) = held(&reactor, Ok::<_, Error>(()));
    let mut future = pin!(job.into_future());
    assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    leash.release();
    let (refused, job) = woken.recv().unwrap();
    assert!(refused, "a waker runs on the reactor thread");
    assert_eq!(job.into_result(LONG).unwrap(), 7);
    async_io::block_on(future).unwrap();
}
