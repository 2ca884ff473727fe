//! Putting results away for a time.
//!
//! | when the time is over, the job is … | queued, running, waiting | done: ok | done: err, panicked | cancelled, stopped |
//! |---|---|---|---|---|
//! | not retrieved | cancelled | value dropped | logged | – |
//! | retrieved before | as it is | as it is | as it is | as it is |
//! | its reactor has stopped | – | dropped by the next call | logged by the next call | dropped by the next call |

use std::thread;
use std::time::{Duration, Instant};

use crochet::{Error, EventualResult, Reactor, ResultId, RetrieveError, retrieve_result};

use crate::support::{
    Gate, LONG, PanicOnDrop, Probe, Witness, endless, held, hog, limit, log, settle, thread_of,
    until,
};

const SHORT: Duration = Duration::from_millis(50);
/// To be in time with ease.
const EASY: Duration = Duration::from_secs(2);

fn unknown(id: ResultId) -> bool {
    matches!(retrieve_result::<(), Error>(id), Err(RetrieveError::Unknown))
}

/// A job that is done, with a witness as its value.
fn done(reactor: &Reactor, drops: &Probe) -> EventualResult<Witness> {
    let witness = drops.witness();
    let job = reactor.run_in_reactor(move || async move { Ok(witness) });
    settle(reactor);
    job
}

#[test]
fn a_job_that_is_not_retrieved_in_time_is_cancelled_on_its_reactor_thread() {
    let _limit = limit(LONG);
    let (reactor, drops) = (Reactor::new().unwrap(), Probe::new());
    let job = endless(&reactor, drops.witness());
    let start = Instant::now();
    let id = job.stash_for(SHORT);
    // No caller comes by: the reactor does it by itself.
    until(|| drops.count() == 1);
    assert!(start.elapsed() >= SHORT);
    assert_eq!(drops.threads(), [thread_of(&reactor)]);
    assert!(unknown(id));
}

#[test]
fn a_value_that_is_not_retrieved_in_time_is_dropped() {
    let _limit = limit(LONG);
    let (reactor, drops) = (Reactor::new().unwrap(), Probe::new());
    let start = Instant::now();
    let _id = done(&reactor, &drops).stash_for(SHORT);
    until(|| drops.count() == 1);
    assert!(start.elapsed() >= SHORT);
}

#[test]
fn a_failure_that_is_not_retrieved_in_time_is_logged() {
    let _limit = limit(LONG);
    log();
    let reactor = Reactor::new().unwrap();
    let job = reactor.run_in_reactor(|| async { Err::<(), _>("<not retrieved in time>") });
    settle(&reactor);
    let _id = job.stash_for(SHORT);
    let record = log().wait_for("<not retrieved in time>");
    assert_eq!(record.level, log::Level::Error);
    reactor.shutdown(LONG).unwrap();
    assert_eq!(log().with("<not retrieved in time>").len(), 1);
}

#[test]
fn a_job_that_is_retrieved_in_time_is_not_cancelled_later() {
    let _limit = limit(LONG);
    let (reactor, drops) = (Reactor::new().unwrap(), Probe::new());
    let id = endless(&reactor, drops.witness()).stash_for(EASY);
    let job = retrieve_result::<(), Error>(id).unwrap();
    // A second one, with the same time to live, tells when the first one's time is over.
    let over = Probe::new();
    let _other = endless(&reactor, over.witness()).stash_for(EASY);
    until(|| over.count() == 1);
    settle(&reactor);
    assert!(!job.is_finished());
    assert_eq!(drops.count(), 0);
    job.cancel();
    assert!(job.wait(LONG).unwrap_err().is_cancelled());
}

#[test]
fn a_result_that_is_stashed_again_has_the_new_time() {
    let _limit = limit(LONG);
    let (reactor, drops) = (Reactor::new().unwrap(), Probe::new());
    let id = endless(&reactor, drops.witness()).stash_for(EASY);
    let id = retrieve_result::<(), Error>(id).unwrap().stash_for(LONG * 10);
    let over = Probe::new();
    let _other = endless(&reactor, over.witness()).stash_for(EASY);
    until(|| over.count() == 1);
    assert_eq!(drops.count(), 0);
    retrieve_result::<(), Error>(id).unwrap().cancel();
    until(|| drops.count() == 1);
}

#[test]
fn the_wrong_types_do_not_stop_the_time() {
    let _limit = limit(LONG);
    let (reactor, drops) = (Reactor::new().unwrap(), Probe::new());
    let id = endless(&reactor, drops.witness()).stash_for(SHORT);
    let wrong = retrieve_result::<u8, Error>(id).unwrap_err();
    assert!(matches!(wrong, RetrieveError::WrongType | RetrieveError::Unknown));
    until(|| drops.count() == 1);
}

#[test]
fn with_a_zero_time_it_is_over_at_once() {
    let _limit = limit(LONG);
    let (reactor, drops) = (Reactor::new().unwrap(), Probe::new());
    let id = endless(&reactor, drops.witness()).stash_for(Duration::ZERO);
    assert!(unknown(id));
    until(|| drops.count() == 1);
    assert_eq!(drops.threads(), [thread_of(&reactor)]);
}

