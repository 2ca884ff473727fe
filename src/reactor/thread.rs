//! The reactor's own thread, from its start to the last of its thread-locals.

use std::cell::RefCell;
use std::io;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use crate::handoff::outcome::Outcome;
use crate::panic::catch;
use crate::runtime::current::RunBy;
use crate::runtime::event_loop::run_jobs;
use crate::runtime::shared::Shared;
use crate::sync::lock;
use crate::sys::fork;

/// The thread of a reactor that has one of its own.
pub(crate) struct Thread {
    /// Published when its thread-locals are gone, too: `JoinHandle` cannot be waited for with a
    /// bound.
    left: Arc<Outcome<()>>,
    /// LOCKING: held while the thread is joined, so that a second caller waits, too; not for long,
    /// as the thread has left.
    join: Mutex<Option<JoinHandle<()>>>,
}

impl Thread {
    /// Starts the thread.
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
        let leaves = Arc::clone(&left);
        // Boxed, as that of a `BackgroundLogger` is, so that the code that starts a thread is in the
        // program once.
        let run: Box<dyn FnOnce() + Send> = Box::new(move || run(shared, leaves));
        // In late destructors of thread-locals std may panic here, as it does with Rust 1.85, and a
        // panic there would abort the process.
        let spawned = catch(|| builder.spawn(run));
        let join = spawned.unwrap_or_else(|panic| {
            Err(io::Error::other(panic.message().unwrap_or("std cannot start a thread here")))
        })?;
        Ok(Self { left, join: Mutex::new(Some(join)) })
    }

    /// Blocks until the thread has left, its thread-locals included; false if the deadline passes
    /// before.
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
struct Leaving {
    shared: Arc<Shared>,
    left: Arc<Outcome<()>>,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        // A later thread may have its thread-locals at the same address.
        self.shared.run_by.leave(RunBy::NO_THREAD);
        // A fork inside a job has a copy of this, and no thread waits for it.
        if fork::forked_from().is_none() {
            self.left.publish();
        }
    }
}

thread_local! {
    /// The first thread-local of a reactor's own thread, and so the last one to be dropped.
    static LEAVING: RefCell<Option<Leaving>> = const { RefCell::new(None) };
}

/// The whole of the thread.
fn run(shared: Arc<Shared>, left: Arc<Outcome<()>>) {
    shared.run_by.enter_for_good();
    LEAVING.set(Some(Leaving { shared: Arc::clone(&shared), left }));
    shared.tokio.enter_for_good();
    async_io::block_on(run_jobs(shared));
}
