//! The hand-off of one outcome from the reactor thread to whoever waits for it.
//!
//! # The protocol
//!
//! There is one *publisher* (the reactor thread, or whoever holds a job that will never run) and one
//! *handle*, through which any number of threads may wait. `state` is a set of flags, each raised once
//! and never lowered, by read-modify-write operations only:
//!
//! | flag | raised by | when |
//! |---|---|---|
//! | `DONE` | the publisher | the value is in place |
//! | `PARKED` | the one thread that may, about to sleep | its waker is registered with `parked` |
//! | `LISTENED` | any other thread about to sleep | its listener is registered with `event` |
//! | `AWAITED` | a task about to return `Pending` | its waker is registered with `waker` |
//! | `ABANDONED` | the handle | it is being dropped |
//!
//! Every step of two parties that must not miss each other is a pair of read-modify-writes of this one
//! word. These are totally ordered, so of two parties the later one sees the other's flag, and acquires
//! (`AcqRel`) all that the other did before it raised it. Hence no `SeqCst`, and no fence:
//!
//! - *No waiter sleeps through the end.* A thread registers its listener, then raises `LISTENED`. If
//!   `DONE` was up, it does not sleep. Otherwise the publisher, raising `DONE` later, sees `LISTENED` and
//!   the registered listener, and notifies it. The same for `PARKED` and `AWAITED` with their wakers.
//! - *A value is looked after by one party.* Publisher and handle each learn from their own operation,
//!   `DONE` or `ABANDONED`, whether they came second. Who comes second has the value to itself: the
//!   publisher, of a value that nobody will ask for; the handle, of a value that nobody has asked for.
//!
//! A deadline changes nothing of this: a late waiter gives up its registration and looks once more.
//!
//! Most outcomes have one waiting thread at most, and that one does without `event`. event-listener wakes a thread
//! while it holds the event's lock, which the thread wants first thing, so it goes to sleep once more: twice the
//! calls of `futex`, a quarter more switches of threads, and a tenth more time for an echo over loopback.
//!
//! `tests/loom/tests/outcome.rs` models every pair of operations.

use std::task::Waker;
use std::time::Instant;

use crate::sync::{
    AtomicBool, AtomicU8, AtomicWaker, Event, EventListener, IntoNotification, Listener, Mutex,
    Ordering, Parker, listener, lock, park_until, wait_until, with_parker,
};

const DONE: u8 = 1;
const LISTENED: u8 = 2;
const AWAITED: u8 = 4;
const ABANDONED: u8 = 8;
const PARKED: u8 = 16;

/// A write-once cell to wait on. The module's documentation has the protocol.
pub(crate) struct Outcome<V> {
    state: AtomicU8,
    /// LOCKING: held to move the value in or out, never while other code runs.
    value: Mutex<Option<V>>,
    /// For one thread at a time, which has raised `is_parked`. Woken outside any lock.
    parked: AtomicWaker,
    is_parked: AtomicBool,
    /// For all other threads. event-listener wakes under its own lock, so no user's waker may go in here.
    event: Event,
    /// For the one task that awaits the handle; it wakes outside any lock.
    waker: AtomicWaker,
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

    /// Puts the value in place. Publisher only, before [`publish`](Self::publish); returns the value
    /// that was in place before, which is the caller's to drop.
    pub(crate) fn put(&self, value: V) -> Option<V> {
        lock(&self.value).replace(value)
    }

    /// Announces that the value is in place. Publisher only, once. Returns false if the handle is gone,
    /// in which case the value is the publisher's to look after.
    pub(crate) fn publish(&self) -> bool {
        // ORDERING: AcqRel; see the module's documentation.
        let before = self.state.fetch_or(DONE, Ordering::AcqRel);
        if before & PARKED != 0 {
            self.parked.wake();
        }
        if before & LISTENED != 0 {
            // Relaxed, as the read-modify-write above ordered us after the listeners' registration. One at a time, so
            // that a thread that has been woken may get the event's lock before all others have been (measured: 1000
            // threads in 40 ms, and not in 60). It ends: who registers from now on sees DONE, and goes.
            while self.event.notify(1.additional().relaxed()) > 0 {}
        }
        if before & AWAITED != 0 {
            self.waker.wake();
        }
        before & ABANDONED == 0
    }

    /// Gives up the handle. Handle only, once. Returns true if the outcome had been published, in which
    /// case the value is the handle's to look after.
    pub(crate) fn abandon(&self) -> bool {
        // ORDERING: Relaxed; the handle itself raised AWAITED. The waker goes first, so a publisher that
        // comes second has nobody to wake: who is told to look after the value runs no user code before.
        let awaited = self.state.load(Ordering::Relaxed) & AWAITED != 0;
        let waker = if awaited { self.waker.take() } else { None };
        let published = self.state.fetch_or(ABANDONED, Ordering::AcqRel) & DONE != 0;
        drop(waker);
        published
    }

    /// Takes the value, if it is in place and nobody has taken it.
    pub(crate) fn take(&self) -> Option<V> {
        lock(&self.value).take()
    }

    pub(crate) fn is_done(&self) -> bool {
        // ORDERING: pairs with `publish`; what the publisher did before it is visible.
        self.state.load(Ordering::Acquire) & DONE != 0
    }

    /// Blocks until the outcome is published (`true`) or `deadline` has passed (`false`); `None` is no
    /// deadline. Sleeps at once; `Spin::wait` looks first.
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> bool {
        if self.is_done() {
            return true;
        }
        with_parker(|parker, waker| self.park(parker, waker, deadline))
            .unwrap_or_else(|| self.sleep(deadline))
    }

    /// Waits as the one thread that parks; `None` if another one does.
    fn park(&self, parker: &Parker, waker: &Waker, deadline: Option<Instant>) -> Option<bool> {
        // ORDERING: pairs with the store below, so the threads that park one after the other also register one after
        // the other, as `AtomicWaker` asks for.
        if self.is_parked.swap(true, Ordering::Acquire) {
            return None;
        }
        self.parked.register(waker);
        // RACE: with `publish`; one of the two sees the other's flag. If an earlier thread has raised PARKED, then
        // `register` promises that either it or the `wake` after DONE sees the other.
        let mut is_done = self.state.fetch_or(PARKED, Ordering::AcqRel) & DONE != 0;
        while !is_done {
            let woken = park_until(parker, deadline);
            is_done = self.is_done();
            if !woken {
                break;
            }
            // Woken, and not done: it was the waker of an earlier wait of this thread, which had timed out.
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
        }
    }

    /// Registers one more listener, which is notified when the outcome is published, and not before; `None`
    /// if it has been published. For a thread that waits for several outcomes at once.
    pub(crate) fn listen(&self) -> Option<EventListener> {
        let listener = self.event.listen();
        // RACE: with `publish`, as in `sleep`.
        let done = self.state.fetch_or(LISTENED, Ordering::AcqRel) & DONE != 0;
        (!done).then_some(listener)
    }

    /// Registers the task to be woken when the outcome is published; returns true if it has been. Only
    /// the last registered task is woken.
    pub(crate) fn poll(&self, waker: &Waker) -> bool {
        if self.is_done() {
            return true;
        }
        self.waker.register(waker);
        // RACE: with `publish`, as in `sleep`. On a later poll AWAITED is up already, and `register`
        // promises that either it or the `wake` after DONE sees the other.
        self.state.fetch_or(AWAITED, Ordering::AcqRel) & DONE != 0
    }
}
