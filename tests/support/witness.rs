//! Jobs in a known state, and witnesses of what is dropped, how often and where.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use crochet::{Error, EventualResult, Reactor};
use futures_lite::future::{pending, yield_now};

use super::LONG;

/// Sees every drop of its [`Witness`]es.
#[derive(Clone, Default)]
pub struct Drops(Arc<Mutex<Vec<ThreadId>>>);

impl Drops {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn witness(&self) -> Witness {
        Witness(self.clone())
    }

    /// The threads on which the witnesses were dropped, so far.
    pub fn threads(&self) -> Vec<ThreadId> {
        self.0.lock().unwrap().clone()
    }

    pub fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

pub struct Witness(Drops);

impl Drop for Witness {
    fn drop(&mut self) {
        self.0.0.lock().unwrap().push(thread::current().id());
    }
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Witness")
    }
}

/// Panics when it is dropped.
#[derive(Debug)]
pub struct PanicOnDrop(pub &'static str);

impl Drop for PanicOnDrop {
    fn drop(&mut self) {
        panic!("{}", self.0);
    }
}

/// The thread of this reactor.
pub fn thread_of(reactor: &Reactor) -> ThreadId {
    reactor.wait_for(LONG, async { Ok::<_, Error>(thread::current().id()) }).unwrap()
}

/// Returns when every job that was submitted before has been begun, and has been polled by its task.
pub fn settle(reactor: &Reactor) {
    let round = async {
        yield_now().await;
        Ok::<_, Error>(())
    };
    reactor.wait_for(LONG, round).unwrap();
}

/// Keeps a job of [`held`] waiting until it is released or dropped.
#[must_use]
pub struct Leash(async_channel::Sender<()>);

impl Leash {
    pub fn release(self) {
        drop(self.0);
    }
}

/// A job that is waiting, and returns `result` when it is released.
#[track_caller]
pub fn held<T, E>(reactor: &Reactor, result: Result<T, E>) -> (Leash, EventualResult<T, E>)
where
    T: Send + 'static,
    E: fmt::Debug + Send + 'static,
{
    let (leash, held) = async_channel::bounded::<()>(1);
    let job = reactor.run_in_reactor(move || async move {
        let _ = held.recv().await;
        result
    });
    settle(reactor);
    (Leash(leash), job)
}

/// A job that is waiting for ever, with a witness in its future.
#[track_caller]
pub fn endless(reactor: &Reactor, drops: &Drops) -> EventualResult<()> {
    let witness = drops.witness();
    let job = reactor.run_in_reactor(move || async move {
        let _witness = witness;
        pending().await
    });
    settle(reactor);
    job
}
