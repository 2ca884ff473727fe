//! Tests of the feature `tokio`, with tokio and libraries that are built on it; see `tests`. Here
//! is what they share: witnesses of the context.

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, ThreadId};
use std::time::Duration;

use crochet::{Error, Reactor};
use tokio::runtime::{Handle, Id, Runtime};

/// Longer than anything here takes on a busy machine.
const LONG: Duration = Duration::from_secs(60);

/// Where something was dropped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropped {
    /// The runtime in whose context.
    pub context: Option<Id>,
    /// The thread.
    pub thread: ThreadId,
}

/// Tells when it is dropped, and where.
#[derive(Debug)]
pub struct Witness(Sender<Dropped>);

impl Drop for Witness {
    fn drop(&mut self) {
        let _ = self.0.send(Dropped { context: context(), thread: thread::current().id() });
    }
}

/// What a [`Witness`] has to tell.
#[derive(Debug)]
pub struct Testimony(Receiver<Dropped>);

impl Testimony {
    /// Blocks until the witness is dropped.
    ///
    /// # Panics
    ///
    /// If that takes too long.
    #[track_caller]
    pub fn wait(&self) -> Dropped {
        self.0.recv_timeout(LONG).expect("it was not dropped")
    }
}

/// A witness.
pub fn witness() -> (Witness, Testimony) {
    let (send, receive) = mpsc::channel();
    (Witness(send), Testimony(receive))
}

/// The runtime in whose context this thread is.
pub fn context() -> Option<Id> {
    Some(Handle::try_current().ok()?.id())
}

/// The crate's own runtime.
///
/// # Panics
///
/// If it cannot be started.
pub fn own() -> Id {
    let reactor = Reactor::new().expect("a reactor can be started");
    let context = reactor.wait_for(LONG, async { Ok::<_, Error>(context()) });
    context.expect("the job is done").expect("there is a context")
}

/// A runtime as an application makes it: with one thread, the caller's, or with two of its own.
///
/// # Panics
///
/// If it cannot be started.
pub fn application(threads: usize) -> Runtime {
    let mut builder = match threads {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    builder.worker_threads(2).enable_all().build().expect("a runtime can be started")
}

/// A recipe of the guide, as the guide shows it; the others are in `tests/recipes`, for Unix alone.
#[path = "../../../src/guide/recipes/local.rs"]
pub mod local;
