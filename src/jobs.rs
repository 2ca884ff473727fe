//! The list of a reactor's jobs: [`jobs`] and [`JobInfo`]. It is made from the [`Roll`](crate::roll::Roll).

use std::fmt;
use std::panic::Location;
use std::time::{Duration, Instant};

use crate::error::{JobState, Place, Rounded};
use crate::global;
use crate::reactor::Reactor;
use crate::roll::{Identity, Polled};

/// Lists the unfinished jobs of the global reactor, in the order in which they were submitted. Never waits for a
/// job.
///
/// It can be called on any thread, also while a job holds the reactor thread, and in a job, which finds itself in
/// the list. If the global reactor is not running the list is empty, and so it is in a forked child; nothing is
/// started.
///
/// # Examples
///
/// ```
/// use crochet::JobState;
/// use std::{future, thread, time::Duration};
///
/// let never = crochet::run_in_reactor(|| future::pending::<crochet::Result<()>>());
/// while crochet::jobs()[0].state() != JobState::Waiting {
///     thread::sleep(Duration::from_millis(1));
/// }
/// for job in crochet::jobs() {
///     // job 1 started at src/main.rs:4: waiting, age 1.1ms, 1 poll, busy 2.3µs
///     println!("{job}");
///     assert_eq!(job.location().file(), file!());
/// }
/// # never.cancel();
/// ```
pub fn jobs() -> Vec<JobInfo> {
    global::current().map_or_else(Vec::new, |shared| shared.jobs())
}

impl Reactor {
    /// Lists the unfinished jobs of this reactor, in the order in which they were submitted. Never waits for a
    /// job. As the free function [`jobs`](crate::jobs()).
    ///
    /// # Examples
    ///
    /// ```
    /// use crochet::{Error, Reactor};
    /// use std::{future, time::Duration};
    ///
    /// let reactor = Reactor::new()?;
    /// let never = reactor.run_in_reactor(|| future::pending::<crochet::Result<()>>());
    /// assert_eq!(reactor.jobs().len(), 1);
    /// never.cancel();
    /// never.wait(Duration::from_secs(60)).unwrap_err();
    /// assert!(reactor.jobs().is_empty());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn jobs(&self) -> Vec<JobInfo> {
        self.shared().jobs()
    }
}

/// One unfinished job, as it was when [`jobs`](crate::jobs()) was called.
///
/// It prints as one line: `job 7 started at src/main.rs:42: waiting, age 1.5s, 12 polls, busy 3.1ms`.
#[derive(Clone, Debug)]
pub struct JobInfo {
    id: u64,
    location: &'static Location<'static>,
    age: Duration,
    state: JobState,
    polls: u64,
    busy: Duration,
}

impl JobInfo {
    /// Returns the number of the job: 1 is the first one submitted to its reactor, 2 the next. Other reactors
    /// have jobs of the same numbers.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Returns the place of the call that started the job.
    pub fn location(&self) -> &'static Location<'static> {
        self.location
    }

    /// Returns how long ago the job was submitted.
    pub fn age(&self) -> Duration {
        self.age
    }

    /// Returns what the job was doing.
    pub fn state(&self) -> JobState {
        self.state
    }

    /// Returns how often the job has been polled, counting the poll that it was in.
    pub fn polls(&self) -> u64 {
        self.polls
    }

    /// Returns how long the job has been inside `poll`, all in all, counting the poll that it was in.
    pub fn busy(&self) -> Duration {
        self.busy
    }
}

impl fmt::Display for JobInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            JobState::Queued => "queued",
            JobState::Running => "running",
            JobState::Waiting => "waiting",
        };
        write!(
            f,
            "job {} started at {}: {state}, age {}, {} poll{}, busy {}",
            self.id,
            Place(self.location),
            Rounded(self.age),
            self.polls,
            if self.polls == 1 { "" } else { "s" },
            Rounded(self.busy)
        )
    }
}

/// What is told of a job, given who is inside `poll`, and for how long.
pub(crate) fn info(
    Identity { number, location, submitted }: Identity,
    now: Instant,
    state: JobState,
    polls: u64,
    busy: Duration,
    polled: Option<(Polled, Duration)>,
) -> JobInfo {
    let age = now.saturating_duration_since(submitted);
    let info = JobInfo { id: number, location, age, state, polls, busy };
    match polled {
        Some((polled, held)) if polled.number == number => JobInfo {
            state: JobState::Running,
            // Its first poll is not counted anywhere else.
            polls: polls.max(1),
            busy: polled.busy_before + held,
            ..info
        },
        _ => info,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_prints_as_one_line() {
        let location = Location::caller();
        let job = JobInfo {
            id: 7,
            location,
            age: Duration::from_millis(1500),
            state: JobState::Waiting,
            polls: 12,
            busy: Duration::from_micros(3100),
        };
        let line = |rest| format!("job 7 started at src/jobs.rs:{}: {rest}", location.line());
        let text = line("waiting, age 1.5s, 12 polls, busy 3.1ms");
        assert_eq!(job.to_string(), text);
        let job = JobInfo { state: JobState::Running, polls: 1, ..job };
        assert_eq!(job.to_string(), line("running, age 1.5s, 1 poll, busy 3.1ms"));
        let job = JobInfo { state: JobState::Queued, polls: 0, busy: Duration::ZERO, ..job };
        assert_eq!(job.to_string(), line("queued, age 1.5s, 0 polls, busy 0ns"));
    }
}
