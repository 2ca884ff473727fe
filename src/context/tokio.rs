//! The feature `tokio`: in which runtime's context jobs are polled and dropped.
//!
//! Tokio's sockets, timers and `spawn` look for a runtime in a thread-local, the *context*, which a
//! guard sets. They need nothing else of the thread that polls them: the runtime's own thread
//! watches the sockets and timers, and wakes the job.
//!
//! The crate has one runtime of its own in each process, on a thread that is parked in it. The
//! runtime starts with the first reactor thread and never ends, so a connection that was made in a
//! job of one reactor can be used in a job of another, and after a restart.
//!
//! | where a job is polled or dropped | context | entered |
//! |---|---|---|
//! | a reactor's own thread | the crate's own | once, around the loop |
//! | the thread that polls a `Driver` | that of this thread at the first poll, or else the crate's own | for each poll of the `Driver` |
//! | the thread of a `wait_for` that takes its future back | that of the reactor | for the drop |
//! | any thread, of a job that was never begun | that of the thread, or else the one that jobs are in | for the drop |
//!
//! `drop_in_context` states the rule for everything else of the user's: it is dropped as in the
//! last row.
//!
//! A guard around the loop costs nothing, unlike one around each poll, and does no harm to a job
//! that holds its own guard over an `.await`. But a `Driver` is polled by an executor of the
//! application, whose context it may change for the time of a poll only.

use std::future;
use std::io;
use std::mem;
use std::sync::mpsc;
use std::sync::{Mutex, OnceLock};
use std::thread;

use ::tokio::runtime::{self, EnterGuard, Handle};

use crate::panic::catch;
use crate::sync::lock;
use crate::sys::fork;

/// The name of the runtime's thread, and of those for tokio's `spawn_blocking`.
const THREAD_NAME: &str = "crochet-tokio";

/// The crate's own runtime: from its first successful start to the end of the process.
static OWN: OnceLock<Handle> = OnceLock::new();

/// LOCKING: held while the crate's own runtime is started, so that only one is. No user code runs
/// meanwhile. Never locked in a forked child.
static START: Mutex<()> = Mutex::new(());

/// Returns the crate's own runtime, and starts it if necessary.
fn own() -> io::Result<&'static Handle> {
    if let Some(handle) = OWN.get() {
        return Ok(handle);
    }
    // A forked child lacks the runtime's thread. The mark lets it know before it touches the lock.
    fork::mark_process().map_err(io::Error::from)?;
    fork::watch_forks()?;
    let _start = lock(&START);
    if let Some(handle) = OWN.get() {
        return Ok(handle);
    }
    let (started, has_started) = mpsc::sync_channel(1);
    // The new thread makes the runtime. If this one did, and the thread could not be started, it
    // would have to drop the runtime, and tokio panics if that happens inside another runtime.
    let thread = thread::Builder::new().name(THREAD_NAME.to_owned());
    let run = move || {
        let mut builder = runtime::Builder::new_current_thread();
        match builder.enable_all().thread_name(THREAD_NAME).build() {
            Ok(runtime) => {
                let _ = started.send(Ok(runtime.handle().clone()));
                runtime.block_on(future::pending::<()>());
            }
            Err(error) => {
                let _ = started.send(Err(error));
            }
        }
    };
    // In the last destructors of a thread's thread-locals, std 1.85 panics here instead of
    // returning an error.
    let spawned = catch(|| thread.spawn(run));
    spawned.map_err(|_| io::Error::other("no thread can be started any more"))??;
    let panicked = |_| Err(io::Error::other("tokio panicked when its runtime started"));
    let handle = has_started.recv().unwrap_or_else(panicked)?;
    Ok(OWN.get_or_init(|| handle))
}

/// The application's runtime in which a `Driver` was last run, if it was in one. An application
/// that drives its reactor in a runtime gets no second runtime from the crate.
///
/// LOCKING: held to store the handle or clone it. Never locked in a forked child.
static ADOPTED: Mutex<Option<Handle>> = Mutex::new(None);

