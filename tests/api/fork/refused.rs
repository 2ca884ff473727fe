//! Forked children: refused at once, never stuck, and of no harm to the parent. Each test has a
//! process of its own, which forks.

use std::future;
use std::process;
use std::thread;
use std::time::Duration;

use crate::support::fork::{
    End, at_once, check_functions, in_fork, in_fork_ending, refused, works,
};
use crate::support::{Gate, LONG, hog, never, own_process, until};
use crochet::{Error, EventualResult, Reactor, RetrieveError};

type Job<T = ()> = EventualResult<T, Error>;

/// Every method of a job's handle that came with the fork; `jobs` are used up, one by each that
/// takes it.
fn check_handles(parent: u32, jobs: [Job; 5]) {
    for job in &jobs {
        refused(parent, || job.wait(LONG));
        refused(parent, || job.wait(Duration::MAX));
        refused(parent, || job.try_wait().unwrap());
        refused(parent, || Err::<(), _>(job.original_failure().unwrap()));
        at_once(|| job.cancel());
    }
    let [into_result, join, awaited, detached, dropped] = jobs;
    refused(parent, || into_result.into_result(LONG));
    refused(parent, || join.join(LONG));
    refused(parent, || futures_lite::future::block_on(awaited.into_future()));
    at_once(|| detached.detach());
    at_once(|| drop(dropped));
}

#[test]
fn every_function_is_refused_in_a_forked_child_and_the_parent_goes_on() {
    own_process!();
    works();
    let parent = process::id();
    in_fork(|| {
        check_functions(parent);
        assert!(!crochet::in_reactor());
    });
    works();
}

#[test]
fn the_text_names_the_process_of_the_reactor() {
    own_process!();
    crochet::setup().unwrap();
    let parent = process::id();
    in_fork(|| {
        let text = crochet::setup().unwrap_err().to_string();
        let runs = format!("the reactor runs in process {parent}");
        assert_eq!(text, format!("{runs}, of which this process is a fork"));
    });
}

#[test]
fn a_refused_job_is_dropped_uncalled() {
    own_process!();
    crochet::setup().unwrap();
    in_fork(|| {
        let dropped = Gate::new();
        let on_drop = dropped.open_on_drop();
        let job: Job = crochet::run_in_reactor(move || {
            let _on_drop = on_drop;
            async { unreachable!("there is no reactor") }
        });
        assert!(dropped.is_open() && job.is_finished());
    });
}

#[test]
fn handles_of_unfinished_jobs_are_refused_in_a_forked_child() {
    own_process!();
    let jobs = || [(); 5].map(|()| -> Job { crochet::run_in_reactor(future::pending) });
    let (mut here, there) = (Some(jobs()), Some(jobs()));
    works();
    let parent = process::id();
    in_fork(|| check_handles(parent, here.take().unwrap()));
    works();
    // The child has cancelled nothing.
    for job in here.unwrap().iter().chain(&there.unwrap()) {
        assert!(job.wait(Duration::from_millis(5)).unwrap_err().is_timeout());
    }
}

#[test]
fn handles_of_finished_jobs_are_refused_in_a_forked_child() {
    own_process!();
    let mut jobs = Some([(); 5].map(|()| -> Job { crochet::run_in_reactor(async || Ok(())) }));
    until(|| jobs.as_ref().unwrap().iter().all(|job| job.is_finished()));
    let parent = process::id();
    in_fork(|| check_handles(parent, jobs.take().unwrap()));
    for job in jobs.unwrap() {
        job.join(LONG).unwrap();
    }
}

#[test]
fn handles_of_jobs_that_were_refused_before_are_refused_in_a_forked_child() {
    own_process!();
    crochet::setup().unwrap();
    let (started, held) = (Gate::new(), Gate::new());
    let hog = crochet::run_in_reactor({
        let (started, held) = (started.clone(), held.clone());
        move || async move {
            started.open();
            held.pass();
            Ok::<_, Error>(())
        }
    });
    started.pass();
    // While the reactor is stopping, new jobs are refused.
    thread::scope(|scope| {
        scope.spawn(|| crochet::shutdown(LONG).unwrap());
        until(|| Reactor::global().is_err());
        let jobs = [(); 5].map(|()| -> Job { crochet::run_in_reactor(|| async { Ok(()) }) });
        assert!(jobs[0].wait(LONG).unwrap_err().is_reactor_stopped());
        let parent = process::id();
        in_fork(move || check_handles(parent, jobs));
        held.open();
    });
    drop(hog);
}

