//! [`Guard`]: the end of `main` as a value, for all platforms.

use std::time::Duration;

use crate::panic::catch;
use crate::reactor::global::shutdown;

/// How long the drop of a guard may take.
const GRACE: Duration = Duration::from_secs(1);

/// Returns a guard that shuts the global reactor down when it is dropped. Does not block, and
/// starts nothing.
///
/// Hold it in a variable of `main`, declared first, so that it is dropped last. Where `main`
/// returns or panics, jobs are then dropped in order and all waits for them end, before the process
/// does.
///
/// On Linux and macOS, where `main`'s thread has started the reactor, the end of `main` does the
/// same without a guard. It is worth having
///
/// - on Windows, where the other threads are gone by the time that `main` has ended; also with musl
///   and on the BSDs, see the guide, `guide::shutdown`;
/// - where a thread other than `main`'s may start the reactor, by its first job for example;
/// - where jobs must have been dropped before other values of `main` are: those declared before it.
///
/// It is not dropped, and does nothing, where the process ends by [`std::process::exit`]. A library
/// has no use for one: its users have a `main` of their own.
///
/// # Examples
///
/// ```
/// use std::{future, sync::mpsc};
///
/// fn main() -> crochet::Result<()> {
///     let (_kept, dropped) = mpsc::channel::<()>();
///     {
///         let _crochet = crochet::guard();
///         crochet::run_in_reactor(|| async move {
///             let _kept = _kept; // until the job is dropped
///             future::pending::<crochet::Result<()>>().await
///         })
///         .detach();
///     }
///     assert_eq!(dropped.try_recv(), Err(mpsc::TryRecvError::Disconnected));
///     Ok(())
/// }
/// ```
pub fn guard() -> Guard {
    Guard { _private: () }
}

/// Shuts the global reactor down when it is dropped: see [`guard`].
///
/// The drop does what [`shutdown`] does with a grace of one second. It blocks until the reactor's
/// thread has ended, or that second has passed; then the reactor goes on stopping. If there is no
/// reactor, on the reactor thread itself, and in a forked child, it returns at once.
#[derive(Debug)]
#[must_use = "the reactor is shut down when the guard is dropped, which is at once without a variable"]
pub struct Guard {
    _private: (),
}

impl Drop for Guard {
    fn drop(&mut self) {
        // It may be dropped while `main` unwinds, when another panic, of a check around it, would
        // abort the process. There is no caller to return an error to.
        let _ = catch(|| shutdown(GRACE));
    }
}
