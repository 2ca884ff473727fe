//! The reactor's own thread, from its start to the last of its thread-locals.

use std::cell::RefCell;
use std::future;
use std::io;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::Instant;

use crate::handoff::outcome::Outcome;
use crate::runtime::event_loop::drive;
use crate::runtime::shared::Shared;
use crate::sync::lock;
use crate::sys::fork;

/// The thread of a reactor that has one of its own.
pub(crate) struct Thread {
    id: ThreadId,
    /// Published when its thread-locals are gone, too: `JoinHandle` cannot be waited for with a bound.
    left: Arc<Outcome<()>>,
    /// LOCKING: held while the thread is joined, so that whoever comes second waits, too. That is short,
    /// as the thread has left.
    join: Mutex<Option<JoinHandle<()>>>,
}

impl Thread {
    /// Starts it.
    pub(crate) fn spawn(
        name: String,
        stack_size: Option<usize>,
        shared: Arc<Shared>,
    ) -> io::Result<Self> {
        let left = Arc::new(Outcome::new());
        let mut builder = thread::Builder::new().name(name);
        if let Some(bytes) = stack_size {
            builder = builder.stack_size(bytes);
        }
        let join = builder.spawn({
            let left = Arc::clone(&left);
            move || run(shared, left)
        })?;
        Ok(Self { id: join.thread().id(), left, join: Mutex::new(Some(join)) })
    }

    /// Is this the calling thread?
    pub(crate) fn is_current(&self) -> bool {
        self.id == thread::current().id()
    }

    /// Blocks until the thread has left, its thread-locals included; false if the deadline passes before.
    pub(crate) fn wait_left(&self, deadline: Option<Instant>) -> bool {
        self.left.wait(deadline)
    }

    /// Joins the thread, which has left.
    pub(crate) fn join(&self) {
        let mut join = lock(&self.join);
        if let Some(handle) = join.take() {
            // The thread catches all panics of jobs; one that is left would be our own, and has
            // been reported by the panic hook.
            let _ = handle.join();
        }
    }
}

/// Announces the end of a thread when it is dropped.
struct Leaving(Arc<Outcome<()>>);

impl Drop for Leaving {
    fn drop(&mut self) {
        // A fork inside a job has a copy of this, and is not waited for.
        if fork::forked_from().is_none() {
            self.0.publish();
        }
    }
}

thread_local! {
    /// The first thread-local of a reactor's own thread, and so the last one to be dropped.
    static LEAVING: RefCell<Option<Leaving>> = const { RefCell::new(None) };
}

/// What the thread does, from its start to its end. Its end is announced to `left`, after its thread-locals'.
fn run(shared: Arc<Shared>, left: Arc<Outcome<()>>) {
    LEAVING.set(Some(Leaving(left)));
    shared.tokio.enter_for_good();
    // Only `shutdown` ends it; there is no result to pass on.
    let _ = async_io::block_on(drive(Arc::clone(&shared), None, future::pending::<()>()));
}
