//! One wait for whichever result comes first.
//!
//! | | some done, however | none done | no results | `ZERO` | reactor thread | forked |
//! |---|---|---|---|---|---|---|
//! | `wait_any` | the lowest index | waits, then late | late at once | looks | refused | refused |

use std::thread;
use std::time::{Duration, Instant};

use crochet::{Error, EventualResult, JobState, Reactor, wait_any};
use futures_lite::future::pending;

use crate::support::{LONG, Probe, endless, held, hog, limit, log, settle};

const SHORT: Duration = Duration::from_millis(50);

type Job<T = ()> = EventualResult<T, &'static str>;

#[test]
fn of_ten_thousand_it_finds_the_one_that_is_done() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (leash, one): (_, Job) = held(&reactor, Ok(()));
    let mut jobs: Vec<Job> = (0..10_000).map(|_| reactor.run_in_reactor(pending)).collect();
    jobs.insert(7_654, one);
    let all: Vec<_> = jobs.iter().collect();
    assert!(wait_any(&all, SHORT).unwrap_err().is_timeout());
    thread::scope(|scope| {
        let waiter = scope.spawn(|| wait_any(&all, LONG));
        leash.release();
        assert_eq!(waiter.join().unwrap().unwrap(), 7_654);
    });
    assert_eq!(jobs.iter().filter(|job| job.is_finished()).count(), 1);
}

#[test]
fn of_several_that_are_done_it_is_the_first() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (_leash, late) = held(&reactor, Ok(0));
    let [a, b]: [Job<i32>; 2] =
        [1, 2].map(|n| reactor.run_in_reactor(move || async move { Ok(n) }));
    settle(&reactor);
    assert_eq!(wait_any(&[&late, &b, &a], Duration::MAX).unwrap(), 1);
    assert_eq!(wait_any(&[&late, &a, &a], Duration::ZERO).unwrap(), 1);
    assert_eq!(wait_any(&[&b, &late, &a], LONG).unwrap(), 0);
}

#[test]
fn done_is_done_whatever_the_outcome() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (_leash, late): (_, Job) = held(&reactor, Ok(()));
    let err: Job = reactor.run_in_reactor(|| async { Err("no luck") });
    let panicked: Job = reactor.run_in_reactor(|| async { panic!("out of yarn") });
    let (_leash, cancelled): (_, Job) = held(&reactor, Ok(()));
    cancelled.cancel();
    let other = Reactor::new().unwrap();
    let (_other_leash, stopped): (_, Job) = held(&other, Ok(()));
    other.shutdown(LONG).unwrap();
    let refused: Job = other.run_in_reactor(|| async { Ok(()) });
    for job in [err, panicked, cancelled, stopped, refused] {
        assert_eq!(wait_any(&[&late, &job], LONG).unwrap(), 1);
    }
}

#[test]
fn a_cancelled_and_a_stopped_job_end_the_wait() {
    let _limit = limit(LONG);
    let (one, other) = (Reactor::new().unwrap(), Reactor::new().unwrap());
    let drops = Probe::new();
    let jobs = [
        endless(&one, drops.witness()),
        endless(&one, drops.witness()),
        endless(&other, drops.witness()),
    ];
    let wait_while = |all: &[&EventualResult<()>], act: &dyn Fn()| {
        thread::scope(|scope| {
            let waiter = scope.spawn(|| wait_any(all, Duration::MAX));
            act();
            waiter.join().unwrap().unwrap()
        })
    };
    assert_eq!(wait_while(&[&jobs[0], &jobs[1], &jobs[2]], &|| jobs[1].cancel()), 1);
    assert_eq!(drops.count(), 1);
    assert_eq!(wait_while(&[&jobs[0], &jobs[2]], &|| other.shutdown(LONG).unwrap()), 1);
    assert_eq!(drops.count(), 2);
}

#[test]
fn a_result_may_occur_twice() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (leash, one): (_, Job) = held(&reactor, Ok(()));
    thread::scope(|scope| {
        let waiter = scope.spawn(|| wait_any(&[&one, &one], Duration::MAX));
        leash.release();
        assert_eq!(waiter.join().unwrap().unwrap(), 0);
    });
}

