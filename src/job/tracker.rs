//! What the reactor thread is at, and what is still to be done: from this [`jobs`](crate::jobs()) makes its list, and
//! a timeout names its cause.
//!
//! # Where the jobs are
//!
//! A job goes one way, and whoever moves it holds the tracker's lock:
//!
//! | place | who moves it on | when |
//! |---|---|---|
//! | the queue | the reactor thread, or whoever asks, into `drained` | |
//! | `drained` | the reactor thread | it takes its next job |
//! | `first` | the reactor thread | the first poll was not ready |
//! | `tasks` | the reactor thread | it has ended |
//!
//! A channel cannot be looked into. So whoever asks takes all jobs out of the queue, and puts them into `drained`,
//! from which the reactor thread takes before it looks into the queue. That costs callers nothing.
//!
//! - *No job is lost.* RACE: the reactor thread finds no job only if both were empty while it held the lock, and it
//!   has registered with the loop_waker before. So a job that comes later rings, and one that is on its way from the
//!   queue to `drained` is seen.
//! - *No job overtakes another.* What is in `drained` was in the queue before all that is in the queue, in the same
//!   order: it is only put at the end, and taken from the front, under the lock.
//!
//! So the number of a job is known before it has been taken: it is a place in the order of submission.
//!
//! # What it costs
//!
//! A job that is ready at once has the reactor thread lock once, when it takes the job; it counts as inside `poll`
//! from then on. That it has left, and that it has ended, are flags, which need no lock.

use std::collections::{BTreeMap, VecDeque};
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_channel::Receiver;

use crate::error::{BlockedBy, JobState};
use crate::job::diagnostics::SlowPolls;
use crate::job::info::{ActivePoll, JobInfo, JobMeta, info};
use crate::sync::lock;
use crate::sys::fork;

/// A job in the queue, with what the tracker has to know of it.
pub(crate) struct Envelope<J> {
    /// The call that submitted the job.
    pub(crate) location: &'static Location<'static>,
    pub(crate) submitted: Instant,
    pub(crate) job: J,
}

impl<J> Envelope<J> {
    fn meta(&self, number: u64) -> JobMeta {
        JobMeta { number, location: self.location, submitted: self.submitted }
    }
}

/// A job that has been taken out of the queue, and holds the reactor thread since.
pub(crate) struct TakenJob<J> {
    pub(crate) job: J,
    pub(crate) meta: JobMeta,
    pub(crate) since: Instant,
}

/// What is counted of a job that has a task. ORDERING: Relaxed; the reactor thread alone writes it, and `is_held`
/// orders that with those who look.
pub(crate) struct JobStats {
    meta: JobMeta,
    polls: AtomicU64,
    /// In nanoseconds, without the poll it is in. Enough for five centuries.
    busy: AtomicU64,
}

