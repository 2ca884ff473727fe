//! What can go wrong: [`Error`], and [`TimedOut`] with its reasons.

mod nanos;
mod timed_out;

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::panic::Panic;
use crate::text::ShortLocation;

pub(crate) use self::timed_out::ScopeDeadline;
pub use self::timed_out::{BlockedBy, JobState, TimedOut};

/// Why there is no result: the error that the job returned ([`Error::Job`]), or what kept the job
/// from returning.
///
/// `E` is the job's own error type. Plain `Error`, without a parameter, is a failure of the crate
/// itself and has no `Job` variant to match. Functions that return a single error type
/// ([`wait_for`](crate::wait_for()), [`EventualResult::join`](crate::EventualResult::join)) convert
/// such a failure with `From<Error>`. [`io::Error`], `Box<dyn Error + Send + Sync>` and `Error`
/// implement this conversion; for your own error type, write one `impl`.
///
/// # Examples
///
/// ```
/// use crochet::Error;
/// use std::time::Duration;
///
/// let slow = crochet::run_in_reactor(|| std::future::pending::<Result<(), std::io::Error>>());
/// match slow.wait(Duration::from_millis(200)) {
///     Err(Error::TimedOut(why)) => assert!(why.to_string().ends_with("the job is waiting")),
///     other => panic!("{other:?}"),
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Error<E = Infallible> {
    /// The job ran to its end and returned this error.
    Job(E),
    /// The timeout passed before the job was done.
    TimedOut(TimedOut),
    /// The job was cancelled, and its future has been dropped.
    Cancelled,
    /// The reactor stopped before the job was done, and the job has been dropped.
    ReactorStopped,
    /// The job panicked.
    Panicked(Panic),
    /// The call was made in a job, and would block the thread that has to run the job it waits for.
    ///
    /// In a job, await the async original instead, or the
    /// [`EventualResult`](crate::EventualResult). The place of the call is in the log, at `warn`,
    /// target `crochet`, once for each place.
    OnReactorThread,
    /// This process was forked from the one in which the reactor runs.
    Forked {
        /// The id of the process that started the reactor.
        setup_pid: u32,
    },
    /// The global reactor is already running; the location is that of the call which set it up.
    AlreadySetUp(&'static Location<'static>),
    /// The reactor could not be started; the reason is the [`source`](std::error::Error::source).
    Setup(Arc<io::Error>),
    /// The check of an [`interruptible`](crate::interruptible) scope failed, which ended the wait.
    Interrupted,
    /// The reactor has as many unfinished jobs as `Builder::max_jobs` allows.
    Full,
}

impl<E> Error<E> {
    /// Tells whether the timeout passed before the job was done.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::TimedOut(_))
    }

    /// Tells whether the job was cancelled.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled)
    }

    /// Tells whether the reactor stopped before the job was done.
    pub fn is_reactor_stopped(&self) -> bool {
        matches!(self, Self::ReactorStopped)
    }

    /// Tells whether the job panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self, Self::Panicked(_))
    }

    /// Tells whether the check of a scope ended the wait before the job was done.
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Interrupted)
    }

    /// Merges the two levels of error: returns the job's own error as it is, and converts every
    /// other one with `E::from`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io;
    ///
    /// let own: crochet::Error<io::Error> = crochet::Error::Job(io::ErrorKind::NotFound.into());
    /// assert_eq!(own.flatten().kind(), io::ErrorKind::NotFound);
    /// let late: crochet::Error<io::Error> = crochet::Error::Cancelled;
    /// assert_eq!(late.flatten().to_string(), "the job was cancelled");
    /// ```
    pub fn flatten(self) -> E
    where
        E: From<Error>,
    {
        self.flatten_with(E::from)
    }

    /// Like [`flatten`](Self::flatten), with `convert` instead of `E::from`.
    pub(crate) fn flatten_with(self, convert: impl FnOnce(Error) -> E) -> E {
        match self.map_job(Err) {
            Ok(failure) => convert(failure),
            Err(own) => own,
        }
    }

    /// Returns the same error, with the job's own error as a reference.
    pub(crate) fn as_ref(&self) -> Error<&E> {
        match self {
            Self::Job(error) => Error::Job(error),
            Self::TimedOut(why) => Error::TimedOut(*why),
            Self::Cancelled => Error::Cancelled,
            Self::ReactorStopped => Error::ReactorStopped,
            Self::Panicked(panic) => Error::Panicked(panic.clone()),
            Self::OnReactorThread => Error::OnReactorThread,
            Self::Forked { setup_pid } => Error::Forked { setup_pid: *setup_pid },
            Self::AlreadySetUp(at) => Error::AlreadySetUp(at),
            Self::Setup(error) => Error::Setup(Arc::clone(error)),
            Self::Interrupted => Error::Interrupted,
            Self::Full => Error::Full,
        }
    }

    /// Maps the job's own error, and passes on the error of `map`; all other variants stay as they
    /// are.
    fn map_job<F, O>(self, map: impl FnOnce(E) -> Result<F, O>) -> Result<Error<F>, O> {
        Ok(match self {
            Self::Job(error) => Error::Job(map(error)?),
            Self::TimedOut(why) => Error::TimedOut(why),
            Self::Cancelled => Error::Cancelled,
            Self::ReactorStopped => Error::ReactorStopped,
            Self::Panicked(panic) => Error::Panicked(panic),
            Self::OnReactorThread => Error::OnReactorThread,
            Self::Forked { setup_pid } => Error::Forked { setup_pid },
            Self::AlreadySetUp(at) => Error::AlreadySetUp(at),
            Self::Setup(error) => Error::Setup(error),
            Self::Interrupted => Error::Interrupted,
            Self::Full => Error::Full,
        })
    }
}

