//! A job with its outcome, as the reactor thread and the handle know it, reduced to what they do to
//! the outcome. It checks what can be checked on the way.

use std::future::poll_fn;
use std::panic::Location;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::task::Poll;
use std::thread::panicking;

use crochet_loom::sync::{AtomicBool, AtomicWaker, Mutex, Ordering, lock};
use crochet_loom::{Seen, soon};
use loom::cell::UnsafeCell;
use loom::future::block_on;

use crate::header::Header;
use crate::outcome::Outcome;

/// How the job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    Returned,
    Cancelled,
    Stopped,
}

/// What may happen in an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    /// This was published.
    Ended(End),
    /// A deadline passed, or a poll was pending, before the end.
    Early,
    /// A wait with a deadline, or a poll, came to the end.
    InTime,
    /// The handle was dropped first, so the publisher looked after the value.
    PublisherCameSecond,
    /// The outcome was published first, so the handle looked after the value.
    HandleCameSecond,
}

/// What there is for the reactor thread to see.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) ready: bool,
    pub(crate) cancels: bool,
    pub(crate) stops: bool,
}

/// The job, as its handle and the reactor thread share it.
pub(crate) struct Job {
    pub(crate) outcome: Outcome<End>,
    /// Written before the outcome is published, without any synchronization of its own.
    witness: UnsafeCell<Option<End>>,
    /// The same, written before the handle is given up.
    farewell: UnsafeCell<bool>,
    pub(crate) header: Header,
    pub(crate) stopping: AtomicBool,
    pub(crate) loop_waker: AtomicWaker,
    /// The parties that looked after the value. Loom does not see it.
    caretakers: StdMutex<Vec<&'static str>>,
}

impl Job {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            outcome: Outcome::new(),
            witness: UnsafeCell::new(None),
            farewell: UnsafeCell::new(false),
            header: Header::new(Location::caller()),
            stopping: AtomicBool::new(false),
            loop_waker: AtomicWaker::new(),
            caretakers: StdMutex::default(),
        })
    }

    /// The reactor thread: drives the job to its end, and publishes it.
    pub(crate) fn react(&self, plan: Plan, seen: &Seen<Event>) {
        let mut registered = false;
        let end = block_on(poll_fn(|cx| {
            if plan.stops {
                self.loop_waker.register(cx.waker());
                if self.stopping.load(Ordering::Acquire) {
                    return Poll::Ready(End::Stopped);
                }
            }
            if plan.cancels {
                if !registered && !plan.ready {
                    self.header.register(cx.waker());
                    registered = true;
                }
                if self.header.is_cancelled() {
                    return Poll::Ready(End::Cancelled);
                }
            }
            if plan.ready { Poll::Ready(End::Returned) } else { Poll::Pending }
        }));
        if registered {
            self.header.unregister();
        }
        self.publish(end, seen);
    }

    pub(crate) fn publish(&self, end: End, seen: &Seen<Event>) {
        seen.note(Event::Ended(end));
        self.write_witness(end);
        assert!(self.outcome.put(end).is_none(), "there was an outcome already");
        if !self.outcome.publish() {
            seen.note(Event::PublisherCameSecond);
            assert!(self.farewell(|said| *said), "given up, but not dropped");
            self.care("publisher");
        }
    }

    #[expect(unsafe_code, reason = "loom's cell hands out raw pointers")]
    fn write_witness(&self, end: End) {
        // SAFETY: loom checks that no other thread accesses the cell meanwhile, and panics if one
        // does.
        let before = self.witness.with_mut(|witness| unsafe { (*witness).replace(end) });
        assert_eq!(before, None, "published twice");
    }

    /// What a waiter does after the end: looks at all that the publisher did before. The waiter
    /// must not ask `is_done`, which would make up for what the wait did not acquire.
    #[expect(unsafe_code, reason = "loom's cell hands out raw pointers")]
    pub(crate) fn look(&self) -> End {
        // SAFETY: as in `write_witness`.
        let end = self.witness.with(|witness| unsafe { *witness });
        end.expect("published before it was written")
    }

    #[expect(unsafe_code, reason = "loom's cell hands out raw pointers")]
    fn farewell<R>(&self, by: impl FnOnce(&mut bool) -> R) -> R {
        // SAFETY: as in `write_witness`.
        self.farewell.with_mut(|said| by(unsafe { &mut *said }))
    }

    fn looked_after_by(&self, party: &'static str) {
        self.caretakers.lock().unwrap_or_else(PoisonError::into_inner).push(party);
    }

    /// Checks that the outcome was published, and looked after once.
    pub(crate) fn check_end(&self) {
        assert!(self.outcome.is_done());
        self.look();
        let caretakers = self.caretakers.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(caretakers.len(), 1, "the value is looked after by one party");
        assert!(self.outcome.take().is_none());
    }

    /// What the party does that came second: takes the value, which no other party has taken, or
    /// will.
    fn care(&self, party: &'static str) {
        assert!(self.outcome.take().is_some(), "the {party} came second, but the value is gone");
        self.looked_after_by(party);
    }
}

/// The handle. Threads share it as they share an `EventualResult`: in an `Arc`, the last of which
/// drops it.
pub(crate) struct Handle {
    pub(crate) job: Arc<Job>,
    kept: Mutex<Option<End>>,
    seen: Seen<Event>,
}

pub(crate) type SharedHandle = loom::sync::Arc<Handle>;

impl Handle {
    pub(crate) fn new(job: &Arc<Job>, seen: &Seen<Event>) -> SharedHandle {
        let (job, seen) = (Arc::clone(job), seen.clone());
        SharedHandle::new(Self { job, kept: Mutex::new(None), seen })
    }

    /// Looks at the outcome, which is published: taken once, and the same for all waiters.
    fn see(&self) {
        let end = self.job.look();
        let mut kept = lock(&self.kept);
        let kept = kept.get_or_insert_with(|| {
            self.job.looked_after_by("waiter");
            self.job.outcome.take().expect("the value is in place")
        });
        assert_eq!(*kept, end);
    }

    pub(crate) fn wait(&self) {
        assert!(self.job.outcome.wait(None));
        self.see();
    }

    pub(crate) fn wait_until_deadline(&self) {
        if self.job.outcome.wait(soon()) {
            self.seen.note(Event::InTime);
            self.see();
        } else {
            self.seen.note(Event::Early);
        }
    }

    pub(crate) fn block_on(&self) {
        block_on(poll_fn(|cx| match self.job.outcome.poll(cx.waker()) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }));
        self.see();
    }

    /// What `wait_any.rs` does for each of its outcomes. Loom's waker is the notifier.
    pub(crate) fn listen(&self) {
        if let Some(listener) = self.job.outcome.listen() {
            block_on(listener);
        }
        self.see();
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if panicking() {
            return;
        }
        self.job.farewell(|said| *said = true);
        if !self.job.outcome.abandon() {
            return;
        }
        self.seen.note(Event::HandleCameSecond);
        self.job.look();
        if lock(&self.kept).is_none() {
            self.job.care("handle");
        }
    }
}