impl JobStats {
    /// Begins to poll. Returns how busy the job has been before.
    fn begin_poll(&self) -> Duration {
        // Not a read-modify-write, as nobody else writes.
        self.polls.store(self.polls.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        self.busy()
    }

    fn set_busy(&self, busy: Duration) {
        self.busy.store(nanos(busy), Ordering::Relaxed);
    }

    fn busy(&self) -> Duration {
        Duration::from_nanos(self.busy.load(Ordering::Relaxed))
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Who holds the reactor thread.
#[derive(Clone, Copy)]
struct Running {
    location: &'static Location<'static>,
    since: Instant,
    /// `None` if it is no job's `poll`.
    active_poll: Option<ActivePoll>,
}

/// The unfinished jobs of one reactor, but for those that are still in its queue, and who holds its thread.
///
/// It has its cache lines to itself, as the reactor thread writes it for each job, and what is beside it is read by
/// all callers.
#[repr(align(128))]
pub(crate) struct Tracker<J> {
    /// LOCKING: no user code runs under it, and nothing is dropped but records. The reactor thread takes it once
    /// for each job and for each other run of user code, and twice more if a job gets a task. Others take it when they
    /// ask, or a wait of theirs has timed out, so it is free but for that. A list of very many jobs takes a while,
    /// and the reactor thread waits for it. Not taken in a forked child, where a thread that is not there may set_running it.
    state: fork::Owned<Mutex<State<J>>>,
    /// Whether the `running` still holds the thread. ORDERING: raised under the lock. Lowered with Release, after what
    /// the running has left in its stats, for those who look with Acquire.
    is_held: AtomicBool,
    /// Whether `first` has ended. ORDERING: Relaxed. Lowered under the lock. Raised before the job's outcome is
    /// published, so whoever has seen that outcome sees it raised, or lowered again for a later job, which the lock
    /// shows.
    current_ended: AtomicBool,
    slow_polls: SlowPolls,
}

struct State<J> {
    /// Older than all jobs in the queue.
    drained: VecDeque<Envelope<J>>,
    /// The number of the job that was taken last.
    taken: u64,
    /// The job that was taken last, if it has no task.
    current: Option<JobMeta>,
    tasks: BTreeMap<u64, Arc<JobStats>>,
    /// Who has held the thread last.
    running: Option<Running>,
}

impl<J> Tracker<J> {
    pub(crate) fn new(slow_poll: Duration) -> Self {
        let state = State {
            drained: VecDeque::new(),
            taken: 0,
            current: None,
            tasks: BTreeMap::new(),
            running: None,
        };
        Self {
            state: fork::Owned::new(Mutex::new(state)),
            is_held: AtomicBool::new(false),
            current_ended: AtomicBool::new(false),
            slow_polls: SlowPolls::new(slow_poll),
        }
    }

    /// Takes the next job, which is the `first`, and holds the thread, from now on. Reactor thread only, or whoever
    /// stops a reactor that has none.
    pub(crate) fn take(&self, queue: &Receiver<Envelope<J>>) -> Option<TakenJob<J>> {
        let mut state = lock(&self.state);
        let envelope = match state.drained.pop_front() {
            Some(envelope) => {
                if state.drained.is_empty() {
                    // Gives a storm's memory back.
                    state.drained = VecDeque::new();
                }
                envelope
            }
            None => queue.try_recv().ok()?,
        };
        state.taken += 1;
        let meta = envelope.meta(state.taken);
        state.current = Some(meta);
        self.current_ended.store(false, Ordering::Relaxed);
        let since = Instant::now();
        let active_poll = ActivePoll { number: meta.number, busy_before: Duration::ZERO };
        self.set_running(
            &mut state,
            Running { location: meta.location, since, active_poll: Some(active_poll) },
        );
        Some(TakenJob { job: envelope.job, meta, since })
    }

    /// Whether [`take`](Self::take) would return a job.
    pub(crate) fn has_queued(&self, queue: &Receiver<Envelope<J>>) -> bool {
        // LOCKING: a list moves jobs from the queue to `drained`; under the lock none is on its way.
        !lock(&self.state).drained.is_empty() || !queue.is_empty()
    }

    fn enter(
        &self,
        location: &'static Location<'static>,
        active_poll: Option<ActivePoll>,
    ) -> Instant {
        let mut state = lock(&self.state);
        // Now that it has the lock: it is nobody's fault if that took long.
        let since = Instant::now();
        self.set_running(&mut state, Running { location, since, active_poll });
        since
    }

    fn set_running(&self, state: &mut State<J>, running: Running) {
        state.running = Some(running);
        self.is_held.store(true, Ordering::Relaxed);
    }

    /// The job that was taken last does not set_running the thread any more. For one that is not going to be active_poll.
    pub(crate) fn leave(&self) {
        self.is_held.store(false, Ordering::Release);
    }

    /// Runs user code on the reactor thread in the name of the job that was started at `location`.
    pub(crate) fn run_as<R>(
        &self,
        location: &'static Location<'static>,
        user_code: impl FnOnce() -> R,
    ) -> R {
        if fork::forked_from().is_some() {
            return user_code();
        }
        let since = self.enter(location, None);
        self.run_since(location, since, user_code, |_, _| {})
    }

    /// Runs a `poll` of a job that has a stats, that is, not its first. Calls `done` with what it returned before anyone
    /// can see that it is over.
    pub(crate) fn poll<R>(
        &self,
        stats: &JobStats,
        poll: impl FnOnce() -> R,
        done: impl FnOnce(&R),
    ) -> R {
        let busy_before = stats.begin_poll();
        let JobMeta { number, location, .. } = stats.meta;
        let active_poll = ActivePoll { number, busy_before };
        let since = self.enter(location, Some(active_poll));
        self.run_since(location, since, poll, |result, held| {
            stats.set_busy(busy_before + held);
            done(result);
        })
    }

    /// Runs user code; the thread is held from `since` on until that is over. Calls `done` with what it returned, and how
    /// long it took, before anyone can see that it is over. To be called directly for a first `poll`: the job
    /// holds the thread since it was taken.
    pub(crate) fn run_since<R>(
        &self,
        location: &'static Location<'static>,
        since: Instant,
        user_code: impl FnOnce() -> R,
        done: impl FnOnce(&R, Duration),
    ) -> R {
        /// Leaves the thread, also when this ends by unwinding.
        struct Leave<'a, J>(&'a Tracker<J>);
        impl<J> Drop for Leave<'_, J> {
            fn drop(&mut self) {
                self.0.leave();
            }
        }

        let _leave = Leave(self);
        let result = user_code();
        let mut held = since.elapsed();
        // Still in the name of the job: a logger takes its time, too.
        if self.slow_polls.check(location, held) {
            held = since.elapsed();
        }
        done(&result, held);
        result
    }

    /// Who holds the thread right now.
    pub(crate) fn blocked_by(&self) -> Option<BlockedBy> {
        let Running { location, since, .. } = self.running(&lock(&self.state))?;
        Some(BlockedBy { location, held: since.elapsed() })
    }

    fn running(&self, state: &State<J>) -> Option<Running> {
        state.running.filter(|_| self.is_held.load(Ordering::Acquire))
    }

    /// Notes that the job that was taken last has a task. Reactor thread only, while the job is being active_poll.
    pub(crate) fn add_task(&self, meta: JobMeta, busy: Duration) -> Arc<JobStats> {
        let (polls, busy) = (AtomicU64::new(1), AtomicU64::new(nanos(busy)));
        let stats = Arc::new(JobStats { meta, polls, busy });
        if fork::forked_from().is_none() {
            let mut state = lock(&self.state);
            state.current = None;
            state.tasks.insert(meta.number, Arc::clone(&stats));
        }
        stats
    }

    /// Notes that a job has ended: that of the stats, or the one that was taken last. Reactor thread only, before
    /// the outcome is published.
    pub(crate) fn remove(&self, stats: Option<&JobStats>) {
        match stats {
            None => self.current_ended.store(true, Ordering::Relaxed),
            Some(_) if fork::forked_from().is_some() => {}
            Some(stats) => {
                lock(&self.state).tasks.remove(&stats.meta.number);
            }
        }
    }

    /// Every job has ended, even if something has unwound past [`remove`](Self::remove).
    pub(crate) fn clear(&self) {
        let mut state = lock(&self.state);
        state.current = None;
        state.tasks.clear();
    }

    /// Lists all jobs.
    pub(crate) fn list(&self, queue: &Receiver<Envelope<J>>) -> Vec<JobInfo> {
        let mut state = lock(&self.state);
        // No more than there are now: others may submit as fast as this takes.
        for _ in 0..queue.len() {
            let Ok(job) = queue.try_recv() else { break };
            state.drained.push_back(job);
        }
        // Before the records: a job that is not inside `poll` now has left its time in its stats.
        let active_poll = self.running(&state).and_then(|running| {
            running.active_poll.map(|active_poll| (active_poll, running.since.elapsed()))
        });
        let now = Instant::now();
        let tasks = state.tasks.values().map(|stats| {
            let polls = stats.polls.load(Ordering::Relaxed);
            info(stats.meta, now, JobState::Waiting, polls, stats.busy(), active_poll)
        });
        let first = state.current.filter(|_| !self.current_ended.load(Ordering::Relaxed));
        let queued =
            state.drained.iter().zip(state.taken + 1..).map(|(job, number)| job.meta(number));
        let queued = first.into_iter().chain(queued);
        let queued =
            queued.map(|meta| info(meta, now, JobState::Queued, 0, Duration::ZERO, active_poll));
        tasks.chain(queued).collect()
    }
}
