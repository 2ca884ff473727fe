//! [`TimedOut`]: a wait that ran out of time, with its reasons.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

use crate::error::nanos::Nanos;
use crate::text::{Rounded, ShortLocation};

/// What a job was doing when a wait for it timed out, or when [`jobs`](crate::jobs()) was called.
///
/// It prints as one word: `queued`, `running` or `waiting`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JobState {
    /// The reactor had not started the job.
    Queued,
    /// The job was running on the reactor thread, inside `poll`.
    Running,
    /// The job was awaiting something.
    Waiting,
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
        })
    }
}

/// A wait that ran out of time, and why: the job's state, and which job held the reactor thread.
///
/// Its text tells the reason to a programmer: `timed out after 5s: the job is waiting`. A library
/// whose own users know nothing of jobs can choose its words by the methods.
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
#[derive(Clone, Copy)]
pub struct TimedOut {
    // Small, as each result has room for it: that of a call, and twice that of a job.
    pub(crate) waited: Nanos,
    pub(crate) job: JobState,
    pub(crate) blocked_by: Option<BlockedBy>,
    /// How many jobs were before this one, if it was in the queue; 0 where that is not known.
    pub(crate) queued_before: u32,
    /// What explains the timeout better than the job's state does.
    pub(crate) cause: Option<&'static &'static str>,
    /// The scope whose deadline ended the wait before its own timeout did.
    pub(crate) scope: Option<ScopeDeadline>,
}

/// The deadline of a [`within`](crate::within) scope: its timeout, and the place of its call.
#[derive(Clone, Copy)]
pub(crate) struct ScopeDeadline {
    pub(crate) timeout: Nanos,
    pub(crate) location: &'static Location<'static>,
}

impl TimedOut {
    /// Returns how long the wait lasted: the timeout, or more if the thread was woken late.
    pub fn waited(&self) -> Duration {
        self.waited.get()
    }

    /// The same timeout, reported later, with nothing changed in between.
    pub(crate) fn later(mut self, by: Duration) -> Self {
        self.waited = self.waited + by;
        if let Some(blocked_by) = &mut self.blocked_by {
            blocked_by.held = blocked_by.held + by;
        }
        self
    }

    /// Returns what the job was doing when the time was over.
    pub fn job(&self) -> JobState {
        self.job
    }

    /// Returns which job held the reactor thread when the time was over; `None` if the thread was
    /// free.
    ///
    /// A job that is inside `poll` holds the thread, even if only for a microsecond:
    /// [`BlockedBy::held`] tells whether that explains the timeout. The holder may be the awaited
    /// job itself.
    pub fn blocked_by(&self) -> Option<BlockedBy> {
        self.blocked_by
    }
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "timed out after {}", Rounded(self.waited.get()))?;
        if let Some(ScopeDeadline { timeout, location }) = self.scope {
            let (timeout, location) = (Rounded(timeout.get()), ShortLocation(location));
            write!(f, ", at the deadline of {timeout} set at {location}")?;
        }
        f.write_str(": ")?;
        if let Some(cause) = self.cause {
            return f.write_str(cause);
        }
        // A job that is inside `poll` for a moment explains nothing. One that has held the thread
        // for half of the wait does; and if the awaited job never started, though none was before
        // it, any job that holds the thread does.
        let is_next = self.job == JobState::Queued && self.queued_before == 0;
        let culprit =
            self.blocked_by.filter(|by| is_next || by.held().saturating_mul(2) >= self.waited());
        match (culprit, self.job) {
            (Some(by), _) => write!(
                f,
                "the reactor thread has been held for {} by the job started at {}",
                Rounded(by.held()),
                ShortLocation(by.location)
            ),
            (None, JobState::Queued) if self.queued_before > 0 => {
                write!(f, "the job never started, {} before it", self.queued_before)
            }
            (None, JobState::Queued) => f.write_str("the job never started"),
            (None, JobState::Running) => f.write_str("the job is running"),
            (None, JobState::Waiting) => f.write_str("the job is waiting"),
        }
    }
}

impl fmt::Debug for TimedOut {
    /// Shows what the methods return.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimedOut")
            .field("waited", &self.waited())
            .field("job", &self.job)
            .field("blocked_by", &self.blocked_by)
            .finish_non_exhaustive()
    }
}

/// The job that holds the reactor thread: where it was started, and how long it has been inside
/// `poll`.
#[derive(Clone, Copy)]
pub struct BlockedBy {
    pub(crate) location: &'static Location<'static>,
    pub(crate) held: Nanos,
}

impl BlockedBy {
    /// Returns the place of the call that started the job. For the `main` future of a
    /// [`Driver`](crate::Driver) this is the call of [`no_setup`](crate::no_setup).
    pub fn location(&self) -> &'static Location<'static> {
        self.location
    }

    /// Returns how long the job has been inside this one call of `poll`.
    pub fn held(&self) -> Duration {
        self.held.get()
    }
}

impl fmt::Debug for BlockedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockedBy")
            .field("location", &self.location)
            .field("held", &self.held())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_names_a_culprit_only_if_it_explains_the_wait() {
        let at = Location::caller();
        let text_after = |queued_before, job, held: Option<u64>| {
            let blocked_by =
                held.map(|ms| BlockedBy { location: at, held: Duration::from_millis(ms).into() });
            let waited = Duration::from_millis(100).into();
            TimedOut { waited, job, blocked_by, queued_before, cause: None, scope: None }
                .to_string()
        };
        let text = |job, held| text_after(0, job, held);
        let held = |ms| {
            let line = at.line();
            format!(
                "timed out after 100ms: the reactor thread has been held for {ms}ms by the job \
                 started at src/error/timed_out.rs:{line}"
            )
        };
        assert_eq!(text(JobState::Waiting, None), "timed out after 100ms: the job is waiting");
        assert_eq!(text(JobState::Waiting, Some(1)), "timed out after 100ms: the job is waiting");
        assert_eq!(text(JobState::Waiting, Some(50)), held(50));
        assert_eq!(text(JobState::Queued, None), "timed out after 100ms: the job never started");
        assert_eq!(text(JobState::Queued, Some(1)), held(1));
        let before = "timed out after 100ms: the job never started, 8300000 before it";
        assert_eq!(text_after(8_300_000, JobState::Queued, None), before);
        assert_eq!(text_after(8_300_000, JobState::Queued, Some(1)), before);
        assert_eq!(text_after(8_300_000, JobState::Queued, Some(50)), held(50));
        assert_eq!(text(JobState::Running, Some(1)), "timed out after 100ms: the job is running");
        assert_eq!(text(JobState::Running, Some(90)), held(90));
    }

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn an_error_is_small() {
        assert_eq!(size_of::<TimedOut>(), 56);
        assert_eq!(size_of::<Option<crate::Error<std::io::Error>>>(), 56);
    }

    #[test]
    fn a_timeout_names_the_scope_that_is_to_blame() {
        let location = Location::caller();
        let why = TimedOut {
            waited: Duration::from_millis(700).into(),
            job: JobState::Waiting,
            blocked_by: None,
            queued_before: 0,
            cause: None,
            scope: Some(ScopeDeadline { timeout: Duration::from_secs(3).into(), location }),
        };
        let line = location.line();
        let expected = format!(
            "timed out after 700ms, at the deadline of 3s set at src/error/timed_out.rs:{line}: \
             the job is waiting"
        );
        assert_eq!(why.to_string(), expected);
    }
}
