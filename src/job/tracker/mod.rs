//! Tracks which jobs are unfinished and which one is running, for [`jobs`](crate::jobs()) and for
//! timeout messages.
//!
//! # Where a job is
//!
//! A job moves down this table, and the thread that moves it holds the tracker's lock:
//!
//! | place | moved on by | when |
//! |---|---|---|
//! | the queue | the reactor thread, or into `drained` by a thread that lists jobs | |
//! | `drained` | the reactor thread | it takes its next job |
//! | `current` | the reactor thread | the first poll was not ready |
//! | `tasks` | the reactor thread | the job has ended |
//!
//! A channel cannot be looked into. So a thread that lists jobs moves them from the queue to
//! `drained`, from which the reactor thread takes its next job before it looks into the queue.
//! Submitting a job costs nothing more.
//!
//! - *No job is lost.* RACE: the reactor thread finds no job only if both were empty while it held
//!   the lock, and it has registered with the `loop_waker` before. So a job that is submitted later
//!   wakes it, and one that is being moved from the queue to `drained` is seen.
//! - *No job overtakes another.* The jobs in `drained` were in the queue before those that are
//!   still there, and in the same order: under the lock, jobs are added at the end of `drained`
//!   only, and taken from its front.
//!
//! # The id of a job
//!
//! It is the job's place in the order of submission, and counted when the job leaves the queue,
//! under the lock. So submitting a job needs no counter, which all submitting threads would share.
//! A handle whose job is still in the queue asks for its id by draining the queue.
//!
//! # What it costs
//!
//! For a job that is ready at once, the reactor thread locks the tracker once, when it takes the
//! job. From then on the job counts as inside `poll`. Two flags tell that the job has left `poll`,
//! and that it has ended; they need no lock.

mod backlog;
mod by_id;
mod list;
mod priority;
mod stats;

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use async_channel::Receiver;

use crate::error::BlockedBy;
use crate::job::diagnostics::SlowPolls;
use crate::job::info::{ActivePoll, JobMeta};
use crate::job::tracker::backlog::Backlog;
use crate::job::tracker::by_id::ById;
use crate::job::tracker::priority::PriorityMutex;
use crate::sys::fork;

pub(crate) use self::stats::JobStats;

/// A job in the queue, with what the tracker needs to know of it.
pub(crate) struct Envelope<J> {
    /// The call that submitted the job.
    pub(crate) location: &'static Location<'static>,
    pub(crate) submitted: Instant,
    /// Whether the job is the crate's own, which no list shows.
    pub(crate) is_internal: bool,
    pub(crate) job: J,
}

impl<J> Envelope<J> {
    fn meta(&self, id: u64) -> JobMeta {
        JobMeta { id, location: self.location, submitted: self.submitted }
    }
}

/// A job that can be told its id.
pub(crate) trait TakesId {
    /// Tells the job its id, once. Runs no user code.
    fn set_id(&self, id: u64);
}

/// A job that has been taken out of the queue. It holds the reactor thread from then on.
pub(crate) struct TakenJob<J> {
    pub(crate) job: J,
    pub(crate) meta: JobMeta,
    pub(crate) since: Instant,
}

/// The job whose code the reactor thread runs.
#[derive(Clone, Copy)]
struct Running {
    location: &'static Location<'static>,
    since: Instant,
    /// `None` if the code is not a job's `poll`, but a `Drop`, for example.
    active_poll: Option<ActivePoll>,
}

/// The unfinished jobs of one reactor, except those still in its queue, and the job that holds its
/// thread.
pub(crate) struct Tracker<J> {
    /// LOCKING: no user code runs under the lock, and only `JobStats` are dropped. The reactor
    /// thread takes it once for each job and for each other run of user code, and twice more for a
    /// job that gets a task. Other threads take it when they list jobs, ask for an id, or have
    /// timed out; for a few microseconds at most, and after the reactor thread. It is not taken in
    /// a forked child, where it may be held by a thread that does not exist there.
    state: fork::Owned<PriorityMutex<State<J>>>,
    /// Whether `running` still holds the thread. ORDERING: set under the lock. Cleared with
    /// Release, after the job has written its stats, for the Acquire of the threads that list jobs.
    is_held: AtomicBool,
    /// Whether `current` has ended. ORDERING: Relaxed. Cleared under the lock. Set before the job's
    /// outcome is published; so a thread that has seen the outcome sees it set, or cleared again
    /// for a later job, which that thread sees under the lock.
    current_ended: AtomicBool,
    slow_polls: SlowPolls,
}

struct State<J> {
    /// Older than all jobs in the queue.
    drained: Backlog<Envelope<J>>,
    /// The id of the job that was taken last.
    taken: u64,
    /// The job that was taken last, if it is the program's, and has no task.
    current: Option<JobMeta>,
    /// The program's jobs that have a task.
    tasks: ById,
    /// The last job that held the thread.
    running: Option<Running>,
}

impl<J: TakesId> Tracker<J> {
    /// Takes the next job, which becomes `current` and holds the thread from now on. Reactor thread
    /// only, or the thread that stops a reactor without one.
    pub(crate) fn take(&self, queue: &Receiver<Envelope<J>>) -> Option<TakenJob<J>> {
        let mut state = self.state.lock_first();
        let id = state.taken + 1;
        let envelope = match state.drained.pop_front() {
            Some(envelope) => envelope,
            None => {
                let envelope = queue.try_recv().ok()?;
                envelope.job.set_id(id);
                envelope
            }
        };
        state.taken = id;
        let meta = envelope.meta(id);
        state.current = (!envelope.is_internal).then_some(meta);
        self.current_ended.store(false, Ordering::Relaxed);
        let since = Instant::now();
        let active_poll = Some(ActivePoll { id, busy_before: Duration::ZERO });
        self.set_running(&mut state, Running { location: meta.location, since, active_poll });
        Some(TakenJob { job: envelope.job, meta, since })
    }
}