#[test]
fn a_reactor_of_ones_own_is_refused_in_a_forked_child() {
    own_process!();
    let mut reactor = Some(Reactor::new().unwrap());
    let parent = process::id();
    in_fork(|| {
        let reactor = reactor.take().unwrap();
        refused(parent, || reactor.wait_for(LONG, async { Ok::<(), Error>(()) }));
        let job: Job = at_once(|| reactor.run_in_reactor(|| async { Ok(()) }));
        refused(parent, || job.wait(LONG));
        refused(parent, || reactor.shutdown(LONG));
        at_once(|| drop(reactor));
        check_functions(parent);
    });
    let six: Result<_, Error> = reactor.unwrap().wait_for(LONG, async { Ok(6) });
    assert_eq!(six.unwrap(), 6);
}

#[test]
fn a_driver_is_refused_in_a_forked_child() {
    own_process!();
    let mut driver = Some(crochet::no_setup().unwrap());
    let job: Job<_> = crochet::run_in_reactor(|| async { Ok(7) });
    let parent = process::id();
    in_fork(|| {
        let run = driver.take().unwrap().run(async { unreachable!("it is the parent's") });
        refused::<(), _>(parent, || futures_lite::future::block_on(run));
    });
    in_fork(|| at_once(|| drop(driver.take())));
    let main = async { job.await.unwrap() };
    assert_eq!(async_io::block_on(driver.unwrap().run(main)).unwrap(), 7);
}

#[test]
fn a_stashed_result_is_unknown_in_a_forked_child_and_stays_with_the_parent() {
    own_process!();
    let job: Job<_> = crochet::run_in_reactor(|| async { Ok(8) });
    let id = job.stash();
    in_fork(|| {
        let result = at_once(|| crochet::retrieve_result::<i32, Error>(id));
        assert!(matches!(result, Err(RetrieveError::Unknown)), "{result:?}");
    });
    let job = crochet::retrieve_result::<i32, Error>(id).unwrap();
    assert_eq!(job.join(LONG).unwrap(), 8);
}

#[test]
fn a_forked_child_may_exit_normally() {
    own_process!();
    let dropped = Gate::new();
    let job: Job = crochet::run_in_reactor(never(dropped.open_on_drop()));
    works();
    let parent = process::id();
    in_fork_ending(End::Normally, || check_functions(parent));
    assert!(!dropped.is_open());
    assert!(job.wait(Duration::ZERO).unwrap_err().is_timeout());
    works();
}

#[test]
fn a_fork_of_a_fork_is_refused_too() {
    own_process!();
    crochet::setup().unwrap();
    let parent = process::id();
    in_fork(|| in_fork(|| check_functions(parent)));
    works();
}

#[test]
fn a_fork_inside_a_job_is_refused_and_its_reactor_goes_on() {
    own_process!();
    let parent = process::id();
    let job: Job = crochet::run_in_reactor(move || async move {
        in_fork(|| check_functions(parent));
        Ok(())
    });
    job.join(LONG).unwrap();
    works();
}

#[test]
fn a_fork_while_a_job_holds_the_reactor_is_refused_at_once() {
    own_process!();
    let parent = process::id();
    let hog = hog(&Reactor::global().unwrap());
    in_fork(|| {
        check_functions(parent);
        refused(parent, || hog.job.wait(LONG));
    });
    hog.release();
    works();
}

#[test]
fn a_fork_before_the_start_may_start_a_reactor_and_so_may_the_parent() {
    own_process!();
    in_fork(|| {
        works();
        crochet::shutdown(LONG).unwrap();
        works();
    });
    works();
    let parent = process::id();
    in_fork(|| check_functions(parent));
}
