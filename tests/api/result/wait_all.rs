//! One deadline for many results.
//!
//! | | all done, however | some not done | none | `ZERO` | reactor thread | forked |
//! |---|---|---|---|---|---|---|
//! | `wait_all` | `Ok` | waits, then late | `Ok` | looks | refused | refused |

use std::thread;
use std::time::{Duration, Instant};

use crochet::{Error, EventualResult, JobState, Reactor, wait_all};

use crate::support::{Gate, LONG, Probe, endless, held, hog, limit, log, settle, within};

const SHORT: Duration = Duration::from_millis(50);

type Job<T = ()> = EventualResult<T, &'static str>;

#[test]
fn it_returns_when_the_last_of_a_thousand_is_done_and_not_before() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (leash, last): (_, Job) = held(&reactor, Ok(()));
    let mut jobs: Vec<Job> =
        (0..1000).map(|_| reactor.run_in_reactor(|| async { Ok(()) })).collect();
    jobs.insert(500, last);
    let all: Vec<_> = jobs.iter().collect();
    assert!(wait_all(&all, SHORT).unwrap_err().is_timeout());
    thread::scope(|scope| {
        let waiter = scope.spawn(|| wait_all(&all, LONG));
        assert!(!jobs[500].is_finished());
        leash.release();
        waiter.join().unwrap().unwrap();
        assert!(jobs.iter().all(EventualResult::is_finished));
    });
}

#[test]
fn done_is_done_whatever_the_outcome() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let err: Job = reactor.run_in_reactor(|| async { Err("no luck") });
    let panicked: Job = reactor.run_in_reactor(|| async { panic!("out of yarn") });
    let (_leash, cancelled): (_, Job) = held(&reactor, Ok(()));
    let other = Reactor::new().unwrap();
    let (_other_leash, stopped): (_, Job) = held(&other, Ok(()));
    let refused: Job = {
        other.shutdown(LONG).unwrap();
        other.run_in_reactor(|| async { Ok(()) })
    };
    cancelled.cancel();
    wait_all(&[&err, &panicked, &cancelled, &stopped, &refused], LONG).unwrap();
    assert!(matches!(err.original_failure(), Some(Error::Job(&"no luck"))));
    assert!(panicked.original_failure().unwrap().is_panic());
    assert!(cancelled.original_failure().unwrap().is_cancelled());
    assert!(stopped.original_failure().unwrap().is_reactor_stopped());
    assert!(refused.original_failure().unwrap().is_reactor_stopped());
}

#[test]
fn a_cancelled_and_a_stopped_job_end_the_wait_for_them() {
    let _limit = limit(LONG);
    let (one, other) = (Reactor::new().unwrap(), Reactor::new().unwrap());
    let drops = Probe::new();
    let (cancelled, stopped) = (endless(&one, drops.witness()), endless(&other, drops.witness()));
    thread::scope(|scope| {
        let waiter = scope.spawn(|| wait_all(&[&cancelled, &stopped], Duration::MAX));
        cancelled.cancel();
        other.shutdown(LONG).unwrap();
        waiter.join().unwrap().unwrap();
    });
    assert_eq!(drops.count(), 2);
}

#[test]
fn a_late_one_is_told_of_and_nothing_changes() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (leash, late) = held(&reactor, Ok::<_, Error>(7));
    let ready = reactor.run_in_reactor(|| async { Ok(6) });
    let start = Instant::now();
    let Err(Error::TimedOut(why)) = wait_all(&[&ready, &late, &ready, &late], SHORT) else {
        panic!("it is not late")
    };
    assert!(start.elapsed() >= SHORT && why.waited() >= SHORT && why.waited() <= start.elapsed());
    assert_eq!(why.job(), JobState::Waiting);
    assert!(why.to_string().ends_with(": the job is waiting"), "{why}");
    leash.release();
    wait_all(&[&ready, &late, &ready, &late], LONG).unwrap();
    assert_eq!((*ready.wait(Duration::ZERO).unwrap(), late.join(LONG).unwrap()), (6, 7));
}

