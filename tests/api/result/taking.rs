//! Taking a result by value: `into_result` and `join`; and which results may go where.
//!
//! | | queued, running, waiting | done: ok | done: err | panicked | cancelled | stopped |
//! |---|---|---|---|---|---|---|
//! | `into_result` | waits; late: `TimedOut`, and cancels | `T` | `Job(E)` | `Panicked` | `Cancelled` | `ReactorStopped` |
//! | `join` | waits; late: `E::from`, and cancels | `T` | `E` | panics | `E::from` | `E::from` |
//! | either, reactor thread | refused, and cancels | refused | refused | refused | refused | refused |

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;
use std::sync::MutexGuard;
use std::thread;
use std::time::{Duration, Instant};

use crochet::{Error, EventualResult, JobState, Reactor};

use crate::support::{Gate, LONG, Probe, endless, held, hog, limit, settle, thread_of, until};

const SHORT: Duration = Duration::from_millis(20);

/// What `join` panics with.
fn panic_of<T, E: From<Error> + fmt::Debug>(job: EventualResult<T, E>) -> Box<dyn std::any::Any> {
    let joined = panic::catch_unwind(AssertUnwindSafe(|| job.join(LONG).map(drop)));
    joined.expect_err("the job did not panic")
}

#[test]
fn into_result_gives_the_value_itself() {
    let _limit = limit(LONG);
    /// Neither `Clone` nor `Sync`.
    struct Page(Cell<u32>);
    let reactor = Reactor::new().unwrap();
    let job = reactor.run_in_reactor(|| async { Ok::<_, Error>(Page(Cell::new(7))) });
    let Page(number) = job.into_result(LONG).unwrap();
    assert_eq!(number.into_inner(), 7);
}

#[test]
fn into_result_after_a_wait_gives_what_the_wait_showed() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let job = reactor.run_in_reactor(|| async { Ok::<_, Error>(Box::new(7)) });
    let shown = std::ptr::from_ref::<i32>(job.wait(LONG).unwrap()).addr();
    let taken = job.into_result(Duration::ZERO).unwrap();
    assert_eq!(std::ptr::from_ref::<i32>(&taken).addr(), shown);
}

#[test]
fn into_result_gives_the_error_itself() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let job = reactor.run_in_reactor(|| async { Err::<(), _>(Cell::new(7)) });
    match job.into_result(LONG) {
        Err(Error::Job(number)) => assert_eq!(number.into_inner(), 7),
        other => panic!("{other:?}"),
    }
}

#[test]
fn into_result_waits_for_a_job_that_is_not_done() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (leash, job) = held(&reactor, Ok::<_, Error>(7));
    let waiter = thread::spawn(move || job.into_result(Duration::MAX));
    leash.release();
    assert_eq!(waiter.join().unwrap().unwrap(), 7);
}

#[test]
fn into_result_that_is_late_cancels_the_job_whose_future_is_dropped_on_the_reactor_thread() {
    let _limit = limit(LONG);
    let (reactor, drops) = (Reactor::new().unwrap(), Probe::new());
    let job = endless(&reactor, drops.witness());
    let start = Instant::now();
    match job.into_result(SHORT) {
        Err(Error::TimedOut(why)) => assert_eq!(why.job(), JobState::Waiting),
        other => panic!("{other:?}"),
    }
    assert!(start.elapsed() >= SHORT);
    until(|| drops.count() == 1);
    assert_eq!(drops.threads(), [thread_of(&reactor)]);
}

#[test]
fn into_result_that_is_late_does_not_wait_for_a_job_that_holds_the_reactor() {
    let _limit = limit(LONG);
    let (reactor, drops) = (Reactor::new().unwrap(), Probe::new());
    let hog = hog(&reactor);
    let witness = drops.witness();
    let job = reactor.run_in_reactor(move || async move {
        drop(witness);
        Ok::<_, Error>(())
    });
    assert!(job.into_result(SHORT).unwrap_err().is_timeout());
    assert_eq!(drops.count(), 0);
    hog.release();
    until(|| drops.count() == 1);
}

