//! What the feature costs where there is no subscriber: no memory. It counts what is allocated in
//! this process, so it is the only test of its program.

#[path = "../../support/allocator.rs"]
mod allocator;
#[path = "../../support/mod.rs"]
#[allow(dead_code, unused_imports, unused_macros, reason = "this suite uses some of it")]
mod support;

use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use crochet::{Error, Reactor};

use allocator::CALLS;
use support::{LONG, limit};

const ROUNDS: usize = 2000;

/// How often memory is allocated for one call, to one decimal.
fn allocations(call: impl Fn()) -> f64 {
    (0..ROUNDS).for_each(|_| call()); // what is allocated once
    let before = CALLS.load(Ordering::Relaxed);
    (0..ROUNDS).for_each(|_| call());
    let count = (CALLS.load(Ordering::Relaxed) - before) as f64;
    (count * 10.0 / ROUNDS as f64).round() / 10.0
}

#[test]
fn without_a_subscriber_a_call_allocates_as_little_as_without_the_feature() {
    let _limit = limit(LONG);
    // Both sides busy-wait, where there are two cores: a thread that sleeps may allocate, and not
    // always does.
    let reactor = Reactor::builder().spin(Duration::from_millis(5)).build().unwrap();
    let one_core = thread::available_parallelism().is_ok_and(|cores| cores.get() == 1);
    let lent = allocations(|| reactor.wait_for(LONG, async { Ok::<_, Error>(()) }).unwrap());
    let owned = allocations(|| {
        reactor.run_in_reactor(|| async { Ok::<_, Error>(()) }).join(LONG).unwrap();
    });
    // Two for a job, and now and then a block of the queue.
    let bound = if one_core { 3.5 } else { 2.5 };
    assert!(lent < bound && owned < bound, "{lent} for wait_for, {owned} for run_in_reactor");
}
