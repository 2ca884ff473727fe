//! Scopes: limits that a stretch of blocking code sets for all calls of the crate inside it.
//! [`within`] sets a deadline, [`interruptible`] a check that ends waits.
//!
//! # How it works
//!
//! Each thread has a stack of the [`Scope`](stack::Scope)s that it is inside, as a list from the
//! innermost one outwards. A function of this crate that blocks looks at its head, once, when it is
//! called ([`Scopes::of_thread`](limits::Scopes::of_thread)); where the stack is empty, that is
//! all. Otherwise the call's [`Limits`](limits::Limits) are those of its own timeout and of all
//! scopes, and it sleeps in slices ([`Limits::sleep`](limits::Limits::sleep)), each of which ends
//! at the next deadline or the next check. The result wakes the thread during a slice as it would
//! during one long sleep, and is looked for before each slice and after each check.
//!
//! # The rules
//!
//! - Only a call that sleeps asks checks, outermost scope first. While a check runs, only the
//!   scopes outside its own are active.
//! - Once a check has failed, every call inside its scope fails at the first look.
//! - What a destructor of the crate waits for is under no scope ([`outside_scopes`]): it has a
//!   bound of its own.

pub(crate) mod limits;
mod stack;

use std::panic::Location;
use std::time::{Duration, Instant};

use self::stack::{Active, CheckGuard, Rule};
use crate::context::drop_in_context;
use crate::error::ScopeDeadline;
use crate::sync::deadline;

/// Calls `f` with one deadline for all blocking calls of this crate in it. Blocks as `f` does.
///
/// The deadline holds for every call that this thread makes inside `f`, however deep in a library:
/// [`wait_for`], [`EventualResult::wait`], [`into_result`] and [`join`], [`wait_all`] and
/// [`wait_any`], [`io::Blocking`], [`Iter`], [`InReactor`], [`shutdown`], and what the attributes
/// make. The timeout of an attribute is its call's own. Each call ends at its own timeout or at the
/// deadline, whichever comes first, and in the same way: with [`Error::TimedOut`], its job dropped,
/// left alone or cancelled as after any other timeout of this call. After the deadline calls take
/// what is there, as with [`Duration::ZERO`]. Where the scope is to blame the error says so:
///
/// ```text
/// timed out after 700ms, at the deadline of 3s set at src/main.rs:12: the job is waiting
/// ```
///
/// Nothing else is limited: `f` itself, and what it does without this crate, may take any time. So
/// check the results of the calls, and return.
///
/// [`Duration::ZERO`] gives no call any time; [`Duration::MAX`] sets no deadline.
///
/// # Scopes
///
/// Scopes nest, also with [`interruptible`]: all of them hold, so an inner deadline cannot extend
/// an outer one. When `f` has returned or unwound, its scope is over. It holds for this thread
/// only: for threads that `f` starts, and for jobs, which run on the reactor thread, it does not.
/// Async code has timeouts of its own for that.
///
/// What the crate waits for while it drops something is limited by no scope.
///
/// # Panics
///
/// If `f` does.
///
/// # Examples
///
/// ```
/// use crochet::Error;
/// use std::time::{Duration, Instant};
///
/// /// Has a timeout of its own, for each attempt.
/// fn ask() -> Result<u32, Error> {
///     crochet::wait_for(Duration::from_secs(60), std::future::pending())
/// }
///
/// let start = Instant::now();
/// let late = crochet::within(Duration::from_millis(100), || ask().or_else(|_| ask())).unwrap_err();
/// assert!(start.elapsed() < Duration::from_secs(60));
/// assert!(late.to_string().contains("at the deadline of 100ms set at"), "{late}");
/// ```
///
/// [`wait_for`]: crate::wait_for()
/// [`EventualResult::wait`]: crate::EventualResult::wait
/// [`into_result`]: crate::EventualResult::into_result
/// [`join`]: crate::EventualResult::join
/// [`wait_all`]: crate::wait_all
/// [`wait_any`]: crate::wait_any
/// [`io::Blocking`]: crate::io::Blocking
/// [`Iter`]: crate::Iter
/// [`InReactor`]: crate::InReactor
/// [`shutdown`]: crate::shutdown
/// [`Error::TimedOut`]: crate::Error::TimedOut
#[track_caller]
pub fn within<R>(timeout: Duration, f: impl FnOnce() -> R) -> R {
    let mark = ScopeDeadline { timeout: timeout.into(), location: Location::caller() };
    let _active = Active::enter(Rule::Deadline(deadline(Instant::now(), timeout), mark));
    f()
}

