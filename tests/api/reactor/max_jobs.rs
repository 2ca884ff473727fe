//! `Builder::max_jobs`: how many unfinished jobs a reactor takes.
//!
//! | beyond the limit | what happens |
//! |---|---|
//! | `run_in_reactor` | the job ends at once with `Full`, uncalled; on the reactor thread too |
//! | `wait_for` | waits for room: then runs, or `TimedOut`, `Interrupted`, `ReactorStopped` |
//!
//! | a job makes room when it has | |
//! |---|---|
//! | returned, failed, panicked, was cancelled queued or waiting, was taken back late | before its outcome is seen |

use std::thread;
use std::time::{Duration, Instant};

use futures_lite::future::{pending, yield_now};

use crate::support::{Gate, LONG, Probe, hog, limit, until};
use crochet::{Error, EventualResult, JobState, Reactor, interruptible};

type Job<T = ()> = EventualResult<T, Error>;

const SHORT: Duration = Duration::from_millis(50);

fn takes(jobs: usize) -> Reactor {
    Reactor::builder().max_jobs(jobs).build().unwrap()
}

fn assert_full(reactor: &Reactor) {
    let job: Job = reactor.run_in_reactor(|| async { unreachable!("it is refused") });
    assert!(job.is_finished());
    assert!(matches!(job.wait(LONG), Err(Error::Full)));
}

#[track_caller]
fn assert_room(reactor: &Reactor) {
    let job: Job<u32> = reactor.run_in_reactor(|| async { Ok(7) });
    assert_eq!(job.join(LONG).unwrap(), 7);
}

#[test]
fn as_many_jobs_as_it_says_are_taken_queued_and_waiting_ones_together() {
    let _limit = limit(LONG);
    let reactor = takes(3);
    let waiting: Job = reactor.run_in_reactor(pending);
    until(|| reactor.jobs()[0].state() == JobState::Waiting);
    let held = hog(&reactor);
    let queued: Job = reactor.run_in_reactor(async || Ok(()));
    assert_full(&reactor);
    assert_eq!(reactor.jobs().len(), 3);
    held.release();
    queued.wait(LONG).unwrap();
    waiting.cancel();
    assert!(waiting.wait(LONG).unwrap_err().is_cancelled());
    assert_room(&reactor);
}

#[test]
fn each_end_of_a_job_makes_room_before_it_is_seen() {
    let _limit = limit(LONG);
    let reactor = takes(1);
    for _ in 0..100 {
        assert_room(&reactor);
        let job: Job = reactor.run_in_reactor(|| async {
            yield_now().await;
            Err(Error::Cancelled)
        });
        assert!(matches!(job.wait(LONG), Err(Error::Job(Error::Cancelled))));
        let job: Job = reactor.run_in_reactor(|| async { panic!("of the job") });
        assert!(job.wait(LONG).unwrap_err().is_panic());
        let job: Job = reactor.run_in_reactor(pending);
        until(|| reactor.jobs()[0].state() == JobState::Waiting);
        job.cancel();
        assert!(job.wait(LONG).unwrap_err().is_cancelled());
    }
}

#[test]
fn a_refused_closure_is_dropped_uncalled_and_the_reactor_thread_may_be_refused() {
    let _limit = limit(LONG);
    let reactor = takes(1);
    let inner = reactor.clone();
    let dropped = Gate::new();
    let on_drop = dropped.open_on_drop();
    let job = reactor.run_in_reactor(move || async move {
        let refused: Job = inner.run_in_reactor(move || async move {
            drop(on_drop);
            unreachable!("it is refused")
        });
        assert!(matches!(refused.try_wait(), Some(Err(Error::Full))));
        Ok::<_, Error>(())
    });
    job.join(LONG).unwrap();
    assert!(dropped.is_open());
}

