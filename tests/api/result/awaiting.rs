//! Awaiting a job's handle.
//!
//! | | queued, running, waiting | done: ok | done: err | panicked | cancelled | stopped |
//! |---|---|---|---|---|---|---|
//! | `poll` | `Pending`; woken at the end, once | `T` | `Job(E)` | `Panicked` | `Cancelled` | `ReactorStopped` |
//! | `poll` again after that | – | panics | panics | panics | panics | panics |
//! | drop of the future | the job runs on | value dropped | logged | logged | – | – |
//!
//! The logged ones are in `job/unseen.rs`, and wakers that misbehave in `job/harmless.rs`.

use std::cell::Cell;
use std::future::{Future, IntoFuture, pending};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use crochet::{Error, EventualResult, Reactor};
use futures_lite::future::{block_on, or, poll_once, yield_now, zip};

use crate::support::{Gate, LONG, Probe, endless, held, limit, settle, thread_of, until};

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Wakes {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

#[test]
fn a_job_is_awaited_on_its_own_reactor() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (leash, part) = held(&reactor, Ok::<_, Error>(20));
    let whole = reactor.run_in_reactor(|| async {
        // Not `Send`, across the await.
        let one = Rc::new(Cell::new(1));
        Ok::<_, Error<Error>>(part.await? + one.get())
    });
    settle(&reactor);
    assert!(!whole.is_finished());
    leash.release();
    assert_eq!(whole.into_result(LONG).unwrap(), 21);
}

#[test]
fn a_job_is_awaited_inside_wait_for() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let twenty = reactor.run_in_reactor(|| async {
        yield_now().await;
        Ok::<_, Error>(20)
    });
    let whole = reactor.wait_for(LONG, async { Ok::<_, Error>(twenty.await.unwrap() + 1) });
    assert_eq!(whole.unwrap(), 21);
}

#[test]
fn a_job_is_awaited_on_another_reactor() {
    let _limit = limit(LONG);
    let (reactor, other) = (Reactor::new().unwrap(), Reactor::new().unwrap());
    let (leash, part) = held(&reactor, Ok::<_, Error>(thread_of(&reactor)));
    let whole = other.run_in_reactor(|| async {
        let there = part.await.map_err(Error::flatten)?;
        Ok::<_, Error>((there, thread::current().id()))
    });
    settle(&other);
    leash.release();
    assert_eq!(whole.into_result(LONG).unwrap(), (thread_of(&reactor), thread_of(&other)));
}

#[test]
fn a_job_is_awaited_on_a_foreign_executor() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (leash, job) = held(&reactor, Ok::<_, Error>(7));
    let here = thread::spawn(move || block_on(async { job.await }));
    leash.release();
    assert_eq!(here.join().unwrap().unwrap(), 7);
    let job = reactor.run_in_reactor(|| async { Ok::<_, Error>(7) });
    assert_eq!(async_io::block_on(job.into_future()).unwrap(), 7);
}

#[test]
fn jobs_are_awaited_together() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (first_leash, first) = held(&reactor, Ok::<_, Error>(1));
    let (second_leash, second) = held(&reactor, Ok::<_, Error>(2));
    second_leash.release();
    let both = thread::spawn(|| block_on(zip(first.into_future(), second.into_future())));
    first_leash.release();
    let (first, second) = both.join().unwrap();
    assert_eq!((first.unwrap(), second.unwrap()), (1, 2));
}

#[test]
fn in_a_race_of_two_the_loser_runs_on() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let drops = Probe::new();
    let (slow_leash, slow) = held(&reactor, Ok::<_, Error>(Some(drops.witness())));
    let (fast_leash, fast) = held(&reactor, Ok::<_, Error>(None));
    fast_leash.release();
    let winner = block_on(or(slow.into_future(), fast.into_future()));
    assert!(winner.unwrap().is_none());
    settle(&reactor);
    assert_eq!(drops.count(), 0, "the slow job is still there");
    slow_leash.release();
    until(|| drops.count() == 1);
}

#[test]
fn every_outcome_can_be_awaited() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let ok = reactor.run_in_reactor(|| async { Ok::<_, Error>(7) });
    assert_eq!(block_on(ok.into_future()).unwrap(), 7);
    let err = reactor.run_in_reactor(|| async { Err::<(), _>("no luck") });
    assert!(matches!(block_on(err.into_future()), Err(Error::Job("no luck"))));
    let panicked: EventualResult<()> = reactor.run_in_reactor(|| async { panic!("out of yarn") });
    match block_on(panicked.into_future()) {
        Err(Error::Panicked(panic)) => assert_eq!(panic.message(), Some("out of yarn")),
        other => panic!("{other:?}"),
    }
    let cancelled = endless(&reactor, ());
    cancelled.cancel();
    assert!(block_on(cancelled.into_future()).unwrap_err().is_cancelled());
    let stopped = endless(&reactor, ());
    let waiter = thread::spawn(|| block_on(stopped.into_future()));
    reactor.shutdown(LONG).unwrap();
    assert!(waiter.join().unwrap().unwrap_err().is_reactor_stopped());
}

