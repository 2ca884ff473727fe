//! Cancelling a job.
//!
//! | | queued | running | waiting | done: ok, err | panicked | cancelled | stopped |
//! |---|---|---|---|---|---|---|---|
//! | `cancel`, then `wait` | `Cancelled` | what this poll makes of it | `Cancelled` | as it is | as it is | `Cancelled` | as it is |
//! | the closure | dropped uncalled | – | – | – | – | – | – |
//! | the future | – | dropped after this poll | dropped | – | – | – | – |
//!
//! All of that happens on the reactor thread, and the outcome is known only after it. `cancel`
//! itself never waits. What a panicking `Drop` makes of it is in `panics.rs`.

use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use crochet::{Error, EventualResult, JobState, Reactor};

use crate::support::{Gate, LONG, Probe, endless, held, hog, limit, settle, thread_of, until};

const SHORT: Duration = Duration::from_millis(20);

#[test]
fn a_queued_job_is_never_called_and_its_closure_is_dropped_on_the_reactor_thread() {
    let _limit = limit(LONG);
    let (reactor, drops) = (Reactor::new().unwrap(), Probe::new());
    let called = Arc::new(AtomicBool::new(false));
    let hog = hog(&reactor);
    let job = reactor.run_in_reactor({
        let (witness, called) = (drops.witness(), Arc::clone(&called));
        move || {
            called.store(true, Ordering::Release);
            async move {
                let _witness = witness;
                Ok::<_, Error>(())
            }
        }
    });
    job.cancel();
    // The reactor is held, so neither can have happened yet.
    assert_eq!(drops.count(), 0);
    match job.wait(SHORT) {
        Err(Error::TimedOut(why)) => assert_eq!(why.job(), JobState::Queued),
        other => panic!("{other:?}"),
    }
    hog.release();
    assert!(job.wait(LONG).unwrap_err().is_cancelled());
    assert_eq!(drops.threads(), [thread_of(&reactor)]);
    assert!(!called.load(Ordering::Acquire));
}

#[test]
fn a_waiting_jobs_future_is_dropped_on_the_reactor_thread() {
    let _limit = limit(LONG);
    let (reactor, drops) = (Reactor::new().unwrap(), Probe::new());
    let job = endless(&reactor, drops.witness());
    assert_eq!(drops.count(), 0);
    job.cancel();
    assert!(job.wait(LONG).unwrap_err().is_cancelled());
    assert_eq!(drops.threads(), [thread_of(&reactor)]);
}