#[test]
fn a_wait_for_waits_for_room() {
    let _limit = limit(LONG);
    let reactor = takes(2);
    let jobs = [(); 2].map(|()| -> Job { reactor.run_in_reactor(pending) });
    thread::scope(|scope| {
        let waits = [1, 2, 3].map(|number| {
            let reactor = &reactor;
            scope.spawn(move || reactor.wait_for(LONG, async move { Ok::<_, Error>(number) }))
        });
        thread::sleep(SHORT);
        assert!(waits.iter().all(|wait| !wait.is_finished()));
        jobs[0].cancel();
        assert_eq!(waits.map(|wait| wait.join().unwrap().unwrap()), [1, 2, 3]);
    });
}

#[test]
fn a_wait_for_that_finds_no_room_in_time_says_so_and_drops_its_future() {
    let _limit = limit(LONG);
    let reactor = takes(1);
    let _job: Job = reactor.run_in_reactor(pending);
    for timeout in [Duration::ZERO, SHORT] {
        let probe = Probe::new();
        let witness = probe.witness();
        let start = Instant::now();
        let error = reactor
            .wait_for(timeout, async move {
                let _witness = witness;
                Ok::<_, Error>(())
            })
            .unwrap_err();
        assert!(start.elapsed() >= timeout);
        assert_eq!(probe.count(), 1);
        let Error::TimedOut(why) = error else { panic!("{error:?}") };
        assert_eq!(why.job(), JobState::Queued);
        let text = why.to_string();
        assert!(
            text.ends_with("ms: the reactor has as many unfinished jobs as it takes"),
            "{text}"
        );
    }
    assert_full(&reactor);
}

#[test]
fn a_wait_for_room_is_interruptible_and_ends_when_the_reactor_stops() {
    let _limit = limit(LONG);
    let reactor = takes(1);
    let job: Job = reactor.run_in_reactor(pending);
    let waits = || reactor.wait_for(LONG, async { Ok::<_, Error>(()) });
    let interrupted = interruptible(
        Duration::from_millis(1),
        || Err("no more"),
        || {
            assert!(matches!(waits(), Err(Error::Interrupted)));
        },
    );
    assert_eq!(interrupted, Err("no more"));
    thread::scope(|scope| {
        let waiting = scope.spawn(waits);
        thread::sleep(SHORT);
        reactor.shutdown(LONG).unwrap();
        assert!(matches!(waiting.join().unwrap(), Err(Error::ReactorStopped)));
    });
    assert!(job.wait(LONG).unwrap_err().is_reactor_stopped());
    let late: Job = reactor.run_in_reactor(async || Ok(()));
    assert!(late.wait(LONG).unwrap_err().is_reactor_stopped());
}

#[test]
fn a_wait_for_that_was_late_makes_room_when_the_reactor_has_seen_it() {
    let _limit = limit(LONG);
    let reactor = takes(1);
    let late: Result<(), Error> = reactor.wait_for(SHORT, pending());
    assert!(late.unwrap_err().is_timeout());
    reactor.wait_for(LONG, async { Ok::<_, Error>(()) }).unwrap();
}

#[test]
fn results_that_are_stashed_with_a_time_to_live_need_no_room_for_their_timers() {
    let _limit = limit(LONG);
    let reactor = takes(1);
    let job: Job<u32> = reactor.run_in_reactor(|| async { Ok(7) });
    job.wait(LONG).unwrap();
    let id = job.stash_for(LONG);
    assert_room(&reactor);
    let job = crochet::retrieve_result::<u32, Error>(id).unwrap();
    assert_eq!(*job.wait(LONG).unwrap(), 7);
}

#[test]
fn a_storm_at_the_limit_loses_no_call_and_no_room() {
    let _limit = limit(LONG);
    let reactor = takes(4);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for number in 0..500 {
                    let result = reactor.wait_for(LONG, async {
                        if number % 3 == 0 {
                            yield_now().await;
                        }
                        Ok::<_, Error>(number)
                    });
                    assert_eq!(result.unwrap(), number);
                    let job: Job = reactor.run_in_reactor(async || Ok(()));
                    assert!(matches!(job.wait(LONG), Ok(()) | Err(Error::Full)));
                }
            });
        }
    });
    let jobs = [(); 4].map(|()| -> Job { reactor.run_in_reactor(pending) });
    assert!(jobs.iter().all(|job| !job.is_finished()));
    assert_full(&reactor);
}