#[test]
fn join_is_late_in_time_even_if_the_job_itself_holds_the_reactor() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (started, release) = (Gate::new(), Gate::new());
    let line = line!() + 1;
    let job = reactor.run_in_reactor({
        let (started, release) = (started.clone(), release.clone());
        move || async move {
            started.open();
            release.pass();
            Ok::<_, Error>(())
        }
    });
    started.pass();
    match job.join(SHORT) {
        Err(Error::TimedOut(why)) => {
            assert_eq!(why.job(), JobState::Running);
            assert_eq!(why.blocked_by().unwrap().location().line(), line);
        }
        other => panic!("{other:?}"),
    }
    release.open();
    settle(&reactor);
}

#[test]
fn into_result_with_a_zero_timeout_takes_what_is_there() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let job = reactor.run_in_reactor(|| async { Ok::<_, Error>(7) });
    job.wait(LONG).unwrap();
    assert_eq!(job.into_result(Duration::ZERO).unwrap(), 7);
    let never = endless(&reactor, ());
    assert!(never.into_result(Duration::ZERO).unwrap_err().is_timeout());
}

#[test]
fn into_result_on_the_reactor_thread_is_refused_and_the_job_does_not_run_on() {
    let _limit = limit(LONG);
    let (reactor, drops) = (Reactor::new().unwrap(), Probe::new());
    let pending = endless(&reactor, drops.witness());
    let done = reactor.run_in_reactor(|| async { Ok::<_, Error>(()) });
    done.wait(LONG).unwrap();
    let refused = reactor.wait_for(LONG, async move {
        Ok::<_, Error>([pending, done].map(|job| job.into_result(LONG).unwrap_err()))
    });
    assert!(matches!(refused.unwrap(), [Error::OnReactorThread, Error::OnReactorThread]));
    until(|| drops.count() == 1);
}

#[test]
fn into_result_tells_a_cancelled_job_from_a_stopped_one_and_a_panicked_one() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let cancelled = endless(&reactor, ());
    cancelled.cancel();
    assert!(cancelled.into_result(LONG).unwrap_err().is_cancelled());
    let panicked = reactor.run_in_reactor(|| async {
        if true {
            panic!("out of yarn");
        }
        Ok::<_, Error>(())
    });
    match panicked.into_result(LONG) {
        Err(Error::Panicked(panic)) => assert_eq!(panic.message(), Some("out of yarn")),
        other => panic!("{other:?}"),
    }
    let stopped = endless(&reactor, ());
    reactor.shutdown(LONG).unwrap();
    assert!(stopped.into_result(LONG).unwrap_err().is_reactor_stopped());
}

#[test]
fn join_gives_the_value_or_the_jobs_own_error() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let ok: io::Result<i32> = reactor.run_in_reactor(|| async { Ok(7) }).join(LONG);
    assert_eq!(ok.unwrap(), 7);
    let not_found = || async { Err::<(), _>(io::Error::from(io::ErrorKind::NotFound)) };
    let err: io::Result<()> = reactor.run_in_reactor(not_found).join(LONG);
    assert_eq!(err.unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[test]
fn join_makes_every_failure_of_the_crate_one_of_the_jobs() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let joined = |job: EventualResult<(), io::Error>, timeout| {
        let error = job.join(timeout).unwrap_err();
        let inner = error.get_ref().unwrap().downcast_ref::<Error>().unwrap().clone();
        (error.kind(), inner)
    };
    let start = || held(&reactor, Ok::<(), io::Error>(()));

    let (_leash, late) = start();
    let (kind, inner) = joined(late, SHORT);
    assert!(kind == io::ErrorKind::TimedOut && inner.is_timeout(), "{inner:?}");

    let (_leash, cancelled) = start();
    cancelled.cancel();
    let (kind, inner) = joined(cancelled, LONG);
    assert!(kind == io::ErrorKind::Other && inner.is_cancelled(), "{inner:?}");

    let (_leash, refused) = start();
    let refused = reactor.wait_for(LONG, async { Ok::<_, Error>(joined(refused, LONG)) });
    let (kind, inner) = refused.unwrap();
    assert_eq!(kind, io::ErrorKind::Deadlock);
    assert!(matches!(inner, Error::OnReactorThread), "{inner:?}");

    let (_leash, stopped) = start();
    reactor.shutdown(LONG).unwrap();
    let (kind, inner) = joined(stopped, LONG);
    assert!(kind == io::ErrorKind::Other && inner.is_reactor_stopped(), "{inner:?}");
}