#[test]
fn no_time_to_live_overflows() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let times = [
        Duration::MAX,
        Duration::MAX - Duration::from_nanos(1),
        Duration::from_secs(u64::MAX),
        Duration::from_secs(i64::MAX as u64),
        Duration::from_secs(i64::MAX as u64 / 2),
        Duration::from_millis(u64::MAX),
    ];
    let drops = Probe::new();
    let ids = times.map(|time| (time, endless(&reactor, drops.witness()).stash_for(time)));
    // Timers work as before.
    let over = Probe::new();
    let _other = endless(&reactor, over.witness()).stash_for(SHORT);
    until(|| over.count() == 1);
    assert_eq!(drops.count(), 0);
    for (time, id) in ids {
        let job = retrieve_result::<(), Error>(id).unwrap_or_else(|e| panic!("{time:?}: {e}"));
        assert!(job.wait(Duration::ZERO).unwrap_err().is_timeout());
    }
}

#[test]
fn a_time_that_is_over_while_the_reactor_is_held_is_over() {
    let _limit = limit(LONG);
    let (reactor, drops) = (Reactor::new().unwrap(), Probe::new());
    let job = endless(&reactor, drops.witness());
    let hog = hog(&reactor);
    let id = job.stash_for(Duration::from_nanos(1));
    assert!(unknown(id));
    assert_eq!(drops.count(), 0, "the job itself can be dropped only by its reactor");
    hog.release();
    until(|| drops.count() == 1);
}

#[test]
fn where_the_reactor_has_stopped_the_next_stash_sees_to_it() {
    let _limit = limit(LONG);
    let (reactor, drops) = (Reactor::new().unwrap(), Probe::new());
    let id = done(&reactor, &drops).stash_for(SHORT);
    reactor.shutdown(LONG).unwrap();
    let other = Reactor::new().unwrap();
    // Any other stash will do, once the time is over.
    until(|| {
        let other = other.run_in_reactor(|| async { Ok::<_, Error>(()) });
        retrieve_result::<(), Error>(other.stash()).unwrap().detach();
        drops.count() == 1
    });
    assert!(unknown(id));
}

#[test]
fn where_the_reactor_has_stopped_the_next_retrieval_sees_to_it() {
    let _limit = limit(LONG);
    let (reactor, drops) = (Reactor::new().unwrap(), Probe::new());
    let job = done(&reactor, &drops);
    reactor.shutdown(LONG).unwrap();
    let id = job.stash_for(SHORT);
    let nobodys: ResultId = "00000000000000000000000000000000".parse().unwrap();
    until(|| unknown(nobodys) && drops.count() == 1);
    assert!(unknown(id));
}

#[test]
fn a_value_that_uses_the_stash_when_it_is_dropped_does_not_lock_it_up() {
    struct Nested(Gate);
    impl Drop for Nested {
        fn drop(&mut self) {
            let id: ResultId = "00000000000000000000000000000000".parse().unwrap();
            assert!(unknown(id));
            self.0.open();
        }
    }

    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let dropped = Gate::new();
    let nested = Nested(dropped.clone());
    let job = reactor.run_in_reactor(move || async move { Ok::<_, Error>(nested) });
    settle(&reactor);
    let _id = job.stash_for(SHORT);
    dropped.pass();
}

#[test]
fn a_value_that_panics_when_its_time_is_over_harms_no_other_result() {
    let _limit = limit(LONG);
    let (reactor, drops) = (Reactor::new().unwrap(), Probe::new());
    let (leash, bomb) = held(&reactor, Ok::<_, Error>(PanicOnDrop("over")));
    leash.release();
    bomb.wait(LONG).unwrap();
    let after = endless(&reactor, drops.witness());
    // Both times are over before the timers can run, so one call sees to both, in this order.
    let hog = hog(&reactor);
    let _bomb = bomb.stash_for(SHORT);
    let _after = after.stash_for(SHORT);
    thread::sleep(SHORT * 2);
    let nobodys: ResultId = "00000000000000000000000000000000".parse().unwrap();
    assert!(unknown(nobodys), "the retrieval of something else goes on");
    hog.release();
    until(|| drops.count() == 1);
}

#[test]
fn an_expired_result_does_not_hold_its_id() {
    let _limit = limit(LONG);
    let (reactor, drops) = (Reactor::new().unwrap(), Probe::new());
    // The reactor cannot remove the entry by itself.
    let job = endless(&reactor, drops.witness());
    let hog = hog(&reactor);
    let id = job.stash_for(Duration::ZERO);
    let other = reactor.run_in_reactor(|| async { Ok::<_, Error>(7) });
    other.stash_as(id).unwrap();
    hog.release();
    assert_eq!(retrieve_result::<i32, Error>(id).unwrap().join(LONG).unwrap(), 7);
    until(|| drops.count() == 1);
}

#[test]
fn a_result_that_was_put_back_outlives_its_first_time_to_live() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (leash, job) = held(&reactor, Ok::<_, Error>(7));
    let id = job.stash_for(EASY);
    retrieve_result::<i32, Error>(id).unwrap().stash_as(id).unwrap();
    // A later entry is removed by its timer: the time of the first one is over, too.
    let drops = Probe::new();
    let later = endless(&reactor, drops.witness()).stash_for(EASY + SHORT);
    until(|| drops.count() == 1);
    assert!(unknown(later));
    drop(leash);
    assert_eq!(retrieve_result::<i32, Error>(id).unwrap().join(LONG).unwrap(), 7);
}