impl<J> Tracker<J> {
    /// Whether [`take`](Self::take) would return a job. Reactor thread only.
    pub(crate) fn has_queued(&self, queue: &Receiver<Envelope<J>>) -> bool {
        // LOCKING: a list moves jobs from the queue to `drained`; under the lock none is on its
        // way.
        self.state.lock_first().drained.len() > 0 || !queue.is_empty()
    }

    pub(crate) fn new(slow_poll: Duration) -> Self {
        let state = State {
            drained: Backlog::new(),
            taken: 0,
            current: None,
            tasks: ById::new(),
            running: None,
        };
        Self {
            state: fork::Owned::new(PriorityMutex::new(state)),
            is_held: AtomicBool::new(false),
            current_ended: AtomicBool::new(false),
            slow_polls: SlowPolls::new(slow_poll),
        }
    }

    fn enter(
        &self,
        location: &'static Location<'static>,
        active_poll: Option<ActivePoll>,
    ) -> Instant {
        let mut state = self.state.lock_first();
        // Start the clock after locking, so that waiting for the lock is not charged to the job.
        let since = Instant::now();
        self.set_running(&mut state, Running { location, since, active_poll });
        since
    }

    fn set_running(&self, state: &mut State<J>, running: Running) {
        state.running = Some(running);
        self.is_held.store(true, Ordering::Relaxed);
    }

    /// Notes that the last job to hold the thread does not hold it any more. To be called directly
    /// for a job that was taken, and is not going to be polled.
    pub(crate) fn leave(&self) {
        self.is_held.store(false, Ordering::Release);
    }

    /// Runs user code on the reactor thread on behalf of the job that was started at `location`.
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

    /// Polls a job that has stats, which means that this is not its first poll. Calls `done` with
    /// the result of the poll before any other thread can see that the poll is over.
    pub(crate) fn poll<R>(
        &self,
        stats: &JobStats,
        poll: impl FnOnce() -> R,
        done: impl FnOnce(&R),
    ) -> R {
        let busy_before = stats.begin_poll();
        let JobMeta { id, location, .. } = stats.meta;
        let active_poll = ActivePoll { id, busy_before };
        let since = self.enter(location, Some(active_poll));
        self.run_since(location, since, poll, |result, held| {
            stats.set_busy(busy_before + held);
            done(result);
        })
    }

    /// Runs user code; the job that was started at `location` has held the thread `since` then, and
    /// leaves it afterwards. Calls `done` with the result and the time held, before any other
    /// thread can see that the job has left. To be called directly for a first poll: the job holds
    /// the thread since it was taken.
    pub(crate) fn run_since<R>(
        &self,
        location: &'static Location<'static>,
        since: Instant,
        user_code: impl FnOnce() -> R,
        done: impl FnOnce(&R, Duration),
    ) -> R {
        /// Leaves the thread, also by unwinding.
        struct Leave<'a, J>(&'a Tracker<J>);
        impl<J> Drop for Leave<'_, J> {
            fn drop(&mut self) {
                self.0.leave();
            }
        }

        let _leave = Leave(self);
        let result = user_code();
        let mut held = since.elapsed();
        // The job still holds the thread here, as the logger takes its time, too.
        if self.slow_polls.check(location, held) {
            held = since.elapsed();
        }
        done(&result, held);
        result
    }

    /// Returns the job that holds the thread right now.
    pub(crate) fn blocked_by(&self) -> Option<BlockedBy> {
        let Running { location, since, .. } = self.running(&self.state.lock_after_reactor())?;
        Some(BlockedBy { location, held: since.elapsed().into() })
    }

    fn running(&self, state: &State<J>) -> Option<Running> {
        state.running.filter(|_| self.is_held.load(Ordering::Acquire))
    }

    fn has_current_ended(&self) -> bool {
        self.current_ended.load(Ordering::Relaxed)
    }

    /// Notes that the job that was taken last gets a task. Reactor thread only, during the first
    /// poll of the job.
    pub(crate) fn add_task(
        &self,
        meta: JobMeta,
        busy: Duration,
        is_internal: bool,
    ) -> Arc<JobStats> {
        let stats = Arc::new(JobStats::after_first_poll(meta, busy));
        if fork::forked_from().is_none() && !is_internal {
            let mut state = self.state.lock_first();
            state.current = None;
            state.tasks.push(Arc::clone(&stats));
        }
        stats
    }

    /// Notes that a job has ended: the one with these stats, or the one that was taken last.
    /// Reactor thread only, before the outcome is published.
    pub(crate) fn remove(&self, stats: Option<&JobStats>) {
        match stats {
            None => self.current_ended.store(true, Ordering::Relaxed),
            Some(_) if fork::forked_from().is_some() => {}
            Some(stats) => {
                self.state.lock_first().tasks.remove(stats.meta.id);
            }
        }
    }

    /// Notes that all jobs have ended, even if something has unwound past [`remove`](Self::remove).
    pub(crate) fn clear(&self) {
        let mut state = self.state.lock_first();
        state.current = None;
        state.tasks.clear();
    }
}
