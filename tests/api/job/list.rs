//! `jobs`: which jobs are listed, as what, until when, and that asking changes nothing.
//!
//! | | queued | running | waiting | ended |
//! |---|---|---|---|---|
//! | listed by | another thread, a job | another thread, itself | another thread | the thread that saw the end |

use std::future::pending;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crochet::{Error, EventualResult, JobInfo, JobState, Reactor, retrieve_result};
use futures_lite::future::yield_now;

use crate::support::{
    Gate, LONG, OnDrop, endless, held, hog, limit, never, own_process, settle, until,
};

/// A job that does nothing.
#[track_caller]
fn idle(reactor: &Reactor) -> EventualResult<()> {
    reactor.run_in_reactor(|| async { Ok(()) })
}

fn ids(jobs: &[JobInfo]) -> Vec<u64> {
    jobs.iter().map(JobInfo::id).collect()
}

fn states(jobs: &[JobInfo]) -> Vec<JobState> {
    jobs.iter().map(JobInfo::state).collect()
}

#[test]
fn jobs_are_listed_in_the_order_of_submission_while_the_reactor_is_held() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let before = Instant::now();
    let place = Location::caller();
    let waiting = reactor.run_in_reactor(pending::<Result<(), Error>>);
    settle(&reactor); // the second job
    let hog = hog(&reactor);
    let queued = [idle(&reactor), idle(&reactor)];

    for _ in 0..3 {
        let jobs = reactor.jobs();
        // Not in the reactor's queue any more, the second and third time: it is all the same.
        assert_eq!(ids(&jobs), [1, 3, 4, 5]);
        use JobState::{Queued, Running, Waiting};
        assert_eq!(states(&jobs), [Waiting, Running, Queued, Queued]);
        assert_eq!(jobs.iter().map(JobInfo::polls).collect::<Vec<_>>(), [2, 1, 0, 0]);
        assert_eq!(jobs[0].location().file(), file!());
        assert_eq!(jobs[0].location().line(), place.line() + 1);
        assert_eq!(jobs[1].location(), hog.location);
        assert!(jobs[0].busy() > Duration::ZERO);
        assert_eq!(jobs[2].busy(), Duration::ZERO);
        assert!(jobs.is_sorted_by(|one, next| one.age() >= next.age()), "{jobs:?}");
        assert!(jobs[0].age() <= before.elapsed());
    }
    hog.release();
    for job in queued {
        job.join(LONG).unwrap();
    }
    assert_eq!(ids(&reactor.jobs()), [1]);
    waiting.cancel();
    assert!(waiting.wait(LONG).unwrap_err().is_cancelled());
    assert!(reactor.jobs().is_empty());
}

#[test]
fn a_poll_counts_while_it_lasts_and_after() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (in_second, go_on) = (Gate::new(), Gate::new());
    let (leash, release) = async_channel::bounded::<()>(1);
    let job = reactor.run_in_reactor({
        let (in_second, go_on) = (in_second.clone(), go_on.clone());
        move || async move {
            thread::sleep(Duration::from_millis(20));
            yield_now().await;
            in_second.open();
            go_on.pass();
            let _ = release.recv().await;
            Ok::<_, Error>(())
        }
    });
    in_second.pass();
    let first = reactor.jobs().remove(0);
    assert_eq!((first.state(), first.polls()), (JobState::Running, 2));
    assert!(first.busy() >= Duration::from_millis(20), "{first}");
    thread::sleep(Duration::from_millis(20));
    let second = reactor.jobs().remove(0);
    assert!(second.busy() >= first.busy() + Duration::from_millis(20), "{second}");
    assert!(second.age() >= second.busy());

    go_on.open();
    settle(&reactor);
    let third = reactor.jobs().remove(0);
    assert_eq!((third.state(), third.polls()), (JobState::Waiting, 2));
    assert!(third.busy() >= second.busy(), "{third}");
    thread::sleep(Duration::from_millis(5));
    let fourth = reactor.jobs().remove(0);
    assert_eq!(fourth.busy(), third.busy());
    assert!(fourth.age() >= third.age() + Duration::from_millis(5));
    drop(leash);
    job.join(LONG).unwrap();
}

#[test]
fn a_job_finds_itself_and_the_others() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (_leash, _job) = held(&reactor, Ok::<_, Error>(())); // and a second one that is ready
    let listed = reactor.wait_for(LONG, {
        let reactor = reactor.clone();
        async move {
            let late = idle(&reactor);
            let once = reactor.jobs();
            yield_now().await;
            late.await.unwrap();
            Ok::<_, Error>((once, reactor.jobs()))
        }
    });
    let (once, again) = listed.unwrap();
    assert_eq!(ids(&once), [1, 3, 4]);
    assert_eq!(states(&once), [JobState::Waiting, JobState::Running, JobState::Queued]);
    assert_eq!(once[1].polls(), 1);
    assert_eq!(ids(&again), [1, 3]);
    assert_eq!(again[1].state(), JobState::Running);
    assert!(again[1].polls() >= 2);
    assert!(again[1].busy() > once[1].busy());
}