#[test]
fn join_that_is_late_cancels_the_job() {
    let _limit = limit(LONG);
    let (reactor, drops) = (Reactor::new().unwrap(), Probe::new());
    let job = endless(&reactor, drops.witness());
    assert!(job.join(SHORT).unwrap_err().is_timeout());
    until(|| drops.count() == 1);
    assert_eq!(drops.threads(), [thread_of(&reactor)]);
}

#[test]
fn join_goes_on_with_the_jobs_panic_payload_included() {
    let _limit = limit(LONG);
    #[derive(Debug, PartialEq)]
    struct NoString(u32);
    let reactor = Reactor::new().unwrap();
    let job = reactor.run_in_reactor(|| async {
        if true {
            panic::panic_any(NoString(7));
        }
        Ok::<_, Error>(())
    });
    assert_eq!(panic_of(job).downcast_ref(), Some(&NoString(7)));

    let job: EventualResult<()> = reactor.run_in_reactor(|| async { panic!("out of yarn") });
    assert_eq!(panic_of(job).downcast_ref(), Some(&"out of yarn"));

    let owned = || async { panic::panic_any(String::from("no yarn left")) };
    let job: EventualResult<()> = reactor.run_in_reactor(owned);
    assert_eq!(panic_of(job).downcast_ref(), Some(&String::from("no yarn left")));
}

#[test]
fn join_has_the_payload_even_if_a_wait_has_shown_the_panic_before() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let job: EventualResult<()> = reactor.run_in_reactor(|| async { panic::panic_any(7_u8) });
    assert!(job.wait(LONG).unwrap_err().is_panic());
    assert!(job.original_failure().unwrap().is_panic());
    assert_eq!(panic_of(job).downcast_ref(), Some(&7_u8));
}

#[test]
fn a_result_need_only_be_send() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let ok = reactor.run_in_reactor(|| async { Ok::<_, Cell<u8>>(RefCell::new(1)) });
    assert_eq!(*ok.wait(LONG).unwrap().borrow(), 1);
    assert_eq!(ok.into_result(LONG).unwrap().into_inner(), 1);
    let err = reactor.run_in_reactor(|| async { Err::<Cell<u8>, _>(RefCell::new(2)) });
    match err.wait(LONG) {
        Err(Error::Job(number)) => assert_eq!(*number.borrow(), 2),
        other => panic!("{other:?}"),
    }
}

/// Tells of a type whether it has a trait: the inherent constant goes before that of `Otherwise`,
/// where its bound is met.
struct Is<T>(PhantomData<T>);

trait Otherwise {
    const SEND: bool = false;
    const SYNC: bool = false;
}

impl<T> Otherwise for Is<T> {}

impl<T: Send> Is<T> {
    const SEND: bool = true;
}

impl<T: Sync> Is<T> {
    const SYNC: bool = true;
}

/// `Sync`, and not `Send`.
type OnlySync = MutexGuard<'static, ()>;

#[test]
fn a_handle_is_send_if_its_result_is() {
    const {
        assert!(Is::<EventualResult<u8, u8>>::SEND);
        assert!(Is::<EventualResult<Cell<u8>, Cell<u8>>>::SEND);
        assert!(!Is::<EventualResult<Rc<u8>, u8>>::SEND);
        assert!(!Is::<EventualResult<u8, Rc<u8>>>::SEND);
        assert!(!Is::<EventualResult<OnlySync, u8>>::SEND);
    }
}

#[test]
fn a_handle_is_sync_if_its_result_is_send_and_sync() {
    const {
        assert!(Is::<EventualResult<u8, u8>>::SYNC);
        assert!(!Is::<EventualResult<Cell<u8>, u8>>::SYNC);
        assert!(!Is::<EventualResult<u8, Cell<u8>>>::SYNC);
        assert!(!Is::<EventualResult<OnlySync, u8>>::SYNC);
        assert!(!Is::<EventualResult<u8, OnlySync>>::SYNC);
    }
}
