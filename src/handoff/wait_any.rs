//! One sleep for many outcomes.
//!
//! # The protocol
//!
//! Each outcome has a listener of its own, which wakes no thread, but rings the *bell*, on which the thread
//! sleeps. The thread first listens to the bell, then to one outcome after the other. So an outcome that is
//! published
//!
//! - before its listener is registered makes [`listen`](crate::handoff::outcome::Outcome::listen) say so;
//! - before its listener has the bell's waker makes the first poll say so;
//! - after that rings the bell, to which the thread is listening.
//!
//! In the first two cases the thread does not sleep. In the third it sleeps once, and is woken by the first
//! ring; all others find nobody.
//!
//! The bell is an event of its own, as the thread's park token is anybody's.
//!
//! `tests/loom/tests/bell.rs` models it with two outcomes.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::Instant;

use crate::sync::{Event, EventListener, Listener, listener, wait_until};

struct Notifier(Event);

impl Wake for Notifier {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    // LOCKING: called under the lock of an outcome's event. It takes the bell's own for a moment, under which
    // nothing else is taken.
    fn wake_by_ref(self: &Arc<Self>) {
        self.0.notify(1);
    }
}

/// Blocks until one of the listeners is notified, or the deadline has passed; `None` is no deadline. It takes a
/// `None` among the listeners for one that has been.
///
/// Each listener is made when it is asked for, and no sooner.
pub(crate) fn sleep_until_any(
    listeners: impl Iterator<Item = Option<EventListener>>,
    deadline: Option<Instant>,
) {
    let bell = Arc::new(Notifier(Event::new()));
    listener!(bell.0 => rung);
    let waker = Waker::from(Arc::clone(&bell));
    let mut cx = Context::from_waker(&waker);
    let mut registered = Vec::with_capacity(listeners.size_hint().0);
    for listener in listeners {
        let Some(mut listener) = listener else { return };
        if Pin::new(&mut listener).poll(&mut cx).is_ready() {
            return;
        }
        registered.push(listener);
    }
    match deadline {
        None => rung.wait(),
        Some(deadline) => {
            wait_until(rung, deadline);
        }
    }
}
