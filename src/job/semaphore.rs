//! [`Semaphore`]: bounds the number of a reactor's unfinished jobs, for `Builder::max_jobs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::sync::{Event, IntoNotification, Listener, wait_until};
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn there_are_as_many_permits_as_it_says() {
        let semaphore = Arc::new(Semaphore::new(2));
        let permits = [semaphore.try_acquire().unwrap(), semaphore.try_acquire().unwrap()];
        assert!(semaphore.try_acquire().is_none());
        drop(permits);
        assert!(semaphore.try_acquire().is_some());
        assert!(Arc::new(Semaphore::new(0)).try_acquire().is_none());
    }

    #[test]
    fn all_that_wait_get_a_permit_when_as_many_are_released_at_once() {
        for _ in 0..200 {
            let semaphore = Arc::new(Semaphore::new(4));
            let permits = [(); 4].map(|()| semaphore.try_acquire().unwrap());
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        let mut permit = None;
                        assert!(semaphore.wait(None, || {
                            permit = semaphore.try_acquire();
                            permit.is_some()
                        }));
                        // Kept, so that no other thread gets this one.
                        std::mem::forget(permit);
                    });
                }
                thread::yield_now();
                drop(permits);
            });
        }
    }

    #[test]
    fn a_wait_ends_at_its_deadline_or_when_all_are_woken() {
        let semaphore = Semaphore::new(0);
        let soon = Instant::now() + Duration::from_millis(5);
        assert!(!semaphore.wait(Some(soon), || false));
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| assert!(semaphore.wait(None, || is_over.load(Ordering::Relaxed))));
            }
            is_over.store(true, Ordering::Relaxed);
            semaphore.wake_all();
        });
    }
}
