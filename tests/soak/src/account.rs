//! What has become of the jobs.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// With this text panic the jobs that are to.
pub(crate) const ON_PURPOSE: &str = "on purpose";

pub(crate) fn message(payload: &(dyn Any + Send)) -> String {
    match payload.downcast_ref::<&str>() {
        Some(text) => (*text).to_owned(),
        None => payload.downcast_ref::<String>().cloned().unwrap_or_default(),
    }
}

pub(crate) fn is_on_purpose(payload: &(dyn Any + Send)) -> bool {
    message(payload) == ON_PURPOSE
}

/// How a job ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    Done,
    /// With its own error or a panic.
    Failed,
    /// By `cancel`, or because its wait timed out.
    Cancelled,
    Stopped,
}

/// All jobs so far. ORDERING: Relaxed everywhere; the numbers are compared when the threads have
/// ended.
#[derive(Default)]
pub(crate) struct Account {
    submitted: AtomicU64,
    fates: [AtomicU64; 4],
    /// Closures and futures that have been dropped, each with what it owned.
    dropped: AtomicU64,
    pub(crate) restarts: AtomicU64,
    pub(crate) forks: AtomicU64,
    pub(crate) children: AtomicU64,
}

impl Account {
    pub(crate) fn submit(self: &Arc<Self>) -> Owned {
        self.submitted.fetch_add(1, Ordering::Relaxed);
        Owned(Arc::clone(self))
    }

    pub(crate) fn close(&self, fate: Fate) {
        self.fates[fate as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Waits until all that jobs owned has been dropped.
    pub(crate) fn settles(&self, patience: Duration) -> bool {
        let start = Instant::now();
        while self.dropped.load(Ordering::Relaxed) != self.submitted.load(Ordering::Relaxed) {
            if start.elapsed() > patience {
                return false;
            }
            thread::sleep(Duration::from_millis(10));
        }
        true
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        let known: u64 = self.fates.iter().map(|fate| fate.load(Ordering::Relaxed)).sum();
        let submitted = self.submitted.load(Ordering::Relaxed);
        if known != submitted {
            return Err(format!("{known} jobs are accounted for, of {submitted}"));
        }
        // Else it has not tried what it is for.
        match self.fates.iter().all(|fate| fate.load(Ordering::Relaxed) > 0) {
            true => Ok(()),
            false => Err("one fate has not come up".to_owned()),
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let get = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let [done, failed, cancelled, stopped] = [0, 1, 2, 3].map(|fate| get(&self.fates[fate]));
        write!(
            f,
            "jobs: {} submitted = {done} done + {failed} failed + {cancelled} cancelled + {stopped} stopped; \
             {} dropped; {} shutdowns, {} forks, {} child processes",
            get(&self.submitted),
            get(&self.dropped),
            get(&self.restarts),
            get(&self.forks),
            get(&self.children),
        )
    }
}

/// What a job owns.
pub(crate) struct Owned(Arc<Account>);

impl Drop for Owned {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, Ordering::Relaxed);
    }
}