impl Error {
    /// The same error, reported later, with nothing changed in between.
    pub(crate) fn later(self, by: Duration) -> Self {
        match self {
            Self::TimedOut(why) => Self::TimedOut(why.later(by)),
            error => error,
        }
    }

    /// Converts a failure of the crate into the error type of a job.
    pub(crate) fn widen<E>(self) -> Error<E> {
        let Ok(error) = self.map_job(|never| -> Result<E, Infallible> { match never {} });
        error
    }
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Job(error) => error.fmt(f),
            Self::TimedOut(why) => why.fmt(f),
            Self::Cancelled => f.write_str("the job was cancelled"),
            Self::ReactorStopped => f.write_str("the reactor has stopped"),
            Self::Panicked(panic) => panic.fmt(f),
            Self::OnReactorThread => f.write_str(
                "a wait on the reactor's own thread would block the job it waits for: in a job, \
                     await the async original instead",
            ),
            Self::Forked { setup_pid } => write!(
                f,
                "the reactor runs in process {setup_pid}, of which this process is a fork"
            ),
            Self::AlreadySetUp(at) => {
                write!(f, "the reactor is already set up, by the call at {}", ShortLocation(at))
            }
            Self::Setup(_) => f.write_str("the reactor could not be started"),
            Self::Interrupted => f.write_str("the wait was interrupted"),
            Self::Full => f.write_str("the reactor has as many unfinished jobs as it may have"),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for Error<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Job(error) => error.source(),
            Self::Setup(error) => Some(&**error),
            _ => None,
        }
    }
}

impl From<Error> for io::Error {
    /// A timeout becomes [`io::ErrorKind::TimedOut`], a wait on the reactor's thread
    /// [`io::ErrorKind::Deadlock`], everything else [`io::ErrorKind::Other`].
    /// [`Error::Interrupted`] is `Other`, too, because functions of std retry after
    /// [`io::ErrorKind::Interrupted`].
    ///
    /// The text is that of the [`Error`], which stays inside, for [`io::Error::get_ref`]. A library
    /// whose own users know nothing of jobs finds there what to say in its own words:
    ///
    /// ```
    /// use crochet::{Error, JobState};
    /// use std::{future, io, time::Duration};
    ///
    /// fn explain(error: &io::Error) -> &'static str {
    ///     match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
    ///         Some(Error::TimedOut(why)) => match why.job() {
    ///             JobState::Waiting => "the server did not answer in time",
    ///             _ => "this program was too busy to ask the server",
    ///         },
    ///         _ => "the server could not be asked",
    ///     }
    /// }
    ///
    /// let limit = Duration::from_millis(200);
    /// let answer: io::Result<()> = crochet::wait_for(limit, future::pending());
    /// assert_eq!(explain(&answer.unwrap_err()), "the server did not answer in time");
    /// ```
    fn from(error: Error) -> Self {
        let kind = match error {
            Error::TimedOut(_) => io::ErrorKind::TimedOut,
            Error::OnReactorThread => io::ErrorKind::Deadlock,
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}