#[test]
fn a_job_that_has_ended_is_not_listed_to_a_thread_that_knows() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for round in 0..200 {
        match round % 4 {
            0 => idle(&reactor).join(LONG).unwrap(),
            1 => reactor.wait_for(LONG, yields()).unwrap(),
            2 => {
                let job = endless(&reactor, ());
                job.cancel();
                assert!(job.wait(LONG).unwrap_err().is_cancelled());
            }
            _ => {
                let job = reactor.run_in_reactor(|| async { panic!("as it should") });
                let job: EventualResult<()> = job;
                assert!(matches!(job.wait(LONG), Err(Error::Panicked(_))));
            }
        }
        assert_eq!(reactor.jobs().len(), 0, "round {round}");
    }
}

#[test]
fn a_job_that_is_cancelled_in_the_queue_is_listed_until_it_is_dropped() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let hog = hog(&reactor);
    let job = idle(&reactor);
    job.cancel();
    assert_eq!(states(&reactor.jobs()), [JobState::Running, JobState::Queued]);
    hog.release();
    assert!(job.wait(LONG).unwrap_err().is_cancelled());
    assert!(reactor.jobs().is_empty());
}

#[test]
fn jobs_of_a_wait_are_listed_with_the_place_of_the_call() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let done = Gate::new();
    let (line, job) = thread::scope(|scope| {
        let call = scope.spawn(|| {
            let line = line!() + 1;
            reactor.wait_for(LONG, until_open(&done)).unwrap();
            line
        });
        until(|| reactor.jobs().first().is_some_and(|job| job.polls() >= 2));
        let job = reactor.jobs().remove(0);
        done.open();
        (call.join().unwrap(), job)
    });
    assert_eq!((job.location().file(), job.location().line()), (file!(), line));
    assert!(reactor.jobs().is_empty());
}

async fn until_open(gate: &Gate) -> Result<(), Error> {
    while !gate.is_open() {
        yield_now().await;
    }
    Ok(())
}

async fn yields() -> Result<(), Error> {
    yield_now().await;
    Ok(())
}

#[test]
fn a_late_wait_leaves_no_job_behind_once_the_reactor_is_free() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let hog = hog(&reactor);
    let late = reactor.wait_for(Duration::from_millis(5), async { Ok::<_, Error>(()) });
    assert!(late.unwrap_err().is_timeout());
    hog.release();
    settle(&reactor);
    assert!(reactor.jobs().is_empty());
}

#[test]
fn each_reactor_has_a_list_and_numbers_of_its_own() {
    let _limit = limit(LONG);
    let (one, other) = (Reactor::new().unwrap(), Reactor::new().unwrap());
    let _a = one.run_in_reactor(pending::<Result<(), Error>>);
    let _b = other.run_in_reactor(pending::<Result<(), Error>>);
    let _c = other.run_in_reactor(pending::<Result<(), Error>>);
    assert_eq!(ids(&one.jobs()), [1]);
    assert_eq!(ids(&other.jobs()), [1, 2]);
    one.shutdown(LONG).unwrap();
    assert!(one.jobs().is_empty());
    assert_eq!(ids(&other.jobs()), [1, 2]);
}

#[test]
fn jobs_that_were_asked_for_are_dropped_in_order_when_the_reactor_stops() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let dropped = Arc::new(Mutex::new(Vec::new()));
    let job = |number: u32| {
        let dropped = Arc::clone(&dropped);
        reactor.run_in_reactor(never(OnDrop(move || dropped.lock().unwrap().push(number))))
    };
    let waiting = job(0);
    let hog = hog(&reactor);
    let asked = [job(1), job(2)];
    assert_eq!(reactor.jobs().len(), 4);
    let unasked = job(3);
    assert!(reactor.shutdown(Duration::ZERO).unwrap_err().is_timeout());
    // Stopping, and held: nothing has been dropped yet.
    assert_eq!(reactor.jobs().len(), 5);
    // Refused, and so never listed.
    assert!(idle(&reactor).wait(Duration::ZERO).unwrap_err().is_reactor_stopped());
    assert_eq!(reactor.jobs().len(), 5);
    hog.release();
    reactor.shutdown(LONG).unwrap();
    for job in asked.iter().chain([&waiting, &unasked]) {
        assert!(job.wait(Duration::ZERO).unwrap_err().is_reactor_stopped());
    }
    assert_eq!(*dropped.lock().unwrap(), [0, 1, 2, 3]);
    assert!(reactor.jobs().is_empty());
}

#[test]
fn a_job_that_is_submitted_and_listed_just_before_the_reactor_sleeps_is_begun() {
    let _limit = limit(LONG);
    let reactor = Reactor::builder().spin(Duration::ZERO).build().unwrap();
    let inner = reactor.clone();
    let first = reactor.run_in_reactor(|| async move {
        // From here on it is a task: the reactor looks into its queue before it runs this, and then
        // sleeps.
        yield_now().await;
        let second = idle(&inner);
        assert_eq!(inner.jobs().len(), 2);
        Ok::<_, Error>(second)
    });
    let second = first.join(LONG).unwrap();
    second.join(LONG).unwrap();
}

