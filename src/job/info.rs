//! What `jobs()` tells of a job: [`JobInfo`].

use std::fmt;
use std::panic::Location;
use std::time::{Duration, Instant};

use crate::error::JobState;
use crate::text::{Rounded, ShortLocation};

/// Which job it is.
#[derive(Clone, Copy)]
pub(crate) struct JobMeta {
    /// Its place in the order of submission, from 1.
    pub(crate) number: u64,
    pub(crate) location: &'static Location<'static>,
    pub(crate) submitted: Instant,
}

/// The job that is inside `poll`.
#[derive(Clone, Copy)]
pub(crate) struct ActivePoll {
    /// Its place in the order of submission.
    pub(crate) number: u64,
    /// How long it was inside `poll` before.
    pub(crate) busy_before: Duration,
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
        write!(
            f,
            "job {} started at {}: {}, age {}, {} poll{}, busy {}",
            self.id,
            ShortLocation(self.location),
            self.state,
            Rounded(self.age),
            self.polls,
            if self.polls == 1 { "" } else { "s" },
            Rounded(self.busy)
        )
    }
}

/// What is told of a job, given who is inside `poll`, and for how long.
pub(crate) fn info(
    JobMeta { number, location, submitted }: JobMeta,
    now: Instant,
    state: JobState,
    polls: u64,
    busy: Duration,
    polled: Option<(ActivePoll, Duration)>,
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
        let line = |rest| format!("job 7 started at src/job/info.rs:{}: {rest}", location.line());
        let text = line("waiting, age 1.5s, 12 polls, busy 3.1ms");
        assert_eq!(job.to_string(), text);
        let job = JobInfo { state: JobState::Running, polls: 1, ..job };
        assert_eq!(job.to_string(), line("running, age 1.5s, 1 poll, busy 3.1ms"));
        let job = JobInfo { state: JobState::Queued, polls: 0, busy: Duration::ZERO, ..job };
        assert_eq!(job.to_string(), line("queued, age 1.5s, 0 polls, busy 0ns"));
    }
}
