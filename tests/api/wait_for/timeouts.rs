//! `wait_for` at its timeout: the future is dropped on the caller's thread, whatever the reactor is
//! doing, and the error says what that was.
//!
//! | at the deadline the job is | the reactor thread is | the call returns |
//! |---|---|---|
//! | queued | held by another job | at once: `TimedOut`, `Queued`, blocked by that job |
//! | waiting | free | at once: `TimedOut`, `Waiting` |
//! | waiting | held by another job | at once: `TimedOut`, `Waiting`, blocked by that job |
//! | inside `poll`, pending | held by the job itself | after that poll: `TimedOut`, `Running` |
//! | inside `poll`, ready | held by the job itself | after that poll: the result |

use std::future;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use crochet::{Error, JobState, Reactor, TimedOut};
use futures_lite::future::yield_now;

use crate::support::{Gate, LONG, OnDrop, Probe, here, hog, limit, thread_of};

/// Long enough for a job to be begun, on a busy machine.
const SHORT: Duration = Duration::from_millis(100);

#[track_caller]
fn timed_out<T>(result: Result<T, Error>) -> TimedOut {
    match result {
        Err(Error::TimedOut(why)) => why,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it was in time"),
    }
}

#[test]
fn the_future_is_dropped_on_the_callers_thread_before_the_call_returns() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let trace = Probe::new();
    let start = Instant::now();
    let why = timed_out(reactor.wait_for(SHORT, trace.pending::<(), Error>()));
    assert!(start.elapsed() >= SHORT);
    assert_eq!(trace.threads(), [here()]);
    assert!(why.waited() >= SHORT);
    assert_eq!(why.job(), JobState::Waiting);
    assert!(why.blocked_by().is_none());
    assert!(why.to_string().ends_with(": the job is waiting"), "{why}");
}

#[test]
fn all_that_was_borrowed_is_free_again() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let shared = Arc::new(());
    let mut list = vec![1];
    let lock = Mutex::new(0);
    let result = reactor.wait_for(SHORT, async {
        let _clone = Arc::clone(&shared);
        list.push(2);
        yield_now().await;
        *lock.lock().unwrap() += 1;
        future::pending::<Result<(), Error>>().await
    });
    timed_out(result);
    assert_eq!(Arc::strong_count(&shared), 1);
    list.push(3);
    assert_eq!(list, [1, 2, 3]);
    assert_eq!(*lock.try_lock().unwrap(), 1);
}

#[test]
fn a_queued_job_is_not_kept_by_a_reactor_that_another_job_holds() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let hog = hog(&reactor);
    let trace = Probe::new();
    let why = timed_out(reactor.wait_for(SHORT, trace.pending::<(), Error>()));
    assert_eq!((trace.polls(), trace.threads()), (0, vec![here()]));
    assert_eq!(why.job(), JobState::Queued);
    let by = why.blocked_by().unwrap();
    assert_eq!(by.location(), hog.location);
    assert!(by.held() >= SHORT);
    let told = format!("by the job started at {}:{}", file!(), hog.location.line());
    assert!(why.to_string().ends_with(&told), "{why}");
    hog.release();
    thread_of(&reactor);
    assert_eq!(trace.polls(), 0, "the reactor found nothing left of it");
}

#[test]
fn a_waiting_job_is_not_kept_by_a_reactor_that_another_job_holds() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (polled, held, trace) = (Gate::new(), Gate::new(), Probe::new());
    // Long enough for the hog to be there first, even on a busy machine.
    let timeout = Duration::from_secs(2);
    let (why, start) = thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let job = trace.of(future::poll_fn(|_| {
                polled.open();
                Poll::<Result<(), Error>>::Pending
            }));
            let start = Instant::now();
            let why = timed_out(reactor.wait_for(timeout, job));
            assert_eq!(trace.threads(), [here()]);
            (why, start)
        });
        polled.pass();
        let hog = hog(&reactor);
        held.open();
        let result = waiting.join().unwrap();
        // Only now: the call has returned while the thread was held.
        let location = hog.location;
        hog.release();
        assert_eq!(result.0.blocked_by().unwrap().location(), location);
        result
    });
    assert!(start.elapsed() >= timeout);
    assert_eq!(why.job(), JobState::Waiting);
    thread_of(&reactor);
    assert_eq!(trace.threads().len(), 1);
}

#[test]
fn a_job_inside_poll_makes_the_call_late_and_still_returns_its_result() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let trace = Probe::new();
    let start = Instant::now();
    let job = trace.of(async {
        while start.elapsed() < SHORT * 3 {
            thread::sleep(SHORT);
        }
        Ok::<_, Error>("late, but there")
    });
    assert_eq!(reactor.wait_for(SHORT, job).unwrap(), "late, but there");
    assert!(start.elapsed() >= SHORT * 3);
    assert_eq!(trace.threads(), [thread_of(&reactor)]);
}

