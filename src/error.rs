//! What can go wrong: [`Error`], and [`TimedOut`] with its reasons.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::panic::Panic;

/// Why there is no result: what the job returned ([`Error::Job`]), or what kept it from returning.
///
/// `E` is the job's own error type. Plain `Error`, without a parameter, is a failure of the crate
/// itself: it has no `Job` to hold. Functions whose signature has room for one error type only
/// ([`wait_for`](crate::wait_for()), [`EventualResult::join`](crate::EventualResult::join)) turn it into the
/// job's error with `From<Error>`, which [`io::Error`], `Box<dyn Error + Send + Sync>` and `Error`
/// have, and which your own error type gets by one `impl`.
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
    /// The wait was over before the job was.
    TimedOut(TimedOut),
    /// The job was cancelled, and its future has been dropped.
    Cancelled,
    /// The reactor stopped before the job was done, and the job has been dropped.
    ReactorStopped,
    /// The job panicked.
    Panicked(Panic),
    /// The call would block the very thread that has to do the work.
    OnReactorThread,
    /// This process is a fork of the one in which the reactor runs.
    Forked {
        /// The id of the process that started the reactor.
        setup_pid: u32,
    },
    /// The global reactor is running; the place is where it was set up.
    AlreadySetUp(&'static Location<'static>),
    /// The reactor could not be started; the reason is the [`source`](std::error::Error::source).
    Setup(Arc<io::Error>),
    /// The check of an `interruptible` scope failed, which ended the wait.
    Interrupted,
    /// The reactor has as many unfinished jobs as `Builder::max_jobs` allows.
    Full,
}

impl<E> Error<E> {
    /// Tells whether the wait was over before the job was.
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

    /// Turns two levels of error into one: the job's own error as it is, every other through
    /// `E::from`.
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

    /// The same, with a function instead of `E::from`.
    pub(crate) fn flatten_with(self, convert: impl FnOnce(Error) -> E) -> E {
        match self.map_job(Err) {
            Ok(failure) => convert(failure),
            Err(own) => own,
        }
    }

    /// The same error, with the job's own behind a reference.
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

    /// Maps the job's own error, if it is one, and passes on what `map` fails with.
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
    /// The same failure, as that of a job which could have failed itself.
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
            Self::OnReactorThread => {
                f.write_str("a wait on the reactor's own thread would block the job it waits for")
            }
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
    /// [`io::ErrorKind::Deadlock`], everything else [`io::ErrorKind::Other`]; the [`Error`] stays inside, for
    /// [`io::Error::get_ref`]. [`Error::Interrupted`] is `Other`, too, as std's functions retry what ends with
    /// [`io::ErrorKind::Interrupted`].
    fn from(error: Error) -> Self {
        let kind = match error {
            Error::TimedOut(_) => io::ErrorKind::TimedOut,
            Error::OnReactorThread => io::ErrorKind::Deadlock,
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

/// What a job was doing when a wait for it timed out, or [`jobs`](crate::jobs()) was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JobState {
    /// It had not been started.
    Queued,
    /// It was inside `poll`: running, on the reactor thread.
    Running,
    /// It was awaiting something.
    Waiting,
}

/// A wait that was over too early, and why: the job's state, and who held the reactor thread.
///
/// # Examples
///
/// ```
/// use crochet::{Error, JobState};
/// use std::{sync::mpsc, thread, time::Duration};
///
/// let (started, has_started) = mpsc::channel();
/// let hog = crochet::run_in_reactor(move || async move {
///     started.send(()).unwrap();
///     thread::sleep(Duration::from_millis(500)); // blocks the reactor: use `unblock` for this
///     Ok::<_, Error>(())
/// });
/// has_started.recv().unwrap();
/// let late = crochet::run_in_reactor(|| async { Ok::<_, Error>(()) });
/// let Err(Error::TimedOut(why)) = late.wait(Duration::from_millis(50)) else { panic!() };
/// assert_eq!(why.job(), JobState::Queued);
/// assert_eq!(why.blocked_by().unwrap().location().file(), file!());
/// # hog.join(Duration::from_secs(60)).unwrap();
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TimedOut {
    pub(crate) waited: Duration,
    pub(crate) job: JobState,
    pub(crate) blocked_by: Option<BlockedBy>,
    /// What explains the timeout without a look at the job.
    pub(crate) cause: Option<&'static str>,
}

impl TimedOut {
    /// Returns how long the wait lasted: the timeout, or more where the thread was woken late.
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// The same, some time later, with nothing changed in between.
    pub(crate) fn later(mut self, by: Duration) -> Self {
        self.waited += by;
        if let Some(blocked_by) = &mut self.blocked_by {
            blocked_by.held += by;
        }
        self
    }

    /// Returns what the job was doing when the time was over.
    pub fn job(&self) -> JobState {
        self.job
    }

    /// Returns who held the reactor thread when the time was over; `None` if it was free.
    ///
    /// Whoever is inside `poll` holds the thread, be it for a microsecond: [`BlockedBy::held`] tells
    /// whether that explains anything. It may be the awaited job itself.
    pub fn blocked_by(&self) -> Option<BlockedBy> {
        self.blocked_by
    }
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "timed out after {}: ", Rounded(self.waited))?;
        // A job that is momentarily inside `poll` explains nothing. Who has held the thread for half of
        // the wait does, and so does anyone on the thread of a job that was never started.
        let culprit = self
            .blocked_by
            .filter(|by| self.job == JobState::Queued || by.held.saturating_mul(2) >= self.waited);
        if let Some(cause) = self.cause {
            return f.write_str(cause);
        }
        match (culprit, self.job) {
            (Some(by), _) => write!(
                f,
                "the reactor thread has been held for {} by the job started at {}",
                Rounded(by.held),
                ShortLocation(by.location)
            ),
            (None, JobState::Queued) => f.write_str("the job never started"),
            (None, JobState::Running) => f.write_str("the job is running"),
            (None, JobState::Waiting) => f.write_str("the job is waiting"),
        }
    }
}