/// Calls `f`, and ends its blocking calls once `check` fails. Blocks as `f` does.
///
/// This is for waits that something other than a timeout must be able to end: a signal that a host
/// handles (Python, R, Ruby, an editor), a flag that a handler of Ctrl-C sets, a "Cancel" button.
/// It holds for the same calls as [`within`].
///
/// While such a call sleeps, it runs `check` on this thread, once in each period `every`, the first
/// time when one has passed. A call that need not sleep does not ask. When `check` has failed,
///
/// - the call that slept ends with [`Error::Interrupted`], and does what it does after a timeout:
///   [`wait_for`] drops its future, [`wait`] leaves its job alone, [`join`] cancels the job;
/// - so does every later call inside `f`, at once;
/// - and when `f` has returned, this function returns the error of `check`. What `f` has returned
///   is dropped.
///
/// A result wakes the thread as soon as it is there, as without a scope. If it comes at the same
/// time as the failure, the call returns it.
///
/// With [`Duration::ZERO`] the thread does not sleep: it asks `check` all the time, and gives way
/// to other threads in between. With [`Duration::MAX`] it never asks.
///
/// # What the check may do
///
/// Whatever a function may do on this thread, as no lock is held: call back into a host, take its
/// global lock, read a flag. As long as it runs, the call that it interrupts does not return, so it
/// should be quick. It may use this crate, and its own calls are limited by the outer scopes only.
/// It must return: to jump out of it, as `longjmp` and R's errors do, is undefined behaviour, as
/// with all Rust code.
///
/// # Scopes
///
/// As for [`within`]. Where several checks are due, the outermost one is asked first; if it fails,
/// the calls of all scopes inside its own end, and only its own `interruptible` returns the error.
///
/// A thread that sleeps in a call of [`shutdown`] can be interrupted, too. The reactor goes on
/// stopping.
///
/// # Errors
///
/// That of `check`, if it has failed; even if `f` has returned a result nevertheless.
///
/// # Panics
///
/// If `f` does, or `check`. A panic of `check` goes through the call that was sleeping, which first
/// does what it does after a timeout: what a [`wait_for`] has borrowed is free again.
///
/// # Examples
///
/// ```
/// use crochet::Error;
/// use std::sync::atomic::{AtomicBool, Ordering};
/// use std::{thread, time::Duration};
///
/// static STOP: AtomicBool = AtomicBool::new(false);
///
/// /// Waits for ever, by itself.
/// fn ask() -> Result<u32, Error> {
///     crochet::wait_for(Duration::MAX, std::future::pending())
/// }
///
/// let signal = thread::spawn(|| STOP.store(true, Ordering::Relaxed));
/// let check = || if STOP.load(Ordering::Relaxed) { Err("stopped") } else { Ok(()) };
/// let stopped = crochet::interruptible(Duration::from_millis(20), check, || {
///     assert!(ask().unwrap_err().is_interrupted());
///     assert!(ask().unwrap_err().is_interrupted());
/// });
/// assert_eq!(stopped, Err("stopped"));
/// # signal.join().unwrap();
/// ```
///
/// [`wait_for`]: crate::wait_for()
/// [`wait`]: crate::EventualResult::wait
/// [`join`]: crate::EventualResult::join
/// [`shutdown`]: crate::shutdown
/// [`Error::Interrupted`]: crate::Error::Interrupted
pub fn interruptible<R, X>(
    every: Duration,
    mut check: impl FnMut() -> Result<(), X>,
    f: impl FnOnce() -> R,
) -> Result<R, X> {
    let mut failure = None;
    let mut ask = || match check() {
        Ok(()) => true,
        Err(error) => {
            failure = Some(error);
            false
        }
    };
    #[expect(unsafe_code, reason = "see `CheckGuard::enter`")]
    // SAFETY: `guard` is a local variable that is never forgotten: it is dropped below, or by
    // unwinding.
    let guard = unsafe { CheckGuard::enter(every, &mut ask) };
    let result = f();
    drop(guard);
    match failure {
        None => Ok(result),
        Some(error) => {
            drop_in_context(result);
            Err(error)
        }
    }
}

/// Runs the crate's own clean-up, which no scope of this thread may cut short.
pub(crate) fn outside_scopes<R>(f: impl FnOnce() -> R) -> R {
    let _active = Active::set(None);
    f()
}
