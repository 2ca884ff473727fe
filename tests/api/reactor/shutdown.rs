//! What a shutdown does to jobs: each is dropped once, on the reactor thread, in the order of
//! submission. The tests of the global reactor have a process of their own.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread::{self};
use std::time::Duration;

use crate::support::{
    LONG, OnDrop, endless, here, hog, limit, never, own_process, settle, thread_of, until,
};
use crochet::{Error, EventualResult, Reactor};

type Job<T = ()> = EventualResult<T, Error>;

#[test]
fn jobs_are_dropped_in_the_order_of_submission() {
    const JOBS: usize = 1000;
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (dropped, order) = mpsc::channel();
    let submit = |i: usize| {
        let dropped = dropped.clone();
        reactor.run_in_reactor(never(OnDrop(move || dropped.send(i).unwrap())))
    };
    // Half of them have a task, the other half are in the queue; and places of tasks are used
    // again.
    let mut jobs: Vec<_> = (0..JOBS / 2).map(submit).collect();
    for i in (0..JOBS / 2).step_by(3) {
        jobs[i].cancel();
        assert!(jobs[i].wait(LONG).unwrap_err().is_cancelled());
    }
    let cancelled = order.try_iter().count();
    jobs.extend((JOBS / 2..JOBS * 3 / 4).map(submit));
    settle(&reactor);
    let hog = hog(&reactor);
    jobs.extend((JOBS * 3 / 4..JOBS).map(submit));
    assert!(reactor.shutdown(Duration::ZERO).unwrap_err().is_timeout());
    hog.release();
    reactor.shutdown(LONG).unwrap();

    let order: Vec<_> = order.try_iter().collect();
    assert_eq!(order.len() + cancelled, JOBS);
    assert!(order.is_sorted(), "{order:?}");
}

#[test]
fn a_drop_may_submit_jobs_which_are_refused() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (send, receive) = mpsc::channel();
    let inner = reactor.clone();
    let job = endless(
        &reactor,
        OnDrop(move || {
            let new: Job = inner.run_in_reactor(|| async { unreachable!("it is stopping") });
            let waited: Result<(), Error> = inner.wait_for(LONG, async { unreachable!() });
            send.send((new, waited)).unwrap();
        }),
    );
    reactor.shutdown(LONG).unwrap();
    assert!(job.wait(LONG).unwrap_err().is_reactor_stopped());
    let (new, waited) = receive.recv().unwrap();
    assert!(new.wait(LONG).unwrap_err().is_reactor_stopped());
    assert!(matches!(waited, Err(Error::OnReactorThread)), "{waited:?}");
}

/// Shares its waker, and never ends.
struct Shares(Arc<Mutex<Option<Waker>>>);

impl Future for Shares {
    type Output = Result<(), Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        *self.0.lock().unwrap() = Some(cx.waker().clone());
        Poll::Pending
    }
}

#[test]
fn a_drop_may_wake_other_jobs_which_are_not_polled_again() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let shared = Arc::new(Mutex::new(None::<Waker>));
    let (one, other) = (Arc::clone(&shared), Arc::clone(&shared));
    let wakes = move || one.lock().unwrap().take().unwrap().wake();
    // One before the other, one after it.
    let before = reactor.run_in_reactor(never(OnDrop(wakes.clone())));
    let woken: Job = reactor.run_in_reactor(move || Shares(other));
    let one = Arc::clone(&shared);
    let after = reactor.run_in_reactor(never(OnDrop(move || {
        assert!(one.lock().unwrap().is_none(), "it was polled again");
    })));
    settle(&reactor);
    until(|| shared.lock().unwrap().is_some());
    reactor.shutdown(LONG).unwrap();
    for job in [before, woken, after] {
        assert!(job.wait(LONG).unwrap_err().is_reactor_stopped());
    }
}

#[test]
fn the_global_shutdown_drops_jobs_on_the_reactor_thread_and_frees_waiters() {
    own_process!();
    let reactor = Reactor::global().unwrap();
    let id = thread_of(&reactor);
    let (send, receive) = mpsc::channel();
    let job = reactor.run_in_reactor(never(OnDrop(move || send.send(here()).unwrap())));
    thread::scope(|scope| {
        let waits = scope.spawn(|| job.wait(LONG).unwrap_err().is_reactor_stopped());
        settle(&reactor);
        crochet::shutdown(LONG).unwrap();
        assert!(waits.join().unwrap());
    });
    assert_eq!(receive.try_recv(), Ok(id));
    // A handle to the old one does not start a fresh one; the functions do.
    let old: Result<(), Error> = reactor.wait_for(LONG, async { Ok(()) });
    assert!(old.unwrap_err().is_reactor_stopped());
    assert_ne!(thread_of(&Reactor::global().unwrap()), id);
}

#[test]
fn the_global_shutdown_without_a_reactor_does_nothing_and_twice_is_fine() {
    own_process!();
    crochet::shutdown(Duration::ZERO).unwrap();
    crochet::setup().unwrap();
    crochet::shutdown(LONG).unwrap();
    crochet::shutdown(LONG).unwrap();
}

#[test]
fn the_global_shutdown_from_a_job_only_asks() {
    own_process!();
    let job: Job<_> = crochet::run_in_reactor(|| async {
        crochet::shutdown(LONG).unwrap();
        let refused: Job = crochet::run_in_reactor(|| async { Ok(()) });
        Ok(refused.await.is_err_and(|error| error.is_reactor_stopped()))
    });
    assert!(job.join(LONG).unwrap());
    crochet::shutdown(LONG).unwrap();
    let fresh: Result<_, Error> = crochet::wait_for(LONG, async { Ok(4) });
    assert_eq!(fresh.unwrap(), 4);
}

#[test]
fn after_a_global_shutdown_that_timed_out_a_fresh_reactor_works() {
    own_process!();
    let old = Reactor::global().unwrap();
    let hog = hog(&old);
    let Err(Error::TimedOut(why)) = crochet::shutdown(Duration::from_millis(20)) else {
        panic!("it was held")
    };
    assert_eq!(why.blocked_by().unwrap().location(), hog.location);

    let fresh: Result<_, Error> = crochet::wait_for(LONG, async { Ok(thread::current().id()) });
    let fresh = fresh.unwrap();
    hog.release();
    old.shutdown(LONG).unwrap();
    // That the old one ended has not touched the fresh one.
    assert_eq!(thread_of(&Reactor::global().unwrap()), fresh);
    crochet::shutdown(LONG).unwrap();
}

#[test]
fn a_setup_beside_a_shutdown_under_way_starts_a_fresh_reactor() {
    own_process!();
    let old = Reactor::global().unwrap();
    let hog = hog(&old);
    thread::scope(|scope| {
        let stops = scope.spawn(|| crochet::shutdown(LONG));
        // Jobs are refused while it is under way, and start nothing behind its back.
        until(|| {
            let job: Job = crochet::run_in_reactor(|| async { Ok(()) });
            job.try_wait().is_some_and(|outcome| outcome.is_err_and(|e| e.is_reactor_stopped()))
        });
        crochet::setup().unwrap();
        let fresh = thread_of(&Reactor::global().unwrap());
        hog.release();
        stops.join().unwrap().unwrap();
        // The shutdown was the old one's.
        assert_eq!(thread_of(&Reactor::global().unwrap()), fresh);
    });
}
