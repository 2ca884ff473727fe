//! Forks: a process that has a reactor marks itself, so that a fork of it knows what it is.

use std::io;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::Error;

/// The process that first tried to start a reactor; 0 if none has.
static STARTED_BY: AtomicU32 = AtomicU32::new(0);

/// In a fork of that process: its id. Elsewhere 0.
static FORKED_FROM: AtomicU32 = AtomicU32::new(0);

/// Marks this process as one with a reactor, before the first step of starting one, so that its
/// forks know what they are. Fails if another process is marked, of which this one is a fork.
pub(crate) fn mark_process() -> Result<(), Error> {
    let this = process::id();
    // ORDERING: Relaxed; a fork copies memory as it is, and threads only compare the number.
    match STARTED_BY.compare_exchange(0, this, Ordering::Relaxed, Ordering::Relaxed) {
        Err(setup_pid) if setup_pid != this => Err(Error::Forked { setup_pid }),
        _ => Ok(()),
    }
}

/// In a fork of a process that has started a reactor: the id of that process. Costs one load: the
/// mark is made by the fork itself, see [`watch_forks`].
pub(crate) fn forked_from() -> Option<u32> {
    Some(FORKED_FROM.load(Ordering::Relaxed)).filter(|&pid| pid != 0)
}

/// Refuses a call in a fork of a process that has started a reactor.
pub(crate) fn check_not_forked() -> Result<(), Error> {
    match forked_from() {
        None => Ok(()),
        Some(setup_pid) => Err(Error::Forked { setup_pid }),
    }
}

/// A value that a forked child never drops.
///
/// What came with the fork is the parent's. To drop a socket in the child would take it out of the
/// poller that both processes have; to close a channel or wake a task takes locks that a thread of
/// the parent may have held at the fork, and that no thread of the child will ever release.
pub(crate) struct Owned<T> {
    /// `None` only while `self` is being consumed.
    value: Option<T>,
}

impl<T> Owned<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self { value: Some(value) }
    }

    /// Returns the value, which is dropped like any other from now on.
    pub(crate) fn into_inner(mut self) -> T {
        self.value.take().expect("taken only here and in `drop`, which consume it")
    }
}

impl<T> Deref for Owned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("taken only where it is consumed")
    }
}

impl<T> DerefMut for Owned<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_mut().expect("taken only where it is consumed")
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        if forked_from().is_some() {
            mem::forget(self.value.take());
        }
    }
}

#[cfg(unix)]
mod sys {
    use std::ffi::c_int;
    use std::sync::Mutex;

    use super::{FORKED_FROM, Ordering, STARTED_BY, io};
    use crate::sync::lock;

    type Handler = Option<extern "C" fn()>;

    #[expect(unsafe_code, reason = "FFI")]
    // SAFETY: POSIX declares it so.
    unsafe extern "C" {
        fn pthread_atfork(prepare: Handler, parent: Handler, child: Handler) -> c_int;
    }

    /// Has every fork from now on mark its child. Registered once: there is no way to take it back.
    pub(crate) fn watch_forks() -> io::Result<()> {
        /// Runs in the child, between `fork` and its return, where only what is safe in a signal
        /// handler may be done: two atomic operations.
        extern "C" fn mark_child() {
            FORKED_FROM.store(STARTED_BY.load(Ordering::Relaxed), Ordering::Relaxed);
        }

        // LOCKING: held while the handler is registered, so that this happens once. Never locked in
        // a fork: `mark_process` comes before.
        static WATCHED: Mutex<bool> = Mutex::new(false);
        let mut watched = lock(&WATCHED);
        if *watched {
            return Ok(());
        }
        #[expect(unsafe_code, reason = "FFI")]
        // SAFETY: the handler is a function that lives as long as the program, and
        // async-signal-safe.
        let error = unsafe { pthread_atfork(None, None, Some(mark_child)) };
        *watched = error == 0;
        if *watched { Ok(()) } else { Err(io::Error::from_raw_os_error(error)) }
    }
}

#[cfg(not(unix))]
mod sys {
    use super::io;

    /// There is no `fork`.
    pub(crate) fn watch_forks() -> io::Result<()> {
        Ok(())
    }
}

pub(crate) use sys::watch_forks;
