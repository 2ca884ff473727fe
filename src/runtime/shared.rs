//! What the reactor thread shares with its callers: the queue and the waker of the loop, the
//! lifecycle of the reactor, and the tracker of its jobs.

use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::time::{Duration, Instant};

use async_channel::{Receiver, Sender};
use atomic_waker::AtomicWaker;

use crate::context::Tokio;
use crate::error::{Error, JobState, TimedOut};
use crate::job::diagnostics::report_refused;
use crate::job::header::Header;
use crate::job::info::JobInfo;
use crate::job::semaphore::{Permit, Semaphore};
use crate::job::tracker::{Envelope, TakenJob};
use crate::job::{QueuedJob, Tracker};
use crate::runtime::current::RunBy;
use crate::runtime::owed_poll::OwedPoll;
use crate::runtime::spin::Spin;
use crate::sync::{OwnLines, lock};
use crate::sys::fork::{self, check_not_forked};

/// The state of a reactor. It changes forward only, under its lock.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Lifecycle {
    /// A [`Driver`](crate::Driver) exists, and has not been run. Jobs are queued. Left by the run
    /// of the driver, or by the first thread that stops the reactor, which drops the queued jobs
    /// itself.
    Undriven,
    /// A thread runs the loop, or an executor should poll it. Left by the first thread that stops
    /// the reactor, or by the loop when it ends of itself.
    Running,
    /// The queue is closed. The loop is dropping the unfinished jobs, and is the only one to leave
    /// this state.
    Stopping,
    /// Every job has ended. Never left.
    Ended,
}

/// What the reactor thread shares with its callers.
pub(crate) struct Shared {
    pub(crate) id: u64,
    /// The thread that runs the loop: its own for good, that of a [`Driver`](crate::Driver) while
    /// it polls.
    pub(crate) run_by: RunBy,
    /// Of use where there is a `Driver`.
    pub(crate) owed_poll: Arc<OwedPoll>,
    submit: fork::Owned<Sender<Envelope<QueuedJob>>>,
    /// Emptied by the tracker only, which keeps the order.
    queue: fork::Owned<Receiver<Envelope<QueuedJob>>>,
    /// The reactor thread writes to the tracker for each job, and all callers read what is beside it.
    pub(crate) tracker: OwnLines<Tracker>,
    /// Wakes the loop, which registers only when it is about to sleep. Each thread that submits a job
    /// writes to the waker, and the loop reads what is beside it.
    pub(crate) loop_waker: OwnLines<AtomicWaker>,
    pub(crate) tokio: Tokio,
    /// `None` where there is no limit to the number of unfinished jobs.
    semaphore: Option<Arc<Semaphore>>,
    /// How long each side spins before it sleeps.
    pub(crate) spin: Spin,
    lifecycle: Mutex<Lifecycle>,
    ended: Condvar,
    /// Called with the reactor's id when all its jobs have been dropped, just before it has ended.
    before_end: OnceLock<fn(u64)>,
}

