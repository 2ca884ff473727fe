//! What everyone may know of a job, on any thread: its place, its state, and whether it is to be
//! cancelled.

use std::panic::Location;
use std::task::Waker;

use crate::error::JobState;
use crate::sync::{AtomicBool, AtomicU8, AtomicWaker, Ordering};

const QUEUED: u8 = 0;
const RUNNING: u8 = 1;
const WAITING: u8 = 2;

/// One job's header: made by the caller, kept by the job, its handle and the reactor.
pub(crate) struct Header {
    /// The call that submitted the job.
    pub(crate) location: &'static Location<'static>,
    /// Written by the reactor thread alone. ORDERING: Relaxed, as it is only reported, and guards
    /// nothing.
    state: AtomicU8,
    cancelled: AtomicBool,
    /// Wakes the job's task, for it to see that it is cancelled. It is not the job's own waker.
    task: AtomicWaker,
}

impl Header {
    pub(crate) fn new(location: &'static Location<'static>) -> Self {
        Self {
            location,
            state: AtomicU8::new(QUEUED),
            cancelled: AtomicBool::new(false),
            task: AtomicWaker::new(),
        }
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

    /// Asks the reactor thread to drop the job. A job that has ended does not notice.
    pub(crate) fn cancel(&self) {
        // ORDERING: Release, for `is_cancelled`. RACE: with the registration of the task: `AtomicWaker`
        // promises that either `wake` sees the waker, or whoever registers it sees all before `wake`.
        self.cancelled.store(true, Ordering::Release);
        self.task.wake();
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    /// Has `cancel` wake this task from now on. Reactor thread only, to be followed by a look at
    /// [`is_cancelled`](Self::is_cancelled).
    pub(crate) fn register(&self, task: &Waker) {
        self.task.register(task);
    }

    /// Lets go of the task, which holds the job, which holds this header. Reactor thread only.
    pub(crate) fn unregister(&self) {
        drop(self.task.take());
    }
}
