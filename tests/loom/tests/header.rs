//! Models of `src/job/header.rs`: a cancel on its way to the reactor thread.

#![cfg(loom)]

#[expect(dead_code, reason = "a header's location and state are no part of the protocol")]
#[path = "../../../src/job/header.rs"]
mod header;

use std::future::poll_fn;
use std::panic::Location;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use crochet_loom::{error, explore, join, sync};
use loom::cell::UnsafeCell;
use loom::future::block_on;
use loom::thread;

use header::Header;

/// What may happen in an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// The reactor thread saw the cancel before it would have slept.
    SeenAtOnce,
    /// The cancel woke the job's task.
    Woken,
    /// The job ended by itself.
    Ended,
    /// The job was cancelled.
    Cancelled,
}

struct Job {
    header: Header,
    /// Written by the first canceller, before it cancels.
    witness: UnsafeCell<u32>,
}

impl Job {
    fn new() -> Arc<Self> {
        Arc::new(Self { header: Header::new(Location::caller()), witness: UnsafeCell::new(0) })
    }

    #[expect(unsafe_code, reason = "loom's cell hands out raw pointers")]
    fn cancel(&self, first: bool) {
        if first {
            // SAFETY: loom checks that no other thread accesses the cell meanwhile, and panics if
            // one does.
            self.witness.with_mut(|witness| unsafe { *witness = 1 });
        }
        self.header.cancel();
    }

    /// Sees what the only canceller did before it cancelled.
    #[expect(unsafe_code, reason = "loom's cell hands out raw pointers")]
    fn look(&self) {
        // SAFETY: as in `cancel`.
        let witness = self.witness.with(|witness| unsafe { *witness });
        assert_eq!(witness, 1, "cancelled without a canceller");
    }

    /// Polls the job in its task, as `job.rs` does. It never is ready.
    fn poll(&self, registered: &mut bool, cx: &Context<'_>) -> Poll<()> {
        if !*registered {
            self.header.register(cx.waker());
            *registered = true;
        }
        if self.header.is_cancelled() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Sleeps until the job is cancelled.
    fn block_on(&self) -> Event {
        let (mut registered, mut event) = (false, Event::SeenAtOnce);
        block_on(poll_fn(|cx| {
            let poll = self.poll(&mut registered, cx);
            if poll.is_pending() {
                event = Event::Woken;
            }
            poll
        }));
        self.header.unregister();
        event
    }
}

#[test]
fn a_cancel_is_not_lost_while_the_task_is_registered() {
    explore([Event::SeenAtOnce, Event::Woken], |seen| {
        let job = Job::new();
        let canceller = Arc::clone(&job);
        let thread = thread::spawn(move || canceller.cancel(true));
        seen.note(job.block_on());
        job.look();
        join(thread);
    });
}

#[test]
fn two_cancels_are_one() {
    explore([Event::SeenAtOnce, Event::Woken], |seen| {
        let job = Job::new();
        let threads = [(); 2].map(|()| {
            let canceller = Arc::clone(&job);
            thread::spawn(move || canceller.cancel(false))
        });
        seen.note(job.block_on());
        for thread in threads {
            join(thread);
        }
        assert!(job.header.is_cancelled());
    });
}

/// A task's waker. Its count shows whether anything still holds it.
struct Task;

impl Wake for Task {
    fn wake(self: Arc<Self>) {}
}

/// The task holds the job, which holds the header: a waker left in the header would leak all three.
#[test]
fn a_cancel_that_comes_with_the_end_of_the_job_leaves_no_waker_behind() {
    explore([Event::Ended, Event::Cancelled], |seen| {
        let job = Job::new();
        let task = Arc::new(Task);
        let canceller = Arc::clone(&job);
        let thread = thread::spawn(move || canceller.cancel(true));
        let waker = Waker::from(Arc::clone(&task));
        let poll = job.poll(&mut false, &Context::from_waker(&waker));
        if poll.is_ready() {
            seen.note(Event::Cancelled);
            job.look();
        } else {
            seen.note(Event::Ended);
        }
        job.header.unregister();
        drop(waker);
        join(thread);
        assert_eq!(Arc::strong_count(&task), 1, "the header, or a waker, holds the task");
        job.header.cancel();
        assert_eq!(Arc::strong_count(&task), 1);
    });
}
