//! Waiting for a result without taking it.
//!
//! | | queued | running | waiting | done: ok | done: err | panicked | cancelled | stopped |
//! |---|---|---|---|---|---|---|---|---|
//! | `wait` | late | late | late | `&T` | `Job(&E)` | `Panicked` | `Cancelled` | `ReactorStopped` |
//! | `wait`, reactor thread | refused | refused | refused | refused | refused | refused | refused | refused |
//! | `try_wait` | `None` | `None` | `None` | `&T` | `Job(&E)` | `Panicked` | `Cancelled` | `ReactorStopped` |
//! | `is_finished` | no | no | no | yes | yes | yes | yes | yes |
//! | `original_failure` | `None` | `None` | `None` | `None` | `Job(&E)` | `Panicked` | `Cancelled` | `ReactorStopped` |

use std::future;
use std::ptr;
use std::sync::Barrier;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use crochet::{Error, EventualResult, Reactor};

use crate::support::{Gate, LONG, endless, held, hog, limit, settle, until};

const SHORT: Duration = Duration::from_millis(20);

/// One job in each state in which it has ended without a value.
fn failed(reactor: &Reactor) -> [(&'static str, EventualResult<(), &'static str>); 4] {
    let err = reactor.run_in_reactor(|| async { Err("no luck") });
    let panicked = reactor.run_in_reactor(|| async { panic!("out of yarn") });
    let (_leash, cancelled) = held(reactor, Ok(()));
    cancelled.cancel();
    let other = Reactor::new().unwrap();
    let (_leash, stopped) = held(&other, Ok(()));
    other.shutdown(LONG).unwrap();
    settle(reactor);
    [("job", err), ("panicked", panicked), ("cancelled", cancelled), ("stopped", stopped)]
}

fn kind<E>(error: &Error<E>) -> &'static str {
    match error {
        Error::Job(_) => "job",
        Error::Panicked(_) => "panicked",
        Error::Cancelled => "cancelled",
        Error::ReactorStopped => "stopped",
        Error::TimedOut(_) => "late",
        Error::OnReactorThread => "refused",
        _ => "other",
    }
}

#[test]
fn a_result_can_be_waited_for_any_number_of_times() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let job = reactor.run_in_reactor(|| async { Ok::<_, Error>(String::from("a page")) });
    let first = job.wait(LONG).unwrap();
    for _ in 0..100 {
        assert!(ptr::eq(first, job.wait(LONG).unwrap()));
    }
    assert_eq!(first, "a page");
}

#[test]
fn a_failure_is_returned_by_every_wait() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for (expected, job) in failed(&reactor) {
        for _ in 0..2 {
            assert_eq!(kind(&job.wait(LONG).unwrap_err()), expected);
        }
    }
}

#[test]
fn sixty_four_threads_waiting_for_one_result_all_get_the_same_one() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (leash, job) = held(&reactor, Ok::<_, Error>(String::from("a page")));
    let ready = Barrier::new(65);
    thread::scope(|scope| {
        let wait = || {
            ready.wait();
            ptr::from_ref(job.wait(LONG).unwrap()).addr()
        };
        let waiters: Vec<_> = (0..64).map(|_| scope.spawn(wait)).collect();
        ready.wait();
        leash.release();
        let page = ptr::from_ref(job.wait(LONG).unwrap()).addr();
        for waiter in waiters {
            assert_eq!(waiter.join().unwrap(), page);
        }
    });
}

#[test]
fn sixty_four_threads_waiting_for_one_failure_all_get_the_same_one() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (leash, job) = held(&reactor, Err::<(), _>(String::from("no luck")));
    thread::scope(|scope| {
        let wait = || match job.wait(LONG) {
            Err(Error::Job(error)) => (error.as_str(), ptr::from_ref(error).addr()),
            other => panic!("{other:?}"),
        };
        let waiters: Vec<_> = (0..64).map(|_| scope.spawn(wait)).collect();
        leash.release();
        let all: Vec<_> = waiters.into_iter().map(|waiter| waiter.join().unwrap()).collect();
        assert!(all.iter().all(|one| *one == all[0]), "{all:?}");
        assert_eq!(all[0].0, "no luck");
    });
}

