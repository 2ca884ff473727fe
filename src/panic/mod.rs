//! The panic policy: user code runs inside [`catch`], which turns a panic into a [`Panic`].
//!
//! The location and the backtrace of a panic are known only while the panic hook runs. So the crate
//! installs a hook of its own in front of the one it finds ([`install_hook`]). That hook leaves a
//! note for the innermost
//! [`catch`] on the same thread. On threads that are not inside `catch` it only passes the panic
//! on.

pub(crate) mod abort;
mod hint;
mod hook;
mod value;

use std::future::Future;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll};

pub(crate) use self::hint::hint_for_error;
pub use self::hook::PanicLocation;
pub(crate) use self::hook::install_hook;
pub use self::value::Panic;
pub(crate) use self::value::drop_payloads_by;

/// Runs user code, and catches its panic.
pub(crate) fn catch<R>(user_code: impl FnOnce() -> R) -> Result<R, Panic> {
    let catching = hook::Catching::enter();
    // UNWIND SAFETY: after a panic the caller drops everything that `user_code` was using.
    let result = panic::catch_unwind(AssertUnwindSafe(user_code));
    match result {
        Ok(result) => {
            catching.leave();
            Ok(result)
        }
        Err(payload) => Err(Panic::new(payload, catching.leave_with_note())),
    }
}

/// Polls a future. Once the future is ready or has panicked, drops it and returns its output or its
/// panic. Does not unwind.
///
/// Polling and dropping are caught separately: if a panic of `poll` unwound through here, it would
/// drop the future, and a second panic in that drop would abort the process. The first panic is the
/// one returned.
pub(crate) fn poll_and_drop<F: Future>(
    mut future: Pin<&mut Option<F>>,
    cx: &mut Context<'_>,
) -> Poll<Result<F::Output, Panic>> {
    let Some(running) = future.as_mut().as_pin_mut() else { return Poll::Pending };
    let output = match catch(|| running.poll(cx)) {
        Ok(Poll::Pending) => return Poll::Pending,
        Ok(Poll::Ready(output)) => Ok(output),
        Err(panic) => Err(panic),
    };
    let dropped = catch(|| future.set(None));
    Poll::Ready(match (output, dropped) {
        (Ok(output), Err(panic)) => {
            let _ = catch(|| drop(output));
            Err(panic)
        }
        (output, _) => output,
    })
}