/// Returns the runtime that jobs are in; `None` if this process has none yet.
fn started() -> Option<Handle> {
    OWN.get().cloned().or_else(|| lock(&ADOPTED).clone())
}

/// One reactor's runtime.
pub(crate) struct Tokio {
    /// Set before the first job is begun.
    handle: OnceLock<Handle>,
}

impl Tokio {
    pub(crate) fn new() -> Self {
        Self { handle: OnceLock::new() }
    }

    /// Sets the crate's own runtime, and starts it if necessary.
    pub(crate) fn start(&self) -> io::Result<()> {
        let handle = own()?;
        self.handle.get_or_init(|| handle.clone());
        Ok(())
    }

    /// Sets the runtime in whose context this thread is, or else the crate's own.
    pub(crate) fn start_or_adopt(&self) -> io::Result<()> {
        let handle = match Handle::try_current() {
            Ok(handle) => {
                *lock(&ADOPTED) = Some(handle.clone());
                handle
            }
            Err(_) => own()?.clone(),
        };
        self.handle.get_or_init(|| handle);
        Ok(())
    }

    /// Enters the context of this reactor's runtime, if it has one.
    pub(crate) fn enter(&self) -> Option<Entered<'_>> {
        enter(self.handle.get()?)
    }

    /// Leaves this thread in the context of this reactor's runtime until tokio's own thread-local
    /// is destroyed. So the destructors of thread-locals that jobs have made run in the context as
    /// well.
    pub(crate) fn enter_for_good(&self) {
        // The guard would have to outlive tokio's thread-local, and dropping it then panics.
        // Forgetting it leaks one reference to the runtime, which is the crate's own and never
        // ends.
        mem::forget(self.enter());
    }

    /// Runs user code in the context of this reactor's runtime.
    pub(crate) fn within<R>(&self, user_code: impl FnOnce() -> R) -> R {
        match self.handle.get() {
            Some(handle) => {
                let _entered = enter(handle);
                user_code()
            }
            None => in_tokio(user_code),
        }
    }
}

/// Runs user code in the context in which this thread is, or else in that of the runtime that jobs
/// are in, which is started if necessary. Any thread may call it.
pub(crate) fn in_tokio<R>(user_code: impl FnOnce() -> R) -> R {
    if fork::forked_from().is_some() {
        return user_code();
    }
    // After tokio's thread-local has been destroyed, no context can be entered, so no runtime is
    // started. If the start fails, the code runs all the same; a call that starts a reactor returns
    // the reason.
    let handle = match Handle::try_current() {
        Err(error) if !error.is_thread_local_destroyed() => {
            started().or_else(|| own().ok().cloned())
        }
        _ => None,
    };
    let _entered = handle.as_ref().and_then(enter);
    user_code()
}

/// A context, to be entered on another thread.
#[derive(Clone)]
pub(crate) struct Surroundings {
    /// `None` if there is no runtime, hence no job in the context of one.
    handle: Option<Handle>,
}

impl Surroundings {
    /// Returns the context in which this thread is, or else that of the runtime that jobs are in.
    /// Starts nothing.
    pub(crate) fn here() -> Self {
        if fork::forked_from().is_some() {
            return Self { handle: None };
        }
        Self { handle: Handle::try_current().ok().or_else(started) }
    }

    /// Runs user code in this context.
    pub(crate) fn within<R>(&self, user_code: impl FnOnce() -> R) -> R {
        let _entered = self.handle.as_ref().and_then(enter);
        user_code()
    }
}

fn enter(handle: &Handle) -> Option<Entered<'_>> {
    // Tokio panics if a context is entered after its thread-local has been destroyed.
    let gone = Handle::try_current().is_err_and(|error| error.is_thread_local_destroyed());
    (!gone).then(|| Entered { guard: Some(handle.enter()) })
}

/// Keeps this thread in a runtime's context until it is dropped.
pub(crate) struct Entered<'a> {
    guard: Option<EnterGuard<'a>>,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        // Tokio panics here if a job has kept a guard of its own. The job is at fault, and the
        // reactor goes on.
        let guard = self.guard.take();
        let _ = catch(|| drop(guard));
    }
}
