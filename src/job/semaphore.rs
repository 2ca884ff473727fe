//! [`Semaphore`]: bounds the number of a reactor's unfinished jobs, for `Builder::max_jobs`.
//!
//! `tests/loom/tests/semaphore.rs` models every pair of operations.

use std::sync::Arc;
use std::time::Instant;

use crate::sync::{AtomicUsize, Event, IntoNotification, Listener, Ordering, wait_until};
use crate::sys::fork;

/// Counts the unfinished jobs of one reactor.
pub(crate) struct Semaphore {
    max: usize,
    /// How many permits there are. ORDERING: Relaxed, as the count guards nothing but itself.
    /// `released` makes a waiting caller see it: the event orders what came before `notify` before
    /// what comes after `listen`, or wakes the listener.
    acquired: AtomicUsize,
    /// Notified for each permit that has been released.
    released: Event,
}

/// Counts one job, until it is dropped.
pub(crate) struct Permit(Arc<Semaphore>);

impl Semaphore {
    pub(crate) fn new(max: usize) -> Self {
        Self { max, acquired: AtomicUsize::new(0), released: Event::new() }
    }

    /// Returns a permit, if there are fewer than the maximum.
    pub(crate) fn try_acquire(self: &Arc<Self>) -> Option<Permit> {
        let one_more = |acquired| (acquired < self.max).then_some(acquired + 1);
        let before = self.acquired.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        before.is_ok().then(|| Permit(Arc::clone(self)))
    }

    /// Blocks until `done` is true (`true`) or the deadline has passed (`false`); `None` is no
    /// deadline. Looks each time that a permit has been released, or [`wake_all`](Self::wake_all)
    /// was called.
    pub(crate) fn wait(&self, deadline: Option<Instant>, mut done: impl FnMut() -> bool) -> bool {
        loop {
            if done() {
                return true;
            }
            // RACE: with `Permit::drop` and `wake_all`. They change what `done` looks at, and then
            // notify; here the thread listens, and then looks once more.
            let listener = self.released.listen();
            if done() {
                return true;
            }
            match deadline {
                None => listener.wait(),
                Some(deadline) if wait_until(listener, deadline) => {}
                Some(_) => return done(),
            }
        }
    }

    /// Makes all waiting callers look again.
    pub(crate) fn wake_all(&self) {
        self.released.notify(usize::MAX);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if fork::forked_from().is_some() {
            // The job is the parent's, and the event may be locked for ever.
            return;
        }
        self.0.acquired.fetch_sub(1, Ordering::Relaxed);
        // One more caller for each permit: a second permit that is released before the first woken
        // caller runs must wake a second one. A listener that is dropped after it was notified
        // passes that on.
        self.0.released.notify(1.additional());
    }
}
