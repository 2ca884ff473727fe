//! The hand-off of one outcome from the reactor thread to the threads and the task that wait for
//! it.
//!
//! # The protocol
//!
//! There is one *publisher* (the reactor thread, or the thread that drops a job which will never
//! run) and one *handle*, through which any number of threads may wait. `state` is a set of flags,
//! each raised once and never lowered, by read-modify-write operations only: [`DONE`], [`PARKED`],
//! [`LISTENED`], [`AWAITED`], [`ABANDONED`].
//!
//! Every step of two parties that must not miss each other is a pair of read-modify-writes of this
//! one word. These are totally ordered, so of two parties the later one sees the other's flag, and
//! acquires (`AcqRel`) all that the other did before it raised it. Hence no `SeqCst`, and no fence:
//!
//! - *No waiter sleeps through the end.* A thread registers its listener, then raises `LISTENED`.
//!   If `DONE` was up, the thread does not sleep. Otherwise the publisher, raising `DONE` later,
//!   sees `LISTENED` and the registered listener, and notifies it. The same holds for `PARKED` and
//!   `AWAITED` with their wakers.
//! - *One party looks after the value.* Publisher and handle each learn from their own operation,
//!   `DONE` or `ABANDONED`, whether they came second. The second party has the value to itself: the
//!   publisher, if the handle will never ask for the value; the handle, if it has not asked so far.
//!
//! A deadline changes nothing of this: a late waiter gives up its registration and looks once more.
//! So a wait may be cut into slices, as those inside `interruptible` are: each slice registers
//! again, and looks before it sleeps.
//!
//! Most outcomes have at most one waiting thread, and that one does without `event`. event-listener
//! wakes a thread while it holds the event's lock, which the thread wants first thing, so that the
//! thread goes to sleep once more: twice the calls of `futex`, a quarter more switches of threads,
//! and a tenth more time for an echo over loopback.
//!
//! `tests/loom/tests/outcome.rs` models every pair of operations.

use std::task::Waker;
use std::time::Instant;

use crate::sync::{
    AtomicBool, AtomicU8, AtomicWaker, Event, EventListener, IntoNotification, Listener, Mutex,
    Ordering, Parker, listener, lock, park_until, wait_until, with_parker,
};

/// The value is in place. Raised by the publisher, which then wakes all waiters whose flags it has
/// seen.
const DONE: u8 = 1;

/// A listener is registered with `event`. Raised by a thread that is about to sleep, if another
/// thread parks.
const LISTENED: u8 = 2;

/// A waker is registered with `waker`. Raised by the task that awaits the handle, before it returns
/// `Pending`.
const AWAITED: u8 = 4;

/// The handle is gone. Raised by its drop; a publisher that comes later looks after the value.
const ABANDONED: u8 = 8;

/// A waker is registered with `parked`. Raised by the one thread that may park, before it sleeps.
const PARKED: u8 = 16;

/// A write-once cell to wait on. The module's documentation has the protocol.
///
/// The fields stay in this order, against false sharing. A thread that busy-waits reads `state` all
/// the time, and each read takes the cache line away from the publisher. So there are 64 bytes
/// between `state` and what the publisher writes before: the value, and what is in front of the
/// outcome.
#[repr(C)]
pub(crate) struct Outcome<V> {
    /// LOCKING: held to move the value in or out, never while other code runs.
    value: Mutex<Option<V>>,
    /// Wakes the thread that parks. Called outside any lock.
    parked: AtomicWaker,
    /// Whether a thread parks. One thread at a time may; the others use `event`.
    is_parked: AtomicBool,
    /// Wakes all other threads. event-listener wakes under its own lock, so no user's waker may go
    /// in here.
    event: Event,
    /// Wakes the one task that awaits the handle. Called outside any lock.
    waker: AtomicWaker,
    state: AtomicU8,
}

impl<V> Outcome<V> {
    pub(crate) fn new() -> Self {
        Self {
            state: AtomicU8::new(0),
            value: Mutex::new(None),
            parked: AtomicWaker::new(),
            is_parked: AtomicBool::new(false),
            event: Event::new(),
            waker: AtomicWaker::new(),
        }
    }

    /// Puts the value in place. Publisher only, before [`publish`](Self::publish). Returns the
    /// value that was in place before, for the caller to drop.
    pub(crate) fn put(&self, value: V) -> Option<V> {
        lock(&self.value).replace(value)
    }

    /// Announces that the value is in place. Publisher only, once. Returns false if the handle is
    /// gone; then the publisher has to look after the value.
    pub(crate) fn publish(&self) -> bool {
        // ORDERING: AcqRel; see the module's documentation.
        let before = self.state.fetch_or(DONE, Ordering::AcqRel);
        if before & PARKED != 0 {
            self.parked.wake();
        }
        if before & LISTENED != 0 {
            // Relaxed, as the read-modify-write above ordered us after the listeners' registration.
            // One at a time, so that a thread which has been woken may get the event's lock before
            // all others have been (measured: 1000 threads in 40 ms instead of 60). The loop ends:
            // a thread that registers from now on sees DONE.
            while self.event.notify(1.additional().relaxed()) > 0 {}
        }
        if before & AWAITED != 0 {
            self.waker.wake();
        }
        before & ABANDONED == 0
    }

