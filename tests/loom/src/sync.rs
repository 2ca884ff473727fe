//! The names of `src/sync.rs`, with loom's types behind them.

use std::mem;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Instant;

pub use event_listener::{Event, EventListener, IntoNotification, Listener, listener};
use loom::sync::Condvar;
pub use loom::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
pub use loom::sync::{Mutex, MutexGuard};
pub use std::sync::PoisonError;

/// `atomic_waker::AtomicWaker`'s interface to loom's model of it.
#[derive(Debug, Default)]
pub struct AtomicWaker(loom::future::AtomicWaker);

impl AtomicWaker {
    /// Makes one with no waker in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers the waker in place of the one before.
    pub fn register(&self, waker: &Waker) {
        self.0.register_by_ref(waker);
    }

    /// Takes the registered waker and wakes it.
    pub fn wake(&self) {
        self.0.wake();
    }

    /// Takes the registered waker.
    pub fn take(&self) -> Option<Waker> {
        self.0.take_waker()
    }
}

/// Lets the deadline pass at once, which is any time, seen from the other threads. Like the real
/// wait at its deadline, it gives up the listener, and a notification that came before counts.
pub fn wait_until(listener: impl Listener<()>, _deadline: Instant) -> bool {
    listener.discard()
}

/// `parking::Parker`'s interface to a model of it.
#[derive(Debug, Default)]
pub struct Parker(Arc<Token>);

#[derive(Debug, Default)]
struct Token {
    is_there: Mutex<bool>,
    came: Condvar,
}

impl Wake for Token {
    fn wake(self: Arc<Self>) {
        *lock(&self.is_there) = true;
        self.came.notify_one();
    }
}

/// Blocks until the parker is unparked; or lets the deadline pass at once, which is any time, seen
/// from the other threads. A token that is there counts.
pub fn park_until(parker: &Parker, deadline: Option<Instant>) -> bool {
    let Token { is_there, came } = &*parker.0;
    let mut token = lock(is_there);
    while !*token && deadline.is_none() {
        token = came.wait(token).unwrap_or_else(PoisonError::into_inner);
    }
    mem::take(&mut *token)
}

/// Lends the calling thread's parker, which may have a token left from an earlier wait.
pub fn with_parker<R>(mut then: impl FnMut(&Parker, &Waker) -> R) -> R {
    loom::thread_local! {
        static PARKER: Parker = Parker::default();
    }
    PARKER.with(|parker| then(parker, &Waker::from(Arc::clone(&parker.0))))
}

/// Locks. In a model a thread unwinds only to end the model.
pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
