//! [`JobInfo`]: what `jobs()` tells of a job.

use std::fmt;
use std::panic::Location;
use std::time::{Duration, Instant};

use crate::error::JobState;
use crate::text::{Rounded, ShortLocation};

/// Which job is meant.
#[derive(Clone, Copy)]
pub(crate) struct JobMeta {
    /// The job's place in the order of submission, from 1.
    pub(crate) id: u64,
    pub(crate) location: &'static Location<'static>,
    pub(crate) submitted: Instant,
}

/// The job that is inside `poll`.
#[derive(Clone, Copy)]
pub(crate) struct ActivePoll {
    pub(crate) id: u64,
    /// How long the job was inside `poll` before this time.
    pub(crate) busy_before: Duration,
}

/// One unfinished job, as it was when [`jobs`](crate::jobs()) was called.
///
/// A `JobInfo` prints as one line:
/// `job 7 started at src/main.rs:42: waiting, age 1.5s, 12 polls, busy 3.1ms`.
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
    /// Returns the number of the job, which is also its
    /// [`EventualResult::id`](crate::EventualResult::id): a job that was submitted later to the
    /// same reactor has a greater one. Jobs of different reactors may have the same number.
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

    /// Returns how often the job has been polled, including the current poll.
    pub fn polls(&self) -> u64 {
        self.polls
    }

    /// Returns how long the job has been inside `poll` in total, including the current poll.
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

/// Describes a job. `active` is the job that is inside `poll`, and for how long it has been.
pub(crate) fn info(
    JobMeta { id, location, submitted }: JobMeta,
    now: Instant,
    state: JobState,
    polls: u64,
    busy: Duration,
    active: Option<(ActivePoll, Duration)>,
) -> JobInfo {
    let age = now.saturating_duration_since(submitted);
    let info = JobInfo { id, location, age, state, polls, busy };
    match active {
        Some((active, held)) if active.id == id => JobInfo {
            state: JobState::Running,
            // The first poll is counted when it is over.
            polls: polls.max(1),
            busy: active.busy_before + held,
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
