//! What the reactor thread and everyone else share: the queue and its bell, the life of the reactor, and
//! who holds the thread.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use async_channel::{Receiver, Sender};
use atomic_waker::AtomicWaker;

use crate::context::Tokio;
use crate::current::{Enter, is_entered};
use crate::error::{Error, JobState, TimedOut};
use crate::job::{Submitted, Taken};
use crate::jobs::JobInfo;
use crate::os;
use crate::roll::Roll;
use crate::spin::Spin;
use crate::sync::lock;

/// Where a reactor is in its life. Only forward.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Life {
    /// A [`Driver`](crate::Driver) exists, and has not been run.
    Undriven,
    Running,
    /// The queue is closed; unfinished jobs are being dropped.
    Stopping,
    /// Every job has ended.
    Ended,
}

/// What the reactor thread and everyone else share.
pub(crate) struct Shared {
    pub(crate) id: u64,
    submit: Sender<Submitted>,
    /// To be emptied by way of `roll`, which keeps the order.
    queue: Receiver<Submitted>,
    pub(crate) roll: Roll,
    /// The task that takes jobs out of the queue, when it has found it empty.
    pub(crate) doorbell: AtomicWaker,
    pub(crate) tokio: Tokio,
    /// How long either side looks before it sleeps.
    pub(crate) spin: Spin,
    life: Mutex<Life>,
    ended: Condvar,
}

impl Shared {
    pub(crate) fn new(life: Life, spin: Duration, slow_poll: Duration) -> Self {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        let (submit, queue) = async_channel::unbounded();
        Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            submit,
            queue,
            roll: Roll::new(slow_poll),
            doorbell: AtomicWaker::new(),
            tokio: Tokio::new(),
            spin: Spin::new(spin),
            life: Mutex::new(life),
            ended: Condvar::new(),
        }
    }

    /// Queues a job. If the reactor is stopping, the job ends at once, as stopped.
    pub(crate) fn submit(&self, job: Submitted) {
        // RACE: with `begin_stop`. Either the queue is closed already, or the job is in it when it is
        // drained. With the driver: it registers with the doorbell, then looks into the queue once
        // more; so either it sees the job, or the doorbell sees it.
        if self.submit.try_send(job).is_ok() {
            self.doorbell.wake();
        }
    }

    /// Takes the next job out of the queue. Reactor thread only.
    pub(crate) fn take(&self) -> Option<Taken> {
        self.roll.take(&self.queue)
    }

    /// Whether somebody has submitted a job that nobody has asked for yet; a glance, without the lock.
    pub(crate) fn has_submitted(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Lists the unfinished jobs.
    pub(crate) fn jobs(&self) -> Vec<JobInfo> {
        if os::forked_from().is_some() {
            return Vec::new();
        }
        self.roll.list(&self.queue)
    }

    /// Would a job submitted now be refused?
    pub(crate) fn is_stopping(&self) -> bool {
        self.submit.is_closed()
    }

    /// Has every job ended?
    pub(crate) fn is_ended(&self) -> bool {
        *lock(&self.life) == Life::Ended
    }

    /// Refuses a blocking call where it could not end.
    pub(crate) fn check_may_block(&self) -> Result<(), Error> {
        check_not_forked()?;
        if is_entered(self.id) { Err(Error::OnReactorThread) } else { Ok(()) }
    }

    /// Why a wait for this job, begun at `start`, is over.
    pub(crate) fn timed_out(&self, start: Instant, job: JobState) -> TimedOut {
        TimedOut {
            waited: start.elapsed(),
            job,
            blocked_by: self.roll.blocked_by(),
            cause: (*lock(&self.life) == Life::Undriven).then_some("nobody is running the Driver"),
        }
    }

    /// Begins to run, if it has not been stopped before.
    pub(crate) fn begin_run(&self) -> Result<(), Error> {
        let mut life = lock(&self.life);
        if *life != Life::Undriven {
            return Err(Error::ReactorStopped);
        }
        *life = Life::Running;
        Ok(())
    }

    /// Begins to stop: no more jobs, no more life beyond those there are. Returns the state before.
    fn begin_stop(&self) -> Life {
        let mut life = lock(&self.life);
        let before = *life;
        *life = if before == Life::Ended { Life::Ended } else { Life::Stopping };
        drop(life);
        self.submit.close();
        before
    }

    /// Has the reactor stop, and does not wait. Its own thread drops the jobs; a driver that was never
    /// run has none, so there the queued jobs are dropped here.
    pub(crate) fn stop(&self) {
        match self.begin_stop() {
            Life::Running => self.doorbell.wake(),
            Life::Undriven => {
                // This thread counts as the reactor's meanwhile: a wait for one of these jobs in the
                // `Drop` of another is refused, not stuck.
                let _entered = Enter::new(self.id);
                while let Some(job) = self.take() {
                    self.roll.remove(None);
                    self.roll.leave();
                    drop(job);
                }
                self.end();
            }
            Life::Stopping | Life::Ended => {}
        }
    }

    /// The driver has left its loop, of itself or because it was asked to.
    pub(crate) fn leave_loop(&self) {
        self.begin_stop();
    }

    /// Every job has ended, and the thread, if it is our own, is about to.
    pub(crate) fn end(&self) {
        self.roll.clear();
        *lock(&self.life) = Life::Ended;
        self.ended.notify_all();
    }

    /// Blocks until the reactor has ended; false if the deadline passes before. Touches no
    /// thread-locals, so it works at the end of `main`.
    pub(crate) fn wait_ended(&self, deadline: Option<Instant>) -> bool {
        let mut life = lock(&self.life);
        while *life != Life::Ended {
            let Some(deadline) = deadline else {
                life = self.ended.wait(life).unwrap_or_else(|poison| poison.into_inner());
                continue;
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let woken = self.ended.wait_timeout(life, left);
            life = woken.unwrap_or_else(|poison| poison.into_inner()).0;
        }
        true
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if os::forked_from().is_some() {
            // Closing the queue would take locks that a thread of the parent may have held. One more
            // of each of its ends, never dropped, keeps it open.
            std::mem::forget((self.submit.clone(), self.queue.clone()));
            self.roll.forget_jobs();
        }
    }
}

pub(crate) fn check_not_forked() -> Result<(), Error> {
    match os::forked_from() {
        None => Ok(()),
        Some(setup_pid) => Err(Error::Forked { setup_pid }),
    }
}

/// When a wait that begins at `start` is over; `None` is never. The one place where timeouts become
/// deadlines.
pub(crate) fn deadline(start: Instant, timeout: Duration) -> Option<Instant> {
    start.checked_add(timeout)
}