#[test]
fn when_all_are_late_it_tells_of_the_first_and_nothing_changes() {
    let _limit = limit(LONG);
    let (free, busy) = (Reactor::new().unwrap(), Reactor::new().unwrap());
    let (leash, waiting) = held(&free, Ok::<_, Error>(7));
    let hog = hog(&busy);
    let queued = busy.run_in_reactor(|| async { Ok::<_, Error>(8) });
    let late = |jobs: [&EventualResult<i32>; 2]| {
        let start = Instant::now();
        let Err(Error::TimedOut(why)) = wait_any(&jobs, SHORT) else { panic!("it is not late") };
        assert!(why.waited() >= SHORT && why.waited() <= start.elapsed());
        why
    };
    let why = late([&waiting, &queued]);
    assert_eq!(why.job(), JobState::Waiting);
    assert!(why.to_string().ends_with(": the job is waiting"), "{why}");
    let why = late([&queued, &waiting]);
    assert_eq!(why.job(), JobState::Queued);
    assert_eq!(why.blocked_by().unwrap().location(), hog.location);
    leash.release();
    assert_eq!(wait_any(&[&queued, &waiting], LONG).unwrap(), 1);
    hog.release();
    assert_eq!((queued.join(LONG).unwrap(), waiting.join(LONG).unwrap()), (8, 7));
}

#[test]
fn without_results_it_is_late_at_once() {
    let _limit = limit(LONG);
    let none: [&EventualResult<(), Error>; 0] = [];
    for timeout in [Duration::ZERO, LONG, Duration::MAX] {
        let error = wait_any(&none, timeout).unwrap_err();
        assert!(error.is_timeout());
        let text = "timed out after 0ns: there are no results to wait for";
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn no_time_is_a_look() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (leash, one): (_, Job) = held(&reactor, Ok(()));
    assert!(wait_any(&[&one], Duration::ZERO).unwrap_err().is_timeout());
    leash.release();
    settle(&reactor);
    assert_eq!(wait_any(&[&one], Duration::ZERO).unwrap(), 0);
}

#[test]
fn a_failure_still_is_unseen() {
    let _limit = limit(LONG);
    let log = log();
    let reactor = Reactor::new().unwrap();
    let failed: Job = reactor.run_in_reactor(|| async { Err("some of the wool is grey") });
    assert_eq!(wait_any(&[&failed], LONG).unwrap(), 0);
    assert!(log.with("some of the wool is grey").is_empty());
    drop(failed);
    assert_eq!(log.with("some of the wool is grey").len(), 1);
}

#[test]
fn on_the_thread_of_any_of_the_reactors_it_is_refused() {
    let _limit = limit(LONG);
    let (here, there) = (Reactor::new().unwrap(), Reactor::new().unwrap());
    let drops = Probe::new();
    let far = endless(&there, drops.witness());
    let ready = there.run_in_reactor(|| async { Ok(()) });
    let near = here.run_in_reactor(|| async { Ok(()) });
    settle(&here);
    settle(&there);
    let refused = here.wait_for(LONG, async {
        Ok::<_, Error>([
            wait_any(&[&far, &near], Duration::MAX),
            wait_any(&[&ready, &near], Duration::ZERO),
        ])
    });
    for refused in refused.unwrap() {
        assert!(matches!(refused, Err(Error::OnReactorThread)), "{refused:?}");
    }
    // Another reactor's thread may wait for it.
    assert_eq!(there.wait_for(LONG, async { wait_any(&[&near], LONG) }).unwrap(), 0);
}

/// Others use the thread's park token: it does not end the wait, and is still there after it.
#[test]
fn the_threads_park_token_is_left_alone() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (_leash, late): (_, Job) = held(&reactor, Ok(()));
    thread::current().unpark();
    let start = Instant::now();
    assert!(wait_any(&[&late], SHORT).unwrap_err().is_timeout());
    assert!(start.elapsed() >= SHORT);
    thread::park();
}

#[cfg(target_os = "linux")]
#[test]
fn the_thread_sleeps_once_and_needs_no_other() {
    use std::{path::Path, sync::mpsc};

    use crate::support::kernel::{sleeps, threads};
    use crate::support::own_process;

    own_process!();
    let reactor = Reactor::new().unwrap();
    let (leash, one): (_, Job) = held(&reactor, Ok(()));
    let mut jobs: Vec<Job> = (0..1000).map(|_| reactor.run_in_reactor(pending)).collect();
    jobs.push(one);
    settle(&reactor);
    let all: Vec<_> = jobs.iter().collect();
    let (begin, has_begun) = mpsc::channel();
    thread::scope(|scope| {
        let waiter = scope.spawn(move || {
            begin.send(()).unwrap();
            let before = sleeps(Path::new("/proc/thread-self"));
            assert_eq!(wait_any(&all, LONG).unwrap(), 1000);
            sleeps(Path::new("/proc/thread-self")) - before
        });
        has_begun.recv().unwrap();
        let before = threads().len();
        // Time for a wait that polls to show it.
        thread::sleep(Duration::from_millis(500));
        assert_eq!(threads().len(), before);
        leash.release();
        let slept = waiter.join().unwrap();
        assert!((1..=3).contains(&slept), "it slept {slept} times");
    });
}