#[test]
fn a_result_that_was_seen_can_be_awaited_still() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let job = reactor.run_in_reactor(|| async { Ok::<_, Error>(String::from("a page")) });
    assert_eq!(job.wait(LONG).unwrap(), "a page");
    assert_eq!(block_on(job.into_future()).unwrap(), "a page");
}

#[test]
fn the_awaiting_task_is_woken_once_at_the_end_and_not_before() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    let (leash, job) = held(&reactor, Ok::<_, Error>(7));
    let mut future = pin!(job.into_future());
    for _ in 0..3 {
        assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    settle(&reactor);
    assert_eq!(wakes.count(), 0);
    leash.release();
    until(|| wakes.count() > 0);
    settle(&reactor);
    assert_eq!(wakes.count(), 1);
    match future.as_mut().poll(&mut Context::from_waker(&waker)) {
        Poll::Ready(Ok(7)) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(wakes.count(), 1);
}

#[test]
fn only_the_task_that_polled_last_is_woken() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (first, last) = (Arc::new(Wakes::default()), Arc::new(Wakes::default()));
    let (leash, job) = held(&reactor, Ok::<_, Error>(7));
    let mut future = pin!(job.into_future());
    for wakes in [&first, &last] {
        let waker = Waker::from(Arc::clone(wakes));
        assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    leash.release();
    until(|| last.count() > 0);
    settle(&reactor);
    assert_eq!((first.count(), last.count()), (0, 1));
    assert_eq!(block_on(future).unwrap(), 7);
}

#[test]
fn a_job_that_is_done_is_ready_at_the_first_poll() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let job = reactor.run_in_reactor(|| async { Ok::<_, Error>(7) });
    settle(&reactor);
    assert_eq!(block_on(poll_once(job.into_future())).unwrap().unwrap(), 7);
}

#[test]
#[should_panic(expected = "`EventualFuture` polled after completion")]
fn a_poll_after_completion_panics() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let job = reactor.run_in_reactor(|| async { Ok::<_, Error>(7) });
    let mut future = pin!(job.into_future());
    assert_eq!(block_on(future.as_mut()).unwrap(), 7);
    let _ = block_on(poll_once(future));
}

#[test]
fn a_future_that_is_dropped_lets_the_job_run_on() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for polled in [false, true] {
        let (drops, ended) = (Probe::new(), Gate::new());
        let (send, woken) = async_channel::bounded::<()>(1);
        let job = reactor.run_in_reactor({
            let (witness, ended) = (drops.witness(), ended.clone());
            move || async move {
                woken.recv().await.unwrap();
                ended.open();
                Ok::<_, Error>(witness)
            }
        });
        let mut future = job.into_future();
        if polled {
            assert!(block_on(poll_once(&mut future)).is_none());
        }
        drop(future);
        settle(&reactor);
        assert_eq!(drops.count(), 0);
        send.try_send(()).unwrap();
        ended.pass();
        until(|| drops.count() == 1);
    }
}

#[test]
fn a_future_that_is_dropped_lets_go_of_its_task() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    let (leash, job) = held(&reactor, Ok::<_, Error>(7));
    let mut future = Box::pin(job.into_future());
    assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    drop((future, waker));
    assert_eq!(Arc::strong_count(&wakes), 1);
    leash.release();
    settle(&reactor);
    settle(&reactor);
    assert_eq!(wakes.count(), 0);
}

#[test]
fn a_job_that_awaits_another_may_be_cancelled_without_it() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let drops = Probe::new();
    let part = endless(&reactor, drops.witness());
    let whole = reactor.run_in_reactor(|| async { part.await.map_err(Error::flatten) });
    settle(&reactor);
    whole.cancel();
    assert!(whole.wait(LONG).unwrap_err().is_cancelled());
    settle(&reactor);
    assert_eq!(drops.count(), 0, "the inner job runs on");
    reactor.shutdown(LONG).unwrap();
    assert_eq!(drops.count(), 1);
}

#[test]
fn jobs_that_await_each_other_across_reactors_are_all_stopped() {
    let _limit = limit(LONG);
    let (reactor, other) = (Reactor::new().unwrap(), Reactor::new().unwrap());
    let inner = reactor.run_in_reactor(pending::<Result<(), Error>>);
    let outer = other.run_in_reactor(|| async { inner.await });
    settle(&other);
    reactor.shutdown(LONG).unwrap();
    assert!(matches!(outer.wait(LONG), Err(Error::Job(Error::ReactorStopped))));
}
