//! What a timed-out `wait_for` leaves behind: nothing. It counts what is allocated in this process,
//! so it is the only test of its program.

#[path = "support/allocator.rs"]
mod allocator;
#[allow(dead_code, unused_imports, unused_macros, reason = "this test uses some of it")]
mod support;

use std::future::{self, poll_fn};
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use crochet::{Error, Reactor};

use allocator::BLOCKS;
use support::{LONG, hog, limit, until};

const CALLS: usize = 1000;
/// Far below one allocation for each call, and above what queues and caches grow by.
const SLACK: isize = 50;

#[test]
fn the_reactor_keeps_nothing_of_a_timed_out_job() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let ready = || reactor.wait_for(LONG, async { Ok::<_, Error>(()) }).unwrap();
    let late = |timeout| {
        for _ in 0..CALLS {
            let job = future::pending::<Result<(), Error>>();
            assert!(reactor.wait_for(timeout, job).unwrap_err().is_timeout());
        }
    };
    let timeouts = [Duration::ZERO, Duration::from_micros(300)];
    timeouts.into_iter().for_each(late);
    ready();
    let before = BLOCKS.load(Ordering::Relaxed);
    timeouts.into_iter().for_each(late);
    ready();
    until(|| BLOCKS.load(Ordering::Relaxed) < before + SLACK);

    // Jobs that end at the poll in which their time is over.
    for _ in 0..CALLS {
        let mut polls = 0;
        let job = poll_fn(|cx| {
            polls += 1;
            cx.waker().wake_by_ref();
            if polls < 20 { Poll::Pending } else { Poll::Ready(Ok::<_, Error>(())) }
        });
        let _ = reactor.wait_for(Duration::from_micros(20), job);
    }
    ready();
    until(|| BLOCKS.load(Ordering::Relaxed) < before + SLACK);

    // Those that time out in the queue are held by it, but only as long as the thread is.
    let hog = hog(&reactor);
    late(Duration::ZERO);
    hog.release();
    ready();
    until(|| BLOCKS.load(Ordering::Relaxed) < before + SLACK);
}