#[test]
fn a_wait_that_times_out_changes_nothing() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (leash, job) = held(&reactor, Ok::<_, Error>("late, but here"));
    for _ in 0..3 {
        let start = Instant::now();
        let late = job.wait(SHORT).unwrap_err();
        assert!(start.elapsed() >= SHORT);
        assert_eq!(kind(&late), "late");
        assert!(!job.is_finished());
    }
    leash.release();
    assert_eq!(*job.wait(LONG).unwrap(), "late, but here");
}

#[test]
fn one_threads_timeout_is_no_other_threads_business() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (leash, job) = held(&reactor, Ok::<_, Error>(7));
    thread::scope(|scope| {
        let patient: Vec<_> = (0..8).map(|_| scope.spawn(|| job.wait(LONG).copied())).collect();
        let hasty: Vec<_> = (0..8).map(|_| scope.spawn(|| job.wait(SHORT).copied())).collect();
        for waiter in hasty {
            assert_eq!(kind(&waiter.join().unwrap().unwrap_err()), "late");
        }
        leash.release();
        for waiter in patient {
            assert_eq!(waiter.join().unwrap().unwrap(), 7);
        }
    });
}

#[test]
fn a_zero_timeout_looks_without_waiting() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (leash, job) = held(&reactor, Ok::<_, Error>(7));
    assert_eq!(kind(&job.wait(Duration::ZERO).unwrap_err()), "late");
    leash.release();
    job.wait(LONG).unwrap();
    assert_eq!(*job.wait(Duration::ZERO).unwrap(), 7);
}

#[test]
fn no_timeout_overflows() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let timeouts = [
        Duration::MAX,
        Duration::MAX - Duration::from_nanos(1),
        Duration::from_secs(u64::MAX),
        Duration::from_secs(i64::MAX as u64),
        Duration::from_secs(i64::MAX as u64 / 2),
        Duration::from_secs(u64::from(u32::MAX) + 1),
        Duration::from_millis(u64::MAX),
        Duration::from_nanos(u64::MAX),
    ];
    let jobs = timeouts.map(|timeout| (timeout, held(&reactor, Ok::<_, Error>(7))));
    thread::scope(|scope| {
        let waits = jobs.map(|(timeout, (leash, job))| {
            let (send, returned) = mpsc::channel();
            scope.spawn(move || send.send(job.wait(timeout).copied().ok()).unwrap());
            (timeout, leash, returned)
        });
        for (timeout, leash, returned) in waits {
            let early = returned.recv_timeout(SHORT);
            assert!(matches!(early, Err(RecvTimeoutError::Timeout)), "{timeout:?}: {early:?}");
            leash.release();
            assert_eq!(returned.recv().unwrap(), Some(7), "{timeout:?}");
        }
    });
}

#[test]
fn a_wait_on_the_jobs_own_reactor_thread_is_refused_whether_it_is_done_or_not() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let pending = endless(&reactor, ());
    let done = reactor.run_in_reactor(|| async { Ok::<_, Error>(()) });
    done.wait(LONG).unwrap();
    let kinds = reactor.wait_for(LONG, async move {
        let kinds = [&pending, &done].map(|job| [Duration::ZERO, LONG].map(|t| job.wait(t).err()));
        Ok::<_, Error>(kinds.map(|two| two.map(|error| error.as_ref().map(kind))))
    });
    assert_eq!(kinds.unwrap(), [[Some("refused"); 2]; 2]);
}

#[test]
fn a_refused_wait_changes_nothing() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (leash, job) = held(&reactor, Ok::<_, Error>(7));
    let refused = reactor.wait_for(LONG, async { Ok::<_, Error>(job.wait(LONG).err()) });
    assert!(matches!(refused.unwrap(), Some(Error::OnReactorThread)));
    leash.release();
    assert_eq!(*job.wait(LONG).unwrap(), 7);
}

