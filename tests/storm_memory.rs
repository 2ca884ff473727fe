//! What a storm of jobs leaves behind: nothing that counts. It counts the bytes in use in this
//! process, so it is the only test of its program.

#[allow(dead_code, unused_imports, unused_macros, reason = "this test uses some of it")]
mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::future;
use std::sync::atomic::{AtomicIsize, Ordering};

use crochet::{Error, EventualResult, Reactor};

use support::{LONG, hog, limit, settle, until};

/// The system's allocator, with a count of the bytes in use.
struct Counting;

static IN_USE: AtomicIsize = AtomicIsize::new(0);

#[expect(unsafe_code, reason = "an allocator is an unsafe trait")]
// SAFETY: it passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the caller's promises are those of `System`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the caller's promises are those of `System`.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

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
    let before = IN_USE.load(Ordering::Relaxed);
    let in_use = || IN_USE.load(Ordering::Relaxed) - before;

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
