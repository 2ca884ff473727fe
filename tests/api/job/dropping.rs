//! Letting go of a handle, by `drop` or `detach`. What is logged of a failure is in `unseen.rs`.
//!
//! | | queued | running | waiting | done: ok | done: err | panicked | cancelled | stopped |
//! |---|---|---|---|---|---|---|---|---|
//! | `drop` | runs on | runs on | runs on | value dropped here | logged here | logged here | – | – |
//! | `detach` | the same | | | | | | | |
//! | … and the value that comes later | dropped on the reactor thread | as before | as before | – | – | – | – | – |

use std::thread;

use crochet::{Error, EventualResult, Reactor};

use crate::support::{Gate, LONG, Probe, Witness, held, hog, limit, settle, thread_of, until};

/// Both ways to let go.
const WAYS: [fn(EventualResult<Witness>); 2] = [drop, EventualResult::detach];

#[test]
fn a_queued_job_runs_on_without_its_handle() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for let_go in WAYS {
        let (drops, ran) = (Probe::new(), Gate::new());
        let hog = hog(&reactor);
        let (witness, run) = (drops.witness(), ran.clone());
        let_go(reactor.run_in_reactor(move || async move {
            run.open();
            Ok(witness)
        }));
        assert!(!ran.is_open());
        hog.release();
        ran.pass();
        settle(&reactor);
        assert_eq!(drops.threads(), [thread_of(&reactor)]);
    }
}

#[test]
fn a_running_job_runs_on_without_its_handle() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for let_go in WAYS {
        let (drops, inside, go_on) = (Probe::new(), Gate::new(), Gate::new());
        let witness = drops.witness();
        let job = reactor.run_in_reactor({
            let (inside, go_on) = (inside.clone(), go_on.clone());
            move || async move {
                inside.open();
                go_on.pass();
                Ok(witness)
            }
        });
        inside.pass();
        let_go(job);
        assert_eq!(drops.count(), 0);
        go_on.open();
        settle(&reactor);
        assert_eq!(drops.threads(), [thread_of(&reactor)]);
    }
}

#[test]
fn a_waiting_job_runs_on_without_its_handle() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for let_go in WAYS {
        let drops = Probe::new();
        let (leash, job) = held(&reactor, Ok(drops.witness()));
        let_go(job);
        settle(&reactor);
        assert_eq!(drops.count(), 0);
        leash.release();
        until(|| drops.count() == 1);
        assert_eq!(drops.threads(), [thread_of(&reactor)]);
    }
}

#[test]
fn a_value_that_is_there_already_is_dropped_with_the_handle_on_its_thread() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for let_go in WAYS {
        for seen in [false, true] {
            let drops = Probe::new();
            let witness = drops.witness();
            let job = reactor.run_in_reactor(move || async { Ok(witness) });
            settle(&reactor);
            if seen {
                job.wait(LONG).unwrap();
            }
            assert_eq!(drops.count(), 0);
            let_go(job);
            assert_eq!(drops.threads(), [thread::current().id()]);
        }
    }
}

#[test]
fn a_value_that_is_taken_is_not_dropped_with_the_handle() {
    let _limit = limit(LONG);
    let (reactor, drops) = (Reactor::new().unwrap(), Probe::new());
    let witness = drops.witness();
    let job = reactor.run_in_reactor(move || async { Ok::<_, Error>(witness) });
    let witness = job.into_result(LONG).unwrap();
    reactor.shutdown(LONG).unwrap();
    drop(reactor);
    assert_eq!(drops.count(), 0);
    drop(witness);
    assert_eq!(drops.count(), 1);
}

#[test]
fn the_last_handle_of_the_reactor_may_go_before_the_results_do() {
    let _limit = limit(LONG);
    let (reactor, drops) = (Reactor::new().unwrap(), Probe::new());
    let (_leash, job) = held(&reactor, Ok::<_, Error>(drops.witness()));
    let thread = thread_of(&reactor);
    drop(reactor);
    assert!(job.wait(LONG).unwrap_err().is_reactor_stopped());
    assert_eq!(drops.threads(), [thread]);
}
