//! The operating system's part: forks, and which thread is the main one. Everything that exists on Unix
//! only stands here, beside what holds elsewhere.

use std::io;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// The process that first tried to start a reactor; 0 if none has.
static STARTED_BY: AtomicU32 = AtomicU32::new(0);

/// In a fork of that process: its id. Elsewhere 0.
static FORKED_FROM: AtomicU32 = AtomicU32::new(0);

/// Marks this process as one with a reactor, before the first step of starting one, so that its forks
/// know what they are. Returns the id of the process marked, if it is another one.
pub(crate) fn mark_process() -> Result<(), u32> {
    let this = process::id();
    // ORDERING: Relaxed; a fork copies memory as it is, and threads only compare the number.
    match STARTED_BY.compare_exchange(0, this, Ordering::Relaxed, Ordering::Relaxed) {
        Err(other) if other != this => Err(other),
        _ => Ok(()),
    }
}

/// In a fork of a process that has started a reactor: the id of that process. Costs one load: the mark
/// is made by the fork itself, see [`watch_forks`].
pub(crate) fn forked_from() -> Option<u32> {
    Some(FORKED_FROM.load(Ordering::Relaxed)).filter(|&pid| pid != 0)
}

#[cfg(unix)]
mod sys {
    use std::sync::Mutex;

    use super::{FORKED_FROM, Ordering, STARTED_BY, io};
    use crate::sync::lock;

    /// Has every fork from now on mark its child. Registered once: there is no way to take it back.
    pub(crate) fn watch_forks() -> io::Result<()> {
        /// Runs in the child, between `fork` and its return, where only what is safe in a signal handler
        /// may be done: two atomic operations.
        extern "C" fn mark_child() {
            FORKED_FROM.store(STARTED_BY.load(Ordering::Relaxed), Ordering::Relaxed);
        }

        // Never locked in a fork: `mark_process` comes before.
        static WATCHED: Mutex<bool> = Mutex::new(false);
        let mut watched = lock(&WATCHED);
        if *watched {
            return Ok(());
        }
        #[expect(unsafe_code, reason = "FFI")]
        // SAFETY: the handler is a function that lives as long as the program, and async-signal-safe.
        let error = unsafe { libc::pthread_atfork(None, None, Some(mark_child)) };
        *watched = error == 0;
        if *watched { Ok(()) } else { Err(io::Error::from_raw_os_error(error)) }
    }

    /// Is this the thread that runs `main`?
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(crate) fn is_main_thread() -> bool {
        #[expect(unsafe_code, reason = "FFI")]
        // SAFETY: both calls take nothing, and cannot fail.
        let (thread, process) = unsafe { (libc::gettid(), libc::getpid()) };
        thread == process
    }

    /// Is this the thread that runs `main`?
    #[cfg(any(target_vendor = "apple", target_os = "freebsd", target_os = "openbsd"))]
    pub(crate) fn is_main_thread() -> bool {
        #[expect(unsafe_code, reason = "FFI")]
        // SAFETY: the call takes nothing, and cannot fail.
        let main = unsafe { libc::pthread_main_np() };
        main == 1
    }

    /// Is this the thread that runs `main`? Not known here, so the end of `main` is nothing special.
    #[cfg(not(any(
        target_os = "linux",
        target_os = "android",
        target_vendor = "apple",
        target_os = "freebsd",
        target_os = "openbsd"
    )))]
    pub(crate) fn is_main_thread() -> bool {
        false
    }
}

#[cfg(not(unix))]
mod sys {
    use super::io;

    /// There is no `fork`.
    pub(crate) fn watch_forks() -> io::Result<()> {
        Ok(())
    }

    /// The end of `main` is nothing special: on Windows the other threads are gone by then.
    pub(crate) fn is_main_thread() -> bool {
        false
    }
}

pub(crate) use sys::{is_main_thread, watch_forks};
