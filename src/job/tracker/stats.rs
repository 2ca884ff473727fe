//! [`JobStats`]: what is counted of a job that has a task.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::job::info::JobMeta;

/// What is counted of a job that has a task. ORDERING: Relaxed. The reactor thread alone writes it,
/// and the tracker's `is_held` orders that with the threads that list jobs.
pub(crate) struct JobStats {
    pub(super) meta: JobMeta,
    polls: AtomicU64,
    /// The time inside `poll`, in nanoseconds, without the current poll. Enough for five centuries.
    busy: AtomicU64,
}

impl JobStats {
    /// The stats of a job after its first poll, which took `busy`.
    pub(super) fn after_first_poll(meta: JobMeta, busy: Duration) -> Self {
        Self { meta, polls: AtomicU64::new(1), busy: AtomicU64::new(nanos(busy)) }
    }

    pub(crate) fn id(&self) -> u64 {
        self.meta.id
    }

    /// Counts a poll that begins now. Returns how long the polls before it took.
    pub(super) fn begin_poll(&self) -> Duration {
        // No read-modify-write is needed with a single writer.
        self.polls.store(self.polls() + 1, Ordering::Relaxed);
        self.busy()
    }

    pub(super) fn set_busy(&self, busy: Duration) {
        self.busy.store(nanos(busy), Ordering::Relaxed);
    }

    pub(super) fn polls(&self) -> u64 {
        self.polls.load(Ordering::Relaxed)
    }

    pub(super) fn busy(&self) -> Duration {
        Duration::from_nanos(self.busy.load(Ordering::Relaxed))
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
