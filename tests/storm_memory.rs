//! What a storm of jobs leaves behind: nothing that counts. It counts the bytes in use in this
//! process, so it is the only test of its program.

#[path = "support/allocator.rs"]
mod allocator;
#[allow(dead_code, unused_imports, unused_macros, reason = "this test uses some of it")]
mod support;

use std::future;
use std::sync::atomic::Ordering;

use crochet::{Error, EventualResult, Reactor};

use allocator::BYTES;
use support::{LONG, hog, limit, settle, until};

const JOBS: usize = 100_000;
/// What queues and caches may grow by: less than three bytes a job.
const SLACK: isize = 256 * 1024;
/// What async-executor keeps of each task, as long as there is another one: the slot of a waker, in
/// a table that grows by doubling.
const KEPT_BESIDE_ANOTHER: isize = (JOBS.next_power_of_two() * 16) as isize;

fn storm(reactor: &Reactor) -> Vec<EventualResult<()>> {
    (0..JOBS).map(|_| reactor.run_in_reactor(future::pending::<Result<(), Error>>)).collect()
}

#[track_caller]
fn end(reactor: &Reactor, storm: Vec<EventualResult<()>>) {
    storm.iter().for_each(EventualResult::cancel);
    for job in &storm {
        assert!(job.wait(LONG).unwrap_err().is_cancelled());
    }
    drop(storm);
    settle(reactor);
}

#[test]
fn the_memory_of_a_storm_is_given_back_when_the_storm_is_over() {
    let _limit = limit(LONG * 2);
    let reactor = Reactor::new().unwrap();
    settle(&reactor);
    let before = BYTES.load(Ordering::Relaxed);
    let in_use = || BYTES.load(Ordering::Relaxed) - before;

    // Jobs that wait for something.
    let jobs = storm(&reactor);
    settle(&reactor);
    assert!(in_use() > 100 * JOBS as isize, "the count does not count");
    end(&reactor, jobs);
    until(|| in_use() < SLACK);

    // Jobs that never started, and were listed.
    let hog = hog(&reactor);
    let jobs = storm(&reactor);
    assert_eq!(reactor.jobs().len(), JOBS + 1);
    hog.release();
    end(&reactor, jobs);
    until(|| in_use() < SLACK);

    // Results in the stash.
    let ids: Vec<_> = storm(&reactor).into_iter().map(EventualResult::stash).collect();
    let jobs = ids.into_iter().map(|id| crochet::retrieve_result::<(), Error>(id).unwrap());
    let jobs = jobs.collect();
    end(&reactor, jobs);
    until(|| in_use() < SLACK);

    // A storm beside a job that stays.
    let stays = reactor.run_in_reactor(future::pending::<Result<(), Error>>);
    let jobs = storm(&reactor);
    end(&reactor, jobs);
    until(|| in_use() < SLACK + KEPT_BESIDE_ANOTHER);
    end(&reactor, vec![stays]);
    until(|| in_use() < SLACK);
}
