//! [`Header`]: the part of a job that any thread may read: location, state, id, and whether it was
//! cancelled.

use std::panic::Location;
use std::task::Waker;

use crate::error::JobState;
use crate::sync::{AtomicBool, AtomicU8, AtomicU64, AtomicWaker, Ordering};

/// The reactor thread has not polled the job yet.
const QUEUED: u8 = 0;
/// The job is inside `poll`.
const RUNNING: u8 = 1;
/// The last poll of the job returned `Pending`. A job that has ended stays in the state of its last
/// poll.
const WAITING: u8 = 2;

/// A job's header. The caller makes it; the job, its handle and the reactor share it.
pub(crate) struct Header {
    /// The call that submitted the job.
    pub(crate) location: &'static Location<'static>,
    /// Whether the job is the crate's own, which no list shows.
    pub(crate) is_internal: bool,
    /// Written by the reactor thread alone. ORDERING: Relaxed, as it is only reported, and guards
    /// nothing.
    state: AtomicU8,
    cancelled: AtomicBool,
    /// 0 until the job has left the queue. ORDERING: Relaxed. Written once, under the tracker's
    /// lock; a reader that needs to see it takes that lock.
    id: AtomicU64,
    /// Wakes the job's task, so that it sees that the job is cancelled. This is not the waker of
    /// the job's own future.
    task: AtomicWaker,
}

impl Header {
    pub(crate) fn new(location: &'static Location<'static>) -> Self {
        Self {
            location,
            is_internal: false,
            state: AtomicU8::new(QUEUED),
            cancelled: AtomicBool::new(false),
            id: AtomicU64::new(0),
            task: AtomicWaker::new(),
        }
    }

    /// The header of a job of the crate's own.
    pub(crate) fn internal(location: &'static Location<'static>) -> Self {
        Self { is_internal: true, ..Self::new(location) }
    }

    /// Returns the id; 0 if the job has none yet.
    pub(crate) fn id(&self) -> u64 {
        self.id.load(Ordering::Relaxed)
    }

    /// Called once, under the tracker's lock.
    pub(crate) fn set_id(&self, id: u64) {
        self.id.store(id, Ordering::Relaxed);
    }

    pub(crate) fn state(&self) -> JobState {
        match self.state.load(Ordering::Relaxed) {
            QUEUED => JobState::Queued,
            RUNNING => JobState::Running,
            _ => JobState::Waiting,
        }
    }

    /// Reactor thread only.
    pub(crate) fn set_running(&self) {
        self.state.store(RUNNING, Ordering::Relaxed);
    }

    /// Reactor thread only.
    pub(crate) fn set_waiting(&self) {
        self.state.store(WAITING, Ordering::Relaxed);
    }

    /// Asks the reactor thread to drop the job. Does nothing to a job that has ended.
    pub(crate) fn cancel(&self) {
        // ORDERING: Release, for `is_cancelled`. RACE: with the registration of the task.
        // `AtomicWaker` promises that either `wake` sees the waker, or the thread that registers it
        // sees all that happened before `wake`.
        self.cancelled.store(true, Ordering::Release);
        self.task.wake();
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    /// Makes `cancel` wake this task from now on. Reactor thread only, which must look at
    /// [`is_cancelled`](Self::is_cancelled) afterwards.
    pub(crate) fn register(&self, task: &Waker) {
        self.task.register(task);
    }

    /// Drops the waker, and with it the reference cycle of task, job and header. Reactor thread
    /// only.
    pub(crate) fn unregister(&self) {
        drop(self.task.take());
    }
}
