//! The end of `main`: the last chance to drop jobs, and to write what they had to say.
//!
//! It is a destructor of a thread-local of the main thread. Such a destructor runs when `main` has
//! returned, or `exit` is called on that thread, and before the exit handlers of C libraries, which
//! a job's `Drop` may still need. An exit handler of our own (`atexit`) could run after them.
//!
//! With glibc, on Android and macOS it runs. Where std has no more than keys of pthreads to have it
//! run by (musl, FreeBSD, OpenBSD, as of std 1.96), the return of `main` does not run it, only
//! `pthread_exit` would; on Windows it runs, but all other threads are gone.

use std::cell::RefCell;
use std::rc::Weak;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::panic::catch;
use crate::sync::deadline;
use crate::sys::fork;

/// How long all steps together may delay the exit.
const GRACE: Duration = Duration::from_secs(1);

/// The steps at the end of `main`, in the order in which they are taken.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    /// Stops the global reactor, which drops its jobs.
    StopReactor,
    /// Has all [`BackgroundLogger`](crate::BackgroundLogger)s write what they have, which the jobs'
    /// `Drop`s may have added to.
    FlushLoggers,
}

/// What a step does, given the time until which it may delay the exit.
type Run = fn(Option<Instant>);

/// One function for each [`Step`].
static STEPS: [OnceLock<Run>; 2] = [const { OnceLock::new() }; 2];

/// What stops the jobs of a reactor that only this thread can run.
pub(crate) trait StopAtExit {
    /// Stops them, on this thread. Runs user code.
    fn stop(&self);
}

struct Guard {
    /// `None` while this thread drives no reactor.
    driven: RefCell<Option<Weak<dyn StopAtExit>>>,
}

thread_local! {
    static GUARD: Guard = const { Guard { driven: RefCell::new(None) } };
}

/// Registers the reactor that this thread drives, if this is the main thread. The end of `main`
/// does not wait for that one, as no other thread could run it, but stops its jobs itself; it is
/// there if `exit` was called inside a poll, or the future was leaked.
pub(crate) fn stop_on_this_thread(driven: Weak<dyn StopAtExit>) {
    if is_main_thread() {
        let _ = GUARD.try_with(|guard| guard.driven.replace(Some(driven)));
    }
}

/// Registers what the step does. If this is the main thread, the end of `main` runs all steps from
/// now on.
pub(crate) fn arm(step: Step, run: Run) {
    STEPS[step as usize].get_or_init(|| run);
    if is_main_thread() {
        // If the thread-local is gone already, `main` has ended before.
        let _ = GUARD.try_with(|_| ());
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // In a forked child there is nothing of ours to end.
        if fork::forked_from().is_none() {
            if let Some(driven) = self.driven.take().and_then(|driven| driven.upgrade()) {
                let _ = catch(|| driven.stop());
            }
            let end = deadline(Instant::now(), GRACE);
            for run in STEPS.iter().filter_map(OnceLock::get) {
                // A panic in a destructor of a thread-local would abort the process, and here
                // wakers and loggers of the program run.
                let _ = catch(|| run(end));
            }
        }
    }
}

/// Is this the thread that runs `main`?
#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_main_thread() -> bool {
    #[expect(unsafe_code, reason = "FFI")]
    // SAFETY: both are declared as their manual pages have it; a `pid_t` is an `int` here.
    unsafe extern "C" {
        safe fn gettid() -> std::ffi::c_int;
        safe fn getpid() -> std::ffi::c_int;
    }

    gettid() == getpid()
}

/// Is this the thread that runs `main`?
#[cfg(any(target_vendor = "apple", target_os = "freebsd", target_os = "openbsd"))]
fn is_main_thread() -> bool {
    #[expect(unsafe_code, reason = "FFI")]
    // SAFETY: it is declared as its manual page has it.
    unsafe extern "C" {
        safe fn pthread_main_np() -> std::ffi::c_int;
    }

    pthread_main_np() == 1
}

/// Is this the thread that runs `main`? Not known here, so the end of `main` is nothing special. On
/// Windows it could not be: the other threads are gone by then.
#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "openbsd"
)))]
fn is_main_thread() -> bool {
    false
}