/// Cancels a job that is inside `poll`, and lets the poll return `poll`.
fn cancelled_inside_poll(poll: Poll<Result<u8, &'static str>>) -> EventualResult<u8, &'static str> {
    let reactor = Reactor::new().unwrap();
    let (inside, go_on) = (Gate::new(), Gate::new());
    let job = reactor.run_in_reactor({
        let (inside, go_on) = (inside.clone(), go_on.clone());
        move || {
            poll_fn(move |_| {
                inside.open();
                go_on.pass();
                poll
            })
        }
    });
    inside.pass();
    job.cancel();
    assert!(!job.is_finished());
    go_on.open();
    let _ = job.wait(LONG);
    job
}

#[test]
fn a_job_that_ends_in_the_poll_it_is_in_keeps_its_result() {
    let _limit = limit(LONG);
    let job = cancelled_inside_poll(Poll::Ready(Ok(7)));
    assert_eq!(job.into_result(LONG).unwrap(), 7);
    let job = cancelled_inside_poll(Poll::Ready(Err("no luck")));
    assert!(matches!(job.into_result(LONG), Err(Error::Job("no luck"))));
}

#[test]
fn a_job_that_does_not_end_in_the_poll_it_is_in_is_cancelled_after_it() {
    let _limit = limit(LONG);
    let job = cancelled_inside_poll(Poll::Pending);
    assert!(job.into_result(LONG).unwrap_err().is_cancelled());
}

#[test]
fn a_job_that_is_cancelled_inside_a_later_poll_keeps_its_result_or_is_dropped_after_it() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for ready in [true, false] {
        let (send, woken) = async_channel::bounded::<()>(1);
        let (inside, go_on) = (Gate::new(), Gate::new());
        let job = reactor.run_in_reactor({
            let (inside, go_on) = (inside.clone(), go_on.clone());
            move || async move {
                woken.recv().await.unwrap();
                inside.open();
                go_on.pass();
                if ready { Ok::<_, Error>(7) } else { pending().await }
            }
        });
        settle(&reactor);
        send.try_send(()).unwrap();
        inside.pass();
        job.cancel();
        go_on.open();
        match job.into_result(LONG) {
            Ok(7) => assert!(ready),
            Err(Error::Cancelled) => assert!(!ready),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_job_that_has_ended_keeps_its_outcome() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let ok = reactor.run_in_reactor(|| async { Ok::<_, &str>(7) });
    let err = reactor.run_in_reactor(|| async { Err::<u8, _>("no luck") });
    let panicked = reactor.run_in_reactor(|| async { panic!("out of yarn") });
    settle(&reactor);
    let other = Reactor::new().unwrap();
    let (_leash, stopped) = held(&other, Ok::<_, &str>(7));
    other.shutdown(LONG).unwrap();
    for job in [&ok, &err, &panicked, &stopped] {
        assert!(job.is_finished());
        job.cancel();
    }
    settle(&reactor);
    assert_eq!(ok.into_result(LONG).unwrap(), 7);
    assert!(matches!(err.into_result(LONG), Err(Error::Job("no luck"))));
    assert!(panicked.into_result(LONG).unwrap_err().is_panic());
    assert!(stopped.into_result(LONG).unwrap_err().is_reactor_stopped());
}

#[test]
fn a_job_that_is_cancelled_before_the_reactor_stops_is_cancelled_not_stopped() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let forever = || reactor.run_in_reactor(pending::<Result<(), Error>>);
    let [waiting, waiting_too] = [forever(), forever()];
    // When the hog holds the thread, the jobs before it have been begun.
    let hog = hog(&reactor);
    let queued = forever();
    waiting.cancel();
    queued.cancel();
    assert!(reactor.shutdown(Duration::ZERO).unwrap_err().is_timeout());
    hog.release();
    assert!(waiting.wait(LONG).unwrap_err().is_cancelled());
    assert!(queued.wait(LONG).unwrap_err().is_cancelled());
    assert!(waiting_too.wait(LONG).unwrap_err().is_reactor_stopped());
}

#[test]
fn cancelling_twice_is_cancelling_once() {
    let _limit = limit(LONG);
    let (reactor, drops) = (Reactor::new().unwrap(), Probe::new());
    let job = endless(&reactor, drops.witness());
    for _ in 0..3 {
        job.cancel();
    }
    assert!(job.wait(LONG).unwrap_err().is_cancelled());
    job.cancel();
    assert!(job.wait(LONG).unwrap_err().is_cancelled());
    assert_eq!(drops.count(), 1);
}

#[test]
fn cancel_does_not_wait_for_the_reactor() {
    let _limit = limit(LONG);
    let (reactor, drops) = (Reactor::new().unwrap(), Probe::new());
    let waiting = endless(&reactor, drops.witness());
    let hog = hog(&reactor);
    // It would hang here: the reactor is released by this thread.
    waiting.cancel();
    hog.job.cancel();
    assert!(!waiting.is_finished());
    assert_eq!(drops.count(), 0);
    hog.release();
    assert!(waiting.wait(LONG).unwrap_err().is_cancelled());
}

/// Takes its time to be dropped, and notes when it has been.
struct SlowDrop {
    dropping: Gate,
    go_on: Gate,
    dropped: Arc<AtomicBool>,
}

impl Drop for SlowDrop {
    fn drop(&mut self) {
        self.dropping.open();
        self.go_on.pass();
        self.dropped.store(true, Ordering::Release);
    }
}

#[test]
fn a_job_is_cancelled_only_when_its_future_has_been_dropped() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (dropping, go_on) = (Gate::new(), Gate::new());
    let dropped = Arc::new(AtomicBool::new(false));
    let slow = SlowDrop {
        dropping: dropping.clone(),
        go_on: go_on.clone(),
        dropped: Arc::clone(&dropped),
    };
    let job = endless(&reactor, slow);
    job.cancel();
    dropping.pass();
    assert!(job.wait(SHORT).unwrap_err().is_timeout());
    assert!(!job.is_finished());
    go_on.open();
    assert!(job.wait(LONG).unwrap_err().is_cancelled());
    assert!(dropped.load(Ordering::Acquire));
}

#[test]
fn a_wait_that_was_there_before_sees_the_cancellation() {
    let _limit = limit(LONG);
    let (reactor, drops) = (Reactor::new().unwrap(), Probe::new());
    let job = endless(&reactor, drops.witness());
    thread::scope(|scope| {
        let waiters: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| (job.wait(Duration::MAX).unwrap_err(), drops.count())))
            .collect();
        job.cancel();
        for waiter in waiters {
            let (error, dropped_by_then) = waiter.join().unwrap();
            assert!(error.is_cancelled());
            assert_eq!(dropped_by_then, 1);
        }
    });
}

#[test]
fn many_threads_may_cancel_one_job() {
    let _limit = limit(LONG);
    let (reactor, drops) = (Reactor::new().unwrap(), Probe::new());
    for round in 1..=200 {
        let job = reactor.run_in_reactor({
            let witness = drops.witness();
            move || async move {
                let _witness = witness;
                pending::<Result<(), Error>>().await
            }
        });
        let together = Barrier::new(8);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    together.wait();
                    job.cancel();
                });
            }
        });
        assert!(job.wait(LONG).unwrap_err().is_cancelled());
        assert_eq!(drops.count(), round);
    }
}

#[test]
fn a_job_may_be_cancelled_on_its_own_reactor_thread() {
    let _limit = limit(LONG);
    let (reactor, drops) = (Reactor::new().unwrap(), Probe::new());
    let job = endless(&reactor, drops.witness());
    let by_another_job = async {
        job.cancel();
        Ok::<_, Error>(drops.count())
    };
    assert_eq!(reactor.wait_for(LONG, by_another_job).unwrap(), 0, "not inside `cancel`");
    assert!(job.wait(LONG).unwrap_err().is_cancelled());
}

#[test]
fn a_cancelled_job_is_dropped_even_if_its_handle_is_gone() {
    let _limit = limit(LONG);
    let (reactor, drops) = (Reactor::new().unwrap(), Probe::new());
    let job = endless(&reactor, drops.witness());
    job.cancel();
    drop(job);
    until(|| drops.count() == 1);
    assert_eq!(drops.threads(), [thread_of(&reactor)]);
}
