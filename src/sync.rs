//! The primitives under the hand-off protocols (`outcome.rs`, `header.rs`, `loan.rs`,
//! `semaphore.rs`), named in one place so that the models in `tests/loom` can put loom's there instead.

use std::ops::Deref;
use std::task::Waker;
use std::time::{Duration, Instant};

pub(crate) use atomic_waker::AtomicWaker;
pub(crate) use event_listener::{Event, EventListener, IntoNotification, Listener, listener};
pub(crate) use parking::Parker;
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
pub(crate) use std::sync::{Mutex, MutexGuard, PoisonError};

/// A value that shares no cache line with others: a thread that writes to it takes no line away
/// from threads that only read what is beside it. 128 bytes, as processors fetch lines in pairs.
#[repr(align(128))]
pub(crate) struct OwnLines<T>(pub(crate) T);

impl<T> Deref for OwnLines<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// Returns when a wait that begins at `start` is over; `None` is never. The one place where
/// timeouts become deadlines.
pub(crate) fn deadline(start: Instant, timeout: Duration) -> Option<Instant> {
    start.checked_add(timeout)
}

/// Blocks until the listener is notified (`true`) or the deadline has passed (`false`). A model has
/// no clock: there the deadline passes at once, which is any time, seen from the other threads.
pub(crate) fn wait_until(listener: impl Listener<()>, deadline: Instant) -> bool {
    listener.wait_deadline(deadline).is_some()
}

/// Blocks until the parker is unparked (`true`) or the deadline has passed (`false`); `None` is no
/// deadline. It may have been unparked before, for something else. In a model the deadline passes
/// at once.
pub(crate) fn park_until(parker: &Parker, deadline: Option<Instant>) -> bool {
    let Some(deadline) = deadline else {
        parker.park();
        return true;
    };
    // It may also return for no reason.
    while !parker.park_deadline(deadline) {
        if Instant::now() >= deadline {
            return false;
        }
    }
    true
}

/// Lends the calling thread's parker, and the waker that unparks it. In destructors of
/// thread-locals, when that may be gone, it is one made for the call.
pub(crate) fn with_parker<R>(mut then: impl FnMut(&Parker, &Waker) -> R) -> R {
    thread_local! {
        static PARKER: (Parker, Waker) = pair();
    }
    fn pair() -> (Parker, Waker) {
        let (parker, unparker) = parking::pair();
        (parker, unparker.into())
    }

    let lent = PARKER.try_with(|(parker, waker)| then(parker, waker));
    lent.unwrap_or_else(|_gone| {
        let (parker, waker) = pair();
        then(&parker, &waker)
    })
}

/// Locks, whatever happened to an earlier holder: every critical section of this crate leaves its
/// data whole at each point where it can unwind.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
