//! The primitives under the hand-off protocols (`outcome.rs`, `ticket.rs`, `slot.rs`), named in one
//! place so that the models in `tests/loom` can put loom's there instead.

use std::time::Instant;

pub(crate) use atomic_waker::AtomicWaker;
pub(crate) use event_listener::{Event, EventListener, IntoNotification, Listener, listener};
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
pub(crate) use std::sync::{Mutex, MutexGuard, PoisonError};

/// Blocks until the listener is notified (`true`) or the deadline has passed (`false`). A model has no
/// clock: there the deadline passes at once, which is any time, seen from the other threads.
pub(crate) fn wait_until(listener: impl Listener<()>, deadline: Instant) -> bool {
    listener.wait_deadline(deadline).is_some()
}

/// Locks, whatever happened to an earlier holder: every critical section of this crate leaves its data
/// whole at each point where it can unwind.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