impl Shared {
    pub(crate) fn new(
        lifecycle: Lifecycle,
        spin: Duration,
        slow_poll: Duration,
        max_jobs: Option<usize>,
    ) -> Self {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        let (submit, queue) = async_channel::unbounded();
        Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            run_by: RunBy::no_thread(),
            owed_poll: Arc::new(OwedPoll::new()),
            submit: fork::Owned::new(submit),
            queue: fork::Owned::new(queue),
            tracker: OwnLines(Tracker::new(slow_poll)),
            loop_waker: OwnLines(AtomicWaker::new()),
            tokio: Tokio::new(),
            semaphore: max_jobs.map(|max| Arc::new(Semaphore::new(max))),
            spin: Spin::new(spin),
            lifecycle: Mutex::new(lifecycle),
            ended: Condvar::new(),
            before_end: OnceLock::new(),
        }
    }

    /// Queues a job. If the reactor is stopping, the job ends at once, as stopped.
    pub(crate) fn submit(&self, job: Envelope<QueuedJob>) {
        // RACE: with `begin_stop`. Either the queue is closed already, or the job is in the queue
        // when the reactor drains it. With `EventLoop::sleep`: the loop registers, then looks once
        // more; here the job is queued first. So either the loop sees the job, or `wake` sees the
        // loop's waker.
        if self.submit.try_send(job).is_ok() {
            self.loop_waker.wake();
        }
    }

    /// Returns the permit for a job that is going to be submitted, if the reactor has a limit.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] if the reactor has as many unfinished jobs as it takes.
    pub(crate) fn try_acquire(&self) -> Result<Option<Permit>, Error> {
        let Some(semaphore) = &self.semaphore else { return Ok(None) };
        let permit = semaphore.try_acquire();
        // A reactor that is stopping refuses the job, with or without a permit.
        if permit.is_some() || self.is_stopping() { Ok(permit) } else { Err(Error::Full) }
    }

    /// Blocks until there is a permit, or until the deadline has passed, which is [`Error::Full`];
    /// `None` is no deadline.
    pub(crate) fn acquire(&self, deadline: Option<Instant>) -> Result<Option<Permit>, Error> {
        let mut permit = self.try_acquire();
        if let (Err(_), Some(semaphore)) = (&permit, &self.semaphore) {
            semaphore.wait(deadline, || {
                permit = self.try_acquire();
                permit.is_ok()
            });
        }
        permit
    }

    /// Takes the next job out of the queue. Reactor thread only.
    pub(crate) fn take(&self) -> Option<TakenJob<QueuedJob>> {
        self.tracker.take(&self.queue)
    }

    /// Whether a job is in the queue, and no list has moved it on: a glance, without the lock.
    pub(crate) fn has_submitted(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Whether [`take`](Self::take) would return a job.
    pub(crate) fn has_queued(&self) -> bool {
        self.tracker.has_queued(&self.queue)
    }

    /// Lists the unfinished jobs.
    pub(crate) fn jobs(&self) -> Vec<JobInfo> {
        if fork::forked_from().is_some() {
            return Vec::new();
        }
        self.tracker.list(&self.queue)
    }

    /// Returns the id of a job that was submitted to this reactor; 0 if the reactor has refused the
    /// job.
    pub(crate) fn id_of(&self, job: &Header) -> u64 {
        if fork::forked_from().is_some() {
            return job.id();
        }
        self.tracker.id_of(&self.queue, || job.id())
    }

    /// Whether a job submitted now would be refused.
    pub(crate) fn is_stopping(&self) -> bool {
        self.submit.is_closed()
    }

    /// Whether every job has ended.
    pub(crate) fn is_ended(&self) -> bool {
        *lock(&self.lifecycle) == Lifecycle::Ended
    }

    /// Refuses a blocking call, made at `location`, that could not end. Reports it, which runs user
    /// code: the logger.
    pub(crate) fn check_may_block(
        &self,
        location: &'static Location<'static>,
    ) -> Result<(), Error> {
        check_not_forked()?;
        if self.run_by.is_this_thread() {
            report_refused(location);
            return Err(Error::OnReactorThread);
        }
        Ok(())
    }

    /// Whether this thread is the reactor's, and not a copy of it in a forked child.
    pub(crate) fn is_this_thread(&self) -> bool {
        fork::forked_from().is_none() && self.run_by.is_this_thread()
    }

    /// Why a wait for this job, begun at `start`, is over.
    pub(crate) fn timed_out(
        &self,
        start: Instant,
        job: JobState,
        header: Option<&Header>,
    ) -> TimedOut {
        let waited = start.elapsed();
        TimedOut {
            waited: waited.into(),
            job,
            blocked_by: self.tracker.blocked_by(),
            queued_before: header
                .filter(|_| job == JobState::Queued)
                .and_then(|header| self.queued_before(header, waited))
                .map_or(0, |jobs| u32::try_from(jobs).unwrap_or(u32::MAX)),
            cause: self.no_poll(waited),
            scope: None,
        }
    }

    /// How many jobs the reactor takes before this one, if that can be found out in a part of the
    /// time that a caller has waited.
    fn queued_before(&self, header: &Header, waited: Duration) -> Option<u64> {
        let time = (waited / 16).min(Duration::from_millis(10));
        self.tracker.queued_before(&self.queue, || header.id(), time)
    }

    /// What keeps the jobs of a `Driver` from running: the application does not poll it.
    fn no_poll(&self, waited: Duration) -> Option<&'static &'static str> {
        if *lock(&self.lifecycle) == Lifecycle::Undriven {
            return Some(&"nobody is running the Driver");
        }
        // An executor may take its time for a poll that it owes. It explains the timeout as a job
        // does that holds the thread: from half of the wait on.
        let owed_for = self.owed_poll.owed_for().filter(|_| self.run_by.is_no_thread())?;
        (owed_for.saturating_mul(2) >= waited).then_some(&"nobody is polling the Driver")
    }

    /// Begins to run, if the reactor has not been stopped before.
    pub(crate) fn begin_run(&self) -> Result<(), Error> {
        let mut lifecycle = lock(&self.lifecycle);
        if *lifecycle != Lifecycle::Undriven {
            return Err(Error::ReactorStopped);
        }
        *lifecycle = Lifecycle::Running;
        Ok(())
    }

    /// Closes the queue and moves to `Stopping`; returns the state before.
    fn begin_stop(&self) -> Lifecycle {
        let mut lifecycle = lock(&self.lifecycle);
        let before = *lifecycle;
        *lifecycle =
            if before == Lifecycle::Ended { Lifecycle::Ended } else { Lifecycle::Stopping };
        drop(lifecycle);
        self.submit.close();
        if let Some(semaphore) = &self.semaphore {
            semaphore.wake_all();
        }
        before
    }

    /// Stops the reactor, without waiting. The thread that runs the loop drops the jobs. A driver
    /// that was never run has none, so its queued jobs are dropped here.
    pub(crate) fn stop(&self) {
        match self.begin_stop() {
            Lifecycle::Running => self.loop_waker.wake(),
            Lifecycle::Undriven => {
                // This thread counts as the reactor's meanwhile: a wait for one of these jobs in
                // the `Drop` of another is refused, not stuck.
                let _entered = self.run_by.enter();
                while let Some(job) = self.take() {
                    self.tracker.remove(None);
                    self.tracker.leave();
                    drop(job);
                }
                self.end();
            }
            Lifecycle::Stopping | Lifecycle::Ended => {}
        }
    }

    /// Registers what the thread that stops this reactor calls, with its id, once all jobs have
    /// been dropped. The same function each time.
    pub(crate) fn call_before_end(&self, log_failures: fn(u64)) {
        self.before_end.get_or_init(|| log_failures);
    }

    /// Runs what [`call_before_end`](Self::call_before_end) has registered.
    pub(crate) fn before_end(&self) {
        if let Some(call) = self.before_end.get() {
            call(self.id);
        }
    }

    /// Notes that the loop has ended, asked to or not, and begins to stop.
    pub(crate) fn leave_loop(&self) {
        self.begin_stop();
    }

    /// Notes that every job has ended. A thread of the reactor's own is about to end.
    pub(crate) fn end(&self) {
        self.tracker.clear();
        *lock(&self.lifecycle) = Lifecycle::Ended;
        self.ended.notify_all();
    }

    /// Blocks until the reactor has ended; false if the deadline passes before. Touches no
    /// thread-locals, so it works at the end of `main`.
    pub(crate) fn wait_ended(&self, deadline: Option<Instant>) -> bool {
        let mut lifecycle = lock(&self.lifecycle);
        while *lifecycle != Lifecycle::Ended {
            let Some(deadline) = deadline else {
                lifecycle = self.ended.wait(lifecycle).unwrap_or_else(|poison| poison.into_inner());
                continue;
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let woken = self.ended.wait_timeout(lifecycle, left);
            lifecycle = woken.unwrap_or_else(|poison| poison.into_inner()).0;
        }
        true
    }
}