#[test]
fn a_wait_on_another_reactors_thread_works() {
    let _limit = limit(LONG);
    let (reactor, other) = (Reactor::new().unwrap(), Reactor::new().unwrap());
    let (leash, job) = held(&reactor, Ok::<_, Error>(7));
    leash.release();
    let there = other.wait_for(LONG, async { Ok::<_, Error>(*job.wait(LONG).unwrap()) });
    assert_eq!(there.unwrap(), 7);
}

#[test]
fn looking_is_allowed_on_the_reactor_thread() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let pending = endless(&reactor, ());
    let done = reactor.run_in_reactor(|| async { Ok::<_, Error>(7) });
    done.wait(LONG).unwrap();
    let failed = reactor.run_in_reactor(|| async { Err::<(), _>("no luck") });
    let _ = failed.wait(LONG);
    let looked = reactor.wait_for(LONG, async move {
        assert!(pending.try_wait().is_none() && !pending.is_finished());
        assert_eq!(*done.try_wait().unwrap().unwrap(), 7);
        assert!(matches!(failed.original_failure(), Some(Error::Job(&"no luck"))));
        Ok::<_, Error>(())
    });
    looked.unwrap();
}

#[test]
fn nothing_is_to_be_seen_of_a_job_that_has_not_ended() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let waiting = endless(&reactor, ());
    let hog = hog(&reactor);
    let queued = reactor.run_in_reactor(|| async { Ok(()) });
    for job in [&queued, &hog.job, &waiting] {
        assert!(job.try_wait().is_none());
        assert!(!job.is_finished());
        assert!(job.original_failure().is_none());
    }
    hog.release();
}

#[test]
fn a_success_is_finished_and_no_failure() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (leash, job) = held(&reactor, Ok::<_, Error>(7));
    leash.release();
    settle(&reactor);
    until(|| job.is_finished());
    assert_eq!(*job.try_wait().unwrap().unwrap(), 7);
    assert!(job.original_failure().is_none());
    assert_eq!(*job.wait(Duration::ZERO).unwrap(), 7);
}

#[test]
fn a_failure_is_finished_and_is_the_original_one() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for (expected, job) in failed(&reactor) {
        until(|| job.is_finished());
        assert_eq!(kind(&job.original_failure().unwrap()), expected);
        assert_eq!(kind(&job.try_wait().unwrap().unwrap_err()), expected);
        assert_eq!(kind(&job.wait(Duration::ZERO).unwrap_err()), expected);
    }
}

#[test]
fn a_shutdown_ends_the_waits_of_all_threads() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let job = endless(&reactor, ());
    thread::scope(|scope| {
        let waiters: Vec<_> =
            (0..8).map(|_| scope.spawn(|| kind(&job.wait(Duration::MAX).unwrap_err()))).collect();
        reactor.shutdown(LONG).unwrap();
        for waiter in waiters {
            assert_eq!(waiter.join().unwrap(), "stopped");
        }
    });
}

#[test]
fn a_result_outlives_its_reactor() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let job = reactor.run_in_reactor(|| async { Ok::<_, Error>(String::from("a page")) });
    settle(&reactor);
    reactor.shutdown(LONG).unwrap();
    drop(reactor);
    assert_eq!(job.wait(Duration::ZERO).unwrap(), "a page");
    assert_eq!(job.into_result(Duration::ZERO).unwrap(), "a page");
}

#[test]
fn there_is_no_result_before_the_jobs_future_is_gone() {
    /// Is dropped with the future, after its last poll, and takes its time.
    struct SlowDrop(Gate, Gate);
    impl Drop for SlowDrop {
        fn drop(&mut self) {
            self.0.open();
            self.1.pass();
        }
    }

    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (dropping, go_on) = (Gate::new(), Gate::new());
    let slow = SlowDrop(dropping.clone(), go_on.clone());
    let job = reactor.run_in_reactor(move || {
        future::poll_fn(move |_| {
            let _in_the_future = &slow;
            Poll::Ready(Ok::<_, Error>(7))
        })
    });
    dropping.pass();
    assert!(!job.is_finished());
    assert_eq!(kind(&job.wait(SHORT).unwrap_err()), "late");
    go_on.open();
    assert_eq!(*job.wait(LONG).unwrap(), 7);
}