#[test]
fn a_line_tells_what_the_methods_tell() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let hog = hog(&reactor);
    let _queued = idle(&reactor);
    let lines: Vec<_> = reactor.jobs().iter().map(ToString::to_string).collect();
    let place = format!("job 1 started at {}:{}: running, age ", file!(), hog.location.line());
    assert!(lines[0].starts_with(&place), "{}", lines[0]);
    assert!(lines[0].contains(", 1 poll, busy "), "{}", lines[0]);
    assert!(lines[1].contains(": queued, age "), "{}", lines[1]);
    assert!(lines[1].ends_with(", 0 polls, busy 0ns"), "{}", lines[1]);
    assert!(lines.iter().all(|line| line.lines().count() == 1));
    hog.release();
}

#[test]
fn to_ask_for_the_global_reactors_jobs_starts_nothing() {
    own_process!();
    assert!(crochet::jobs().is_empty());
    // It would fail if the reactor were running.
    crochet::setup_with(Reactor::builder()).unwrap();
    assert!(crochet::jobs().is_empty());
    let job = crochet::run_in_reactor(pending::<Result<(), Error>>);
    assert_eq!(ids(&crochet::jobs()), [1]);
    assert_eq!(ids(&Reactor::global().unwrap().jobs()), [1]);
    crochet::shutdown(LONG).unwrap();
    assert!(crochet::jobs().is_empty());
    assert!(job.wait(Duration::ZERO).unwrap_err().is_reactor_stopped());
    // None has been started by that.
    crochet::setup_with(Reactor::builder()).unwrap();
}

#[test]
fn jobs_of_a_driver_that_is_not_run_are_queued_until_it_is_dropped() {
    own_process!();
    let driver = crochet::no_setup().unwrap();
    let jobs = [(); 2].map(|()| crochet::run_in_reactor(|| async { Ok::<_, Error>(1) }));
    assert_eq!(states(&crochet::jobs()), [JobState::Queued; 2]);
    drop(driver);
    assert!(crochet::jobs().is_empty());
    for job in jobs {
        assert!(job.wait(Duration::ZERO).unwrap_err().is_reactor_stopped());
    }
}

#[test]
fn the_timer_of_a_stashed_result_is_no_job_of_the_program() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let stashed = reactor.run_in_reactor(pending::<Result<(), Error>>);
    let id = stashed.id();
    let key = stashed.stash_for(LONG);
    // The timer is in the queue, then it waits.
    assert_eq!(ids(&reactor.jobs()), [id]);
    settle(&reactor);
    assert_eq!(ids(&reactor.jobs()), [id]);
    retrieve_result::<(), Error>(key).unwrap().cancel();
}

#[test]
fn a_handle_knows_the_id_under_which_its_job_is_listed() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let waiting = reactor.run_in_reactor(pending::<Result<(), Error>>);
    settle(&reactor);
    let hog = hog(&reactor);
    let queued = [(); 3].map(|()| idle(&reactor));
    let handles = || [&waiting, &hog.job].into_iter().chain(&queued).map(EventualResult::id);
    let before: Vec<_> = handles().collect();
    assert_eq!(before, [1, 3, 4, 5, 6]);
    assert_eq!(ids(&reactor.jobs()), before);
    let late = idle(&reactor);
    assert_eq!(ids(&reactor.jobs()).last(), Some(&late.id()));
    hog.release();
    late.join(LONG).unwrap();
    waiting.cancel();
    waiting.wait(LONG).unwrap_err();
    // A job that has ended keeps its id.
    assert_eq!(waiting.id(), 1);
    reactor.shutdown(LONG).unwrap();
    assert_eq!(queued.map(|job| job.id()), [4, 5, 6]);
    // Refused.
    assert_eq!(idle(&reactor).id(), 0);
}

#[test]
fn ids_asked_for_by_many_threads_are_the_places_in_the_order_of_submission() {
    const CALLERS: usize = 4;
    const JOBS: usize = 2000;
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let mut all: Vec<u64> = thread::scope(|scope| {
        let submit = || {
            let jobs: Vec<_> = (0..JOBS).map(|_| idle(&reactor)).collect();
            let ids: Vec<_> = jobs.iter().map(EventualResult::id).collect();
            assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
            ids
        };
        let callers = [(); CALLERS].map(|()| scope.spawn(submit));
        callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
    });
    all.sort_unstable();
    assert!(all.into_iter().eq(1..=(CALLERS * JOBS) as u64));
}

#[test]
fn calls_go_on_while_other_threads_list_very_many_jobs_without_a_pause() {
    const JOBS: usize = 20_000;
    const CALLS: usize = 100;
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let jobs: Vec<_> =
        (0..JOBS).map(|_| reactor.run_in_reactor(pending::<Result<(), Error>>)).collect();
    settle(&reactor);
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    assert!(reactor.jobs().len() >= JOBS);
                }
            });
        }
        let _over = OnDrop(|| over.store(true, Ordering::Relaxed));
        for call in 0..CALLS {
            let sum = async { Ok::<_, Error>(call + 1) };
            assert_eq!(reactor.wait_for(LONG, sum).unwrap(), call + 1);
        }
    });
    drop(jobs);
}