#[test]
fn a_job_inside_poll_that_is_not_ready_then_is_dropped_after_that_very_poll() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let trace = Probe::new();
    let start = Instant::now();
    let job = trace.of(future::poll_fn(|cx| {
        // The reactor is to poll it again, at once. By then it is to be the caller's.
        cx.waker().wake_by_ref();
        thread::sleep((SHORT * 10).saturating_sub(start.elapsed()));
        Poll::<Result<(), Error>>::Pending
    }));
    let line = line!() + 1;
    let why = timed_out(reactor.wait_for(SHORT, job));
    assert!(start.elapsed() >= SHORT * 10);
    assert_eq!((trace.polls(), trace.threads()), (1, vec![here()]));
    assert_eq!(why.job(), JobState::Running);
    let by = why.blocked_by().unwrap().location();
    assert_eq!((by.file(), by.line()), (file!(), line));
    thread_of(&reactor);
    assert_eq!(trace.polls(), 1);
}

#[test]
fn a_job_that_is_nearly_always_inside_poll_is_taken_back_all_the_same() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let trace = Probe::new();
    let start = Instant::now();
    let job = trace.of(future::poll_fn(|cx| {
        cx.waker().wake_by_ref();
        thread::sleep(Duration::from_millis(1));
        // Without end, but for this test's.
        if start.elapsed() < LONG / 4 { Poll::Pending } else { Poll::Ready(Ok::<(), Error>(())) }
    }));
    timed_out(reactor.wait_for(SHORT, job));
    assert_eq!(trace.threads(), [here()]);
}

#[test]
fn a_wake_after_the_timeout_harms_nothing() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (wakers, trace) = (Mutex::new(Vec::<Waker>::new()), Probe::new());
    let job = trace.of(future::poll_fn(|cx| {
        wakers.lock().unwrap().push(cx.waker().clone());
        Poll::<Result<(), Error>>::Pending
    }));
    timed_out(reactor.wait_for(SHORT, job));
    let polls = trace.polls();
    let wakers = wakers.into_inner().unwrap();
    assert_eq!(wakers.len(), polls);
    thread::scope(|scope| {
        for waker in &wakers {
            scope.spawn(|| (0..1000).for_each(|_| waker.wake_by_ref()));
        }
    });
    thread_of(&reactor);
    wakers[0].wake_by_ref();
    reactor.shutdown(LONG).unwrap();
    // And after the end of the reactor, too.
    wakers.into_iter().for_each(Waker::wake);
    assert_eq!((trace.polls(), trace.threads()), (polls, vec![here()]));
}

#[test]
fn an_error_type_that_panics_when_it_is_made_unwinds_without_the_future() {
    #[derive(Debug)]
    struct Fragile;
    impl From<Error> for Fragile {
        fn from(error: Error) -> Self {
            panic!("made from a timeout: {}", error.is_timeout());
        }
    }

    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let trace = Probe::new();
    let mut borrowed = 1;
    let call = || {
        reactor.wait_for(SHORT, async {
            borrowed += 1;
            trace.pending::<(), Fragile>().await
        })
    };
    let payload = panic::catch_unwind(AssertUnwindSafe(call)).unwrap_err();
    assert_eq!(payload.downcast_ref::<String>().unwrap(), "made from a timeout: true");
    assert_eq!(trace.threads(), [here()]);
    borrowed += 1;
    assert_eq!(borrowed, 3);
    thread_of(&reactor);
    assert_eq!(trace.threads(), [here()], "once");
}

#[test]
fn a_result_whose_drop_panics_is_dropped_by_the_caller_alone() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let call = || {
        let result = reactor.wait_for(LONG, async {
            yield_now().await;
            Ok::<_, Error>(OnDrop(|| panic!("dropped on the thread {:?}", here())))
        });
        drop(result);
    };
    let payload = panic::catch_unwind(AssertUnwindSafe(call)).unwrap_err();
    let told = format!("dropped on the thread {:?}", here());
    assert_eq!(*payload.downcast_ref::<String>().unwrap(), told);
    thread_of(&reactor);
}

#[test]
fn a_future_that_holds_its_own_waker_is_gone_all_the_same() {
    // A cycle: the future owns the place of its waker, as a channel does.
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let place = Arc::new(Mutex::new(None::<Waker>));
    for _ in 0..100 {
        let (place, trace) = (Arc::clone(&place), Probe::new());
        let job = trace.of(future::poll_fn(move |cx| {
            *place.lock().unwrap() = Some(cx.waker().clone());
            Poll::<Result<(), Error>>::Pending
        }));
        timed_out(reactor.wait_for(Duration::from_millis(1), job));
        assert_eq!(trace.threads(), [here()]);
    }
    assert_eq!(Arc::strong_count(&place), 1);
}