/// The job that holds the reactor thread: where it was started, and for how long it has been
/// inside `poll`.
#[derive(Clone, Copy, Debug)]
pub struct BlockedBy {
    pub(crate) location: &'static Location<'static>,
    pub(crate) held: Duration,
}

impl BlockedBy {
    /// Returns the place of the call that started the job. For the `main` future of a
    /// [`Driver`](crate::Driver) it is that of [`no_setup`](crate::no_setup).
    pub fn location(&self) -> &'static Location<'static> {
        self.location
    }

    /// Returns how long the job has been inside this one call of `poll`.
    pub fn held(&self) -> Duration {
        self.held
    }
}

/// Shows a place as `file:line`, which terminals and editors make a link of.
pub(crate) struct ShortLocation(pub(crate) &'static Location<'static>);

impl fmt::Display for ShortLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.0.file(), self.0.line())
    }
}

/// Shows a duration with one decimal at the most: `4.9s`, `5s`, `250ms`.
pub(crate) struct Rounded(pub(crate) Duration);

impl fmt::Display for Rounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:.1?}", self.0);
        match text.split_once(".0") {
            Some((whole, unit)) => write!(f, "{whole}{unit}"),
            None => f.write_str(&text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_rounded_to_one_decimal() {
        let shown = |d| Rounded(d).to_string();
        assert_eq!(shown(Duration::from_secs(5)), "5s");
        assert_eq!(shown(Duration::from_millis(4949)), "4.9s");
        assert_eq!(shown(Duration::from_millis(250)), "250ms");
        assert_eq!(shown(Duration::from_micros(10_060)), "10.1ms");
        assert_eq!(shown(Duration::ZERO), "0ns");
    }

    #[test]
    fn a_timeout_names_a_culprit_only_if_it_explains_the_wait() {
        let at = Location::caller();
        let text = |job, held: Option<u64>| {
            let blocked_by =
                held.map(|ms| BlockedBy { location: at, held: Duration::from_millis(ms) });
            TimedOut { waited: Duration::from_millis(100), job, blocked_by, cause: None }
                .to_string()
        };
        let held = |ms| {
            let line = at.line();
            format!(
                "timed out after 100ms: the reactor thread has been held for {ms}ms by the job \
                 started at src/error.rs:{line}"
            )
        };
        assert_eq!(text(JobState::Waiting, None), "timed out after 100ms: the job is waiting");
        assert_eq!(text(JobState::Waiting, Some(1)), "timed out after 100ms: the job is waiting");
        assert_eq!(text(JobState::Waiting, Some(50)), held(50));
        assert_eq!(text(JobState::Queued, None), "timed out after 100ms: the job never started");
        assert_eq!(text(JobState::Queued, Some(1)), held(1));
        assert_eq!(text(JobState::Running, Some(1)), "timed out after 100ms: the job is running");
        assert_eq!(text(JobState::Running, Some(90)), held(90));
    }
}
