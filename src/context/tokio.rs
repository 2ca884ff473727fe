//! The feature `tokio`: which runtime's context jobs are polled and dropped in.
//!
//! Tokio's sockets, timers and `spawn` look for a runtime in a thread-local, which a guard sets: the
//! *context*. They need nothing else of the thread they are polled on: the runtime's own thread watches the
//! sockets and timers, and wakes the job.
//!
//! There is one runtime of the crate's own in a process, on a thread that is parked in it. It starts with the
//! first reactor thread, and never ends: what was made in one reactor's job, a connection for example, is
//! still of use in another's, or after a restart.
//!
//! | where a job is polled or dropped | context | entered |
//! |---|---|---|
//! | a reactor's own thread | the crate's own | once, around the loop |
//! | where a `Driver` is polled | that of the thread at the first poll, or else the crate's own | for each poll of the `Driver` |
//! | the thread of a `wait_for` that takes its future back | that of the reactor | for the drop |
//! | anywhere, if it was never begun | that of the thread, or else the crate's own | for the drop |
//!
//! Everything else that is the user's is dropped as in the last row: by `drop_in_context`, which has the rule.
//!
//! A guard around the loop, unlike one around each poll, costs nothing, and does not mind a job that holds a
//! guard of its own over an `.await`. But a `Driver` is polled by somebody else, whose context it may not
//! change for longer than a poll.

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

/// The crate's own runtime, from a start that worked to the end of the process.
static OWN: OnceLock<Handle> = OnceLock::new();

/// LOCKING: held while the crate's own runtime is started, so that there is one. No user code runs meanwhile. Never
/// locked in a forked child.
static START: Mutex<()> = Mutex::new(());

fn own() -> io::Result<&'static Handle> {
    if let Some(handle) = OWN.get() {
        return Ok(handle);
    }
    // The thread will not be there in a forked child, which so knows before it looks at the lock.
    fork::mark_process().map_err(io::Error::from)?;
    fork::watch_forks()?;
    let _start = lock(&START);
    if let Some(handle) = OWN.get() {
        return Ok(handle);
    }
    let (started, has_started) = mpsc::sync_channel(1);
    // The thread makes the runtime, and not this one, which would have to drop it if there were no thread to
    // be had: tokio panics where that is done inside another runtime.
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
    // Late in a thread's destructors, std before 1.87 panics instead of returning an error.
    let spawned = catch(|| thread.spawn(run));
    spawned.map_err(|_| io::Error::other("no thread can be started any more"))??;
    let panicked = |_| Err(io::Error::other("tokio panicked when its runtime was to start"));
    let handle = has_started.recv().unwrap_or_else(panicked)?;
    Ok(OWN.get_or_init(|| handle))
}

/// The runtime of the application whose `Driver` was run last, if that was in one. An application that drives its
/// reactor itself gets no runtime of the crate's own.
///
/// LOCKING: held to move the handle in, or a clone out. Never locked in a forked child.
static ADOPTED: Mutex<Option<Handle>> = Mutex::new(None);

/// The runtime that jobs are in, as far as this process has one by now.
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

    /// Makes it the crate's own runtime, which is started if need be.
    pub(crate) fn start(&self) -> io::Result<()> {
        let handle = own()?;
        self.handle.get_or_init(|| handle.clone());
        Ok(())
    }

    /// Makes it the runtime in whose context this thread is, or else the crate's own.
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

    /// Leaves this thread in the context of this reactor's runtime until tokio's own thread-local is gone: so the
    /// destructors of thread-locals that jobs have made run in the context, too.
    pub(crate) fn enter_for_good(&self) {
        // The guard could be dropped only after that thread-local, and panics then. What leaks is one count of
        // references to the runtime, which is the crate's own and never ends.
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

/// Runs user code on whatever thread: in the context in which this thread is, or else that of the runtime that jobs are
/// in, which is started if need be.
pub(crate) fn in_tokio<R>(user_code: impl FnOnce() -> R) -> R {
    if fork::forked_from().is_some() {
        return user_code();
    }
    // Late in a thread's destructors there is no way into a context, so no runtime is started for one. Where the start
    // fails, the code must run all the same; a call that starts a reactor returns the reason.
    let handle = match Handle::try_current() {
        Err(error) if !error.is_thread_local_destroyed() => {
            started().or_else(|| own().ok().cloned())
        }
        _ => None,
    };
    let _entered = handle.as_ref().and_then(enter);
    user_code()
}

/// A context to take along to another thread.
#[derive(Clone)]
pub(crate) struct Surroundings {
    /// `None` where there is no runtime, and no job either that could have needed one.
    handle: Option<Handle>,
}

impl Surroundings {
    /// The context in which this thread is, or else that of the runtime that jobs are in. Starts nothing.
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
    // Tokio panics where a destructor of a thread-local comes after tokio's own has gone.
    let gone = Handle::try_current().is_err_and(|error| error.is_thread_local_destroyed());
    (!gone).then(|| Entered { guard: Some(handle.enter()) })
}

/// While it lives, this thread is in a runtime's context.
pub(crate) struct Entered<'a> {
    guard: Option<EnterGuard<'a>>,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        // It panics if a job has kept a guard of its own, which it must not, and which is no reason for the
        // reactor to end.
        let guard = self.guard.take();
        let _ = catch(|| drop(guard));
    }
}