    /// Gives up the handle. Handle only, once. Returns true if the outcome had been published; then
    /// the handle has to look after the value.
    pub(crate) fn abandon(&self) -> bool {
        // ORDERING: Relaxed; the handle itself raised AWAITED. The waker goes first, so that a
        // publisher that comes second, and has to look after the value, wakes no task: it runs no
        // user code before.
        let awaited = self.state.load(Ordering::Relaxed) & AWAITED != 0;
        let waker = if awaited { self.waker.take() } else { None };
        let published = self.state.fetch_or(ABANDONED, Ordering::AcqRel) & DONE != 0;
        drop(waker);
        published
    }

    /// Takes the value, if it is in place and has not been taken.
    pub(crate) fn take(&self) -> Option<V> {
        lock(&self.value).take()
    }

    pub(crate) fn is_done(&self) -> bool {
        // ORDERING: pairs with `publish`; what the publisher did before it is visible.
        self.state.load(Ordering::Acquire) & DONE != 0
    }

    /// Blocks until the outcome is published (`true`) or `deadline` has passed (`false`); `None` is
    /// no deadline. Sleeps at once; `Spin::wait` looks for a while before.
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> bool {
        if self.is_done() {
            return true;
        }
        with_parker(|parker, waker| self.park(parker, waker, deadline))
            .unwrap_or_else(|| self.sleep(deadline))
    }

    /// Waits as the one thread that parks; `None` if another thread does.
    fn park(&self, parker: &Parker, waker: &Waker, deadline: Option<Instant>) -> Option<bool> {
        // ORDERING: pairs with the store below, so the threads that park one after the other also
        // register one after the other, as `AtomicWaker` asks for.
        if self.is_parked.swap(true, Ordering::Acquire) {
            return None;
        }
        self.parked.register(waker);
        // RACE: with `publish`; one of the two sees the other's flag. If an earlier thread has
        // raised PARKED, then `register` promises that either it or the `wake` after DONE sees the
        // other.
        let mut is_done = self.state.fetch_or(PARKED, Ordering::AcqRel) & DONE != 0;
        while !is_done {
            let woken = park_until(parker, deadline);
            is_done = self.is_done();
            if !woken {
                break;
            }
            // Woken, but not done: the token was left by an earlier wait of this thread, which had
            // timed out.
        }
        if !is_done {
            drop(self.parked.take());
            self.is_parked.store(false, Ordering::Release);
            is_done = self.is_done();
        }
        Some(is_done)
    }

    /// Waits as one of any number of threads.
    fn sleep(&self, deadline: Option<Instant>) -> bool {
        loop {
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return self.is_done();
            }
            listener!(self.event => listener);
            // RACE: with `publish`; one of the two sees the other's flag.
            if self.state.fetch_or(LISTENED, Ordering::AcqRel) & DONE != 0 {
                return true;
            }
            match deadline {
                None => listener.wait(),
                Some(deadline) if wait_until(listener, deadline) => {}
                Some(_) => return self.is_done(),
            }
            // The event is notified after DONE only.
            if self.is_done() {
                self.wake_others();
                return true;
            }
        }
    }

    /// Helps the publisher, which wakes one listener after the other, and each is a call of the
    /// system.
    ///
    /// The publisher does not rely on it, and goes on until all have been notified: a thread that
    /// has been woken may be slow to run.
    fn wake_others(&self) {
        // ORDERING: Relaxed, as nothing depends on which listeners are seen here.
        // Measured with 1000 threads on two cores: all have the outcome after 28 ms without help,
        // after 18, 14 or 21 where each wakes 1, 2 or 4 more. One thread that only unparks all
        // others takes 15.
        self.event.notify(2.additional().relaxed());
    }

    /// Registers one more listener, which is notified when the outcome is published, and not
    /// before; `None` if the outcome has been published. For a thread that waits for several
    /// outcomes at once.
    pub(crate) fn listen(&self) -> Option<EventListener> {
        let listener = self.event.listen();
        // RACE: with `publish`, as in `sleep`.
        let done = self.state.fetch_or(LISTENED, Ordering::AcqRel) & DONE != 0;
        (!done).then_some(listener)
    }

    /// Registers the task to be woken when the outcome is published. Returns true if it has been
    /// published. Only the task that was registered last is woken.
    pub(crate) fn poll(&self, waker: &Waker) -> bool {
        if self.is_done() {
            return true;
        }
        self.waker.register(waker);
        // RACE: with `publish`, as in `sleep`. On a later poll AWAITED is up already, and
        // `register` promises that either it or the `wake` after DONE sees the other.
        self.state.fetch_or(AWAITED, Ordering::AcqRel) & DONE != 0
    }
}

#[cfg(all(test, not(loom), target_pointer_width = "64"))]
mod tests {
    use std::mem::offset_of;

    use super::*;

    #[test]
    fn the_state_shares_no_cache_line_with_what_the_publisher_writes_before() {
        fn gap<V>() -> usize {
            offset_of!(Outcome<V>, state) - size_of::<Mutex<Option<V>>>()
        }
        assert!(gap::<()>() >= 64, "{}", gap::<()>());
        assert!(gap::<String>() >= 64, "{}", gap::<String>());
        assert_eq!(offset_of!(Outcome<String>, value), 0);
    }
}
