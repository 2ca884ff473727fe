//! What a test wants to know of a future: how often it was polled, and on which thread it was dropped.

#![allow(dead_code, unreachable_pub, reason = "each suite uses some of it")]

use std::future::{self, Future};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::thread::{self, ThreadId};

use crochet::{Error, Reactor};

use crate::support::LONG;

/// Runs a closure when it is dropped.
pub struct OnDrop<F: FnMut()>(pub F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// The record of one future.
#[derive(Clone, Default)]
pub struct Trace(Arc<Record>);

#[derive(Default)]
struct Record {
    polls: AtomicUsize,
    drops: Mutex<Vec<ThreadId>>,
}

impl Trace {
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets `future` be recorded.
    pub fn of<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        let mark = self.mark();
        let record = Arc::clone(&self.0);
        async move {
            let _mark = mark;
            let mut future = std::pin::pin!(future);
            future::poll_fn(|cx| {
                record.polls.fetch_add(1, Ordering::Relaxed);
                future.as_mut().poll(cx)
            })
            .await
        }
    }

    /// A future that is never ready.
    pub fn pending<T, E>(&self) -> impl Future<Output = Result<T, E>> + use<T, E> {
        self.of(future::poll_fn(|_| Poll::Pending))
    }

    /// Records the thread on which it is dropped.
    pub fn mark(&self) -> OnDrop<impl FnMut() + Send + use<>> {
        let record = Arc::clone(&self.0);
        OnDrop(move || record.drops.lock().unwrap().push(thread::current().id()))
    }

    pub fn polls(&self) -> usize {
        self.0.polls.load(Ordering::Relaxed)
    }

    /// The threads on which it was dropped: one, for a future that is gone.
    pub fn drops(&self) -> Vec<ThreadId> {
        self.0.drops.lock().unwrap().clone()
    }
}

/// The thread of a reactor; so it is alive and well.
#[track_caller]
pub fn thread_of(reactor: &Reactor) -> ThreadId {
    reactor.wait_for(LONG, async { Ok::<_, Error>(thread::current().id()) }).unwrap()
}

/// This thread.
pub fn here() -> ThreadId {
    thread::current().id()
}
