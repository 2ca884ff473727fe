//! One sleep for many outcomes.
//!
//! # The protocol
//!
//! Each outcome gets a listener of its own, whose waker is the call's [`Notifier`]. So an outcome
//! that is published
//!
//! - before its listener is registered makes [`listen`](crate::handoff::outcome::Outcome::listen)
//!   say so;
//! - before its listener has the waker makes the first poll say so;
//! - after that wakes the notifier.
//!
//! In the first two cases the thread does not sleep. In the third the notifier raises
//! `is_notified`, and then unparks the thread, which parks only after it has found the flag
//! lowered. All later wakes find the flag raised and do nothing.
//!
//! The thread parks with its parker, as all its waits do. A token in it may be left from an earlier
//! wait, and a wait of code that runs between two sleeps may take one; so the flag decides, not the
//! token.
//!
//! `tests/loom/tests/wait_any.rs` models it with two outcomes.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::Instant;

use crate::sync::{AtomicBool, EventListener, Ordering, Parker, park_until, with_parker};

/// Unparks the thread of one call, once.
struct Notifier {
    /// ORDERING: the Release of the swap pairs with the Acquire in `sleep_until`.
    is_notified: AtomicBool,
    thread: Waker,
}

impl Wake for Notifier {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    // LOCKING: called under the lock of an outcome's event. It takes the parker's own for a moment,
    // under which nothing else is taken.
    fn wake_by_ref(self: &Arc<Self>) {
        if !self.is_notified.swap(true, Ordering::AcqRel) {
            self.thread.wake_by_ref();
        }
    }
}

impl Notifier {
    /// Sleeps until the notifier is woken (`true`) or the deadline has passed (`false`); `None` is
    /// no deadline.
    fn sleep_until(&self, parker: &Parker, deadline: Option<Instant>) -> bool {
        loop {
            if self.is_notified.load(Ordering::Acquire) {
                return true;
            }
            if !park_until(parker, deadline) {
                return self.is_notified.load(Ordering::Acquire);
            }
        }
    }
}

/// Blocks until one of the listeners is notified, or `sleep` gives up. A `None` among the listeners
/// counts as one that has been notified.
///
/// Each listener is made when the iterator is asked for it. `sleep` is given the function that
/// sleeps, until one of the listeners is notified (`true`) or a deadline has passed (`false`), and
/// may call it again after that.
pub(crate) fn sleep_until_any(
    mut listeners: impl Iterator<Item = Option<EventListener>>,
    mut sleep: impl FnMut(&mut dyn FnMut(Option<Instant>) -> bool),
) {
    with_parker(|parker, thread| {
        let is_notified = AtomicBool::new(false);
        let notifier = Arc::new(Notifier { is_notified, thread: thread.clone() });
        let waker = Waker::from(Arc::clone(&notifier));
        let mut cx = Context::from_waker(&waker);
        let mut registered = Vec::with_capacity(listeners.size_hint().0);
        for listener in listeners.by_ref() {
            let Some(mut listener) = listener else { return };
            if Pin::new(&mut listener).poll(&mut cx).is_ready() {
                return;
            }
            registered.push(listener);
        }
        sleep(&mut |deadline| notifier.sleep_until(parker, deadline));
    });
}
