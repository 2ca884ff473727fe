//! Whether the application's executor owes its [`Driver`](crate::Driver) a poll, and since when:
//! for timeouts, which say so.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use atomic_waker::AtomicWaker;

/// The waker with which a Driver is polled: notes that it was woken, and passes the wake on.
pub(crate) struct OwedPoll {
    made: Instant,
    /// When the Driver was woken, if it has not been polled since: in nanoseconds from `made`, from
    /// 1 on; else 0. ORDERING: Relaxed, as it is only reported. No lock, as wakers may run
    /// anywhere, in a forked child too.
    since: AtomicU64,
    /// The waker of the application's executor.
    executor: AtomicWaker,
}

impl OwedPoll {
    pub(crate) fn new() -> Self {
        Self { made: Instant::now(), since: AtomicU64::new(0), executor: AtomicWaker::new() }
    }

    /// Notes that a poll begins, with this waker of the executor's.
    pub(crate) fn begin(&self, executor: &Waker) {
        self.executor.register(executor);
        // RACE: a wake between these two lines wakes the executor, and is forgotten here. What it
        // was for was there before it, so this poll sees that.
        self.since.store(0, Ordering::Relaxed);
    }

    /// How long ago the Driver was woken, if it has not been polled since.
    pub(crate) fn owed_for(&self) -> Option<Duration> {
        let since = self.since.load(Ordering::Relaxed);
        (since > 0).then(|| self.made.elapsed().saturating_sub(Duration::from_nanos(since)))
    }
}

impl Wake for OwedPoll {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.since.load(Ordering::Relaxed) == 0 {
            let now = u64::try_from(self.made.elapsed().as_nanos()).unwrap_or(u64::MAX).max(1);
            // Of two wakes at a time either will do.
            self.since.store(now, Ordering::Relaxed);
        }
        self.executor.wake();
    }
}
