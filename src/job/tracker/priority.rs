//! [`PriorityMutex`]: a mutex that the reactor thread gets before all others.

use std::sync::TryLockError;
use std::thread;
use std::time::Duration;

use crate::sync::{AtomicBool, Mutex, MutexGuard, Ordering, lock};

/// How often another thread yields to the reactor thread, before it begins to sleep between two
/// looks.
const YIELDS: u32 = 32;
const NAP: Duration = Duration::from_micros(50);

/// A mutex of which the reactor thread need not wait for more than the critical sections that have
/// begun, or are about to begin, when it asks.
///
/// A std mutex is not fair: a thread that unlocks it and locks it again at once gets it before a
/// thread that sleeps until the first one unlocks it. So two threads that list jobs without a pause
/// would keep the reactor thread from its work. Here the reactor thread raises a flag before it
/// sleeps, and other threads do not try to lock the mutex while the flag is up.
///
/// Without contention, each side locks the mutex as it would any other; the reactor thread does
/// nothing else.
pub(super) struct PriorityMutex<T> {
    value: Mutex<T>,
    /// Whether the reactor thread waits for the lock. ORDERING: Relaxed, as the flag guards
    /// nothing. A thread that misses it takes the lock once more before the reactor thread does.
    reactor_waits: AtomicBool,
}

impl<T> PriorityMutex<T> {
    pub(super) fn new(value: T) -> Self {
        Self { value: Mutex::new(value), reactor_waits: AtomicBool::new(false) }
    }

    /// Locks the mutex for the reactor thread, or for the thread that stops a reactor without one.
    pub(super) fn lock_first(&self) -> MutexGuard<'_, T> {
        match self.value.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poison)) => poison.into_inner(),
            Err(TryLockError::WouldBlock) => self.wait(),
        }
    }

    #[cold]
    fn wait(&self) -> MutexGuard<'_, T> {
        self.reactor_waits.store(true, Ordering::Relaxed);
        let guard = lock(&self.value);
        self.reactor_waits.store(false, Ordering::Relaxed);
        guard
    }

    /// Locks the mutex for any thread, once the reactor thread has had its turn.
    pub(super) fn lock_after_reactor(&self) -> MutexGuard<'_, T> {
        let mut looks = 0;
        while self.reactor_waits.load(Ordering::Relaxed) {
            // The reactor thread needs a core to take its turn. The sleep lets it run even where
            // this thread has the higher priority, and only gives way to others by sleeping.
            if looks < YIELDS {
                thread::yield_now();
            } else {
                thread::sleep(NAP);
            }
            looks += 1;
        }
        lock(&self.value)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn threads_that_lock_again_and_again_do_not_keep_the_reactor_thread_waiting() {
        const TURNS: u32 = 100;
        let section = Duration::from_micros(300);
        let mutex = PriorityMutex::new(());
        let (begun, over) = (AtomicU32::new(0), AtomicBool::new(false));
        let between = thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !over.load(Ordering::Relaxed) {
                        let _locked = mutex.lock_after_reactor();
                        begun.fetch_add(1, Ordering::Relaxed);
                        let start = Instant::now();
                        while start.elapsed() < section {}
                    }
                });
            }
            let mut between = 0;
            for _ in 0..TURNS {
                // Ask while the others are at work.
                let before = begun.load(Ordering::Relaxed);
                while begun.load(Ordering::Relaxed) == before {
                    thread::yield_now();
                }
                let before = begun.load(Ordering::Relaxed);
                let locked = mutex.lock_first();
                between += begun.load(Ordering::Relaxed) - before;
                drop(locked);
            }
            over.store(true, Ordering::Relaxed);
            between
        });
        // One of a thread that has missed the flag; and as many again where threads are preempted
        // between their look at the flag and the lock.
        assert!(between <= 2 * TURNS, "{between} critical sections came before {TURNS} turns");
    }
}
