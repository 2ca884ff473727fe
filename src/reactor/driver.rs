//! [`Driver`]: a reactor that the application drives on its own executor.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use crate::context::drop_in_context;
use crate::error::Error;
use crate::runtime::driven::drive;
use crate::runtime::shared::Shared;
use crate::sys::fork::{self, check_not_forked};

/// The reactor of an application that runs its own executor: made by [`no_setup`](crate::no_setup),
/// driven by [`run`](Self::run).
///
/// Dropping it unrun stops the reactor: jobs that were queued are dropped, on the thread that drops
/// it, and all waits for them end with [`Error::ReactorStopped`].
#[must_use = "jobs wait until `.run(main)` is polled, and are dropped when this is"]
pub struct Driver {
    shared: Arc<Shared>,
    location: &'static Location<'static>,
}

impl Driver {
    pub(crate) fn new(shared: Arc<Shared>, location: &'static Location<'static>) -> Self {
        Self { shared, location }
    }

    /// Runs `main`, and beside it every job, on the executor that polls this future.
    ///
    /// Any executor will do that can run a future which is not `Send`: `smol::block_on`,
    /// `async_io::block_on`, the `block_on` of a tokio runtime or of its `LocalSet`. While it is
    /// being polled, its thread is the reactor thread: blocking calls on it, `main` included,
    /// return [`Error::OnReactorThread`].
    ///
    /// # Busy-wait
    ///
    /// When it has run out of work, the driver looks for more for a while before it sleeps, as the
    /// thread of any reactor does: at most 12 µs after a job has ended, 50 while jobs wait, and
    /// hardly ever where that has not paid before. Between any two looks, of some 2 µs, it wakes
    /// itself and returns to the executor, whose other tasks run and whose I/O is looked for; also
    /// where threads call again and again, after 16 jobs at the latest. Only what shares the
    /// future with it is polled once more each time: `main`, and what a `join!` or `select!` has
    /// beside it. The environment variable `CROCHET_SPIN=0` switches it off, as one core does; see
    /// [`Builder::spin`](crate::Builder::spin).
    ///
    /// # Cancellation
    ///
    /// When this future has ended or is dropped, the reactor has stopped: every unfinished job has
    /// been dropped, on this thread, and `main`, too.
    ///
    /// # Errors
    ///
    /// [`Error::ReactorStopped`] when [`shutdown`](crate::shutdown) stops the reactor before `main`
    /// is done, or has stopped it before it was run; [`Error::Forked`]; with the feature `tokio`,
    /// [`Error::Setup`] if its runtime could not be started.
    ///
    /// # Panics
    ///
    /// If `main` panics, with its panic. Jobs that panic do not.
    ///
    /// # Examples
    ///
    /// ```
    /// use crochet::Error;
    /// use std::{thread, time::Duration};
    ///
    /// # fn main() -> crochet::Result<()> {
    /// let driver = crochet::no_setup()?;
    /// // A thread of the application, which knows nothing of the driver:
    /// let worker = thread::spawn(|| {
    ///     crochet::wait_for(Duration::from_secs(60), async { Ok::<_, Error>(6 * 7) })
    /// });
    /// let answer = async_io::block_on(driver.run(crochet::unblock(|| worker.join().unwrap())))??;
    /// assert_eq!(answer, 42);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn run<T>(self, main: impl Future<Output = T>) -> Result<T, Error> {
        if let Err(error) = self.begin() {
            drop_in_context(main);
            return Err(error);
        }
        drive(Arc::clone(&self.shared), self.location, main).await
    }
}

impl Driver {
    fn begin(&self) -> Result<(), Error> {
        check_not_forked()?;
        self.shared.tokio.start_or_adopt().map_err(|error| Error::Setup(Arc::new(error)))?;
        self.shared.begin_run()
    }
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("location", &self.location).finish_non_exhaustive()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if fork::forked_from().is_none() {
            self.shared.stop();
        }
    }
}