#[test]
fn a_timeout_names_the_job_that_holds_the_thread() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let hog = hog(&reactor);
    let queued: Job = reactor.run_in_reactor(|| async { Ok(()) });
    let Err(Error::TimedOut(why)) = wait_all(&[&queued], SHORT) else { panic!("it is not late") };
    assert_eq!(why.job(), JobState::Queued);
    assert_eq!(why.blocked_by().unwrap().location(), hog.location);
    hog.release();
    wait_all(&[&queued], LONG).unwrap();
}

#[test]
fn there_is_one_deadline_for_all() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let time = Duration::from_secs(3);
    // Most of the time goes into the first; the second does not get all of it once more.
    let first_takes = Duration::from_secs(2);
    within(first_takes + time, || {
        let (leash, first): (_, Job) = held(&reactor, Ok(()));
        let (_leash, second): (_, Job) = held(&reactor, Ok(()));
        thread::scope(|scope| {
            let waiter = scope.spawn(|| wait_all(&[&first, &second], time));
            thread::sleep(first_takes);
            leash.release();
            let Err(Error::TimedOut(why)) = waiter.join().unwrap() else { panic!("it is in time") };
            assert!(why.waited() >= time, "{:?}", why.waited());
        });
    });
}

#[test]
fn without_results_it_returns_at_once() {
    let none: [&EventualResult<(), Error>; 0] = [];
    wait_all(&none, Duration::MAX).unwrap();
    wait_all(&none, Duration::ZERO).unwrap();
}

#[test]
fn no_time_is_a_look() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let ready: Job = reactor.run_in_reactor(|| async { Ok(()) });
    let (_leash, late): (_, Job) = held(&reactor, Ok(()));
    wait_all(&[&ready], LONG).unwrap();
    wait_all(&[&ready, &ready], Duration::ZERO).unwrap();
    assert!(wait_all(&[&ready, &late], Duration::ZERO).unwrap_err().is_timeout());
}

#[test]
fn a_failure_still_is_unseen() {
    let _limit = limit(LONG);
    let log = log();
    let reactor = Reactor::new().unwrap();
    let failed: Job = reactor.run_in_reactor(|| async { Err("all of the wool is grey") });
    wait_all(&[&failed], LONG).unwrap();
    assert!(log.with("all of the wool is grey").is_empty());
    drop(failed);
    assert_eq!(log.with("all of the wool is grey").len(), 1);
}

#[test]
fn on_the_thread_of_any_of_the_reactors_it_is_refused() {
    let _limit = limit(LONG);
    let (here, there) = (Reactor::new().unwrap(), Reactor::new().unwrap());
    let drops = Probe::new();
    let (far, near) = (endless(&there, drops.witness()), here.run_in_reactor(|| async { Ok(()) }));
    settle(&here);
    let refused = here.wait_for(LONG, async {
        // The one that is waited for first is another reactor's; the one of this reactor is done.
        Ok::<_, Error>((wait_all(&[&far, &near], Duration::MAX), wait_all(&[&near], LONG)))
    });
    let refused = refused.unwrap();
    assert!(matches!(refused.0, Err(Error::OnReactorThread)), "{refused:?}");
    assert!(matches!(refused.1, Err(Error::OnReactorThread)), "{refused:?}");
    // Another reactor's thread may wait for it.
    there.wait_for(LONG, async { wait_all(&[&near], LONG) }).unwrap();
}

#[test]
fn two_threads_may_wait_for_the_same_results() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (leash, held): (_, Job) = held(&reactor, Ok(()));
    let begun = [Gate::new(), Gate::new()];
    thread::scope(|scope| {
        let wait = |gate: &Gate| {
            gate.open();
            wait_all(&[&held, &held], Duration::MAX)
        };
        let waiters: Vec<_> = begun.iter().map(|gate| scope.spawn(move || wait(gate))).collect();
        begun.iter().for_each(Gate::pass);
        leash.release();
        waiters.into_iter().for_each(|waiter| waiter.join().unwrap().unwrap());
    });
}
