//! What the process takes up, and how long it may take.

use std::fmt;
use std::fs;
use std::process;
use std::thread;
use std::time::{Duration, Instant};

/// Ends the process when it takes longer than that.
pub(crate) fn end_if_it_takes(time: Duration) {
    thread::spawn(move || {
        thread::sleep(time);
        eprintln!("it hangs");
        process::abort();
    });
}

/// What the process takes up when no thread is at work.
pub(crate) struct Footprint {
    /// Resident memory, in bytes.
    memory: u64,
    threads: usize,
    files: usize,
}

impl Footprint {
    fn now() -> Self {
        // Under Wine this would be the footprint of Wine's server.
        if cfg!(windows) {
            return Self { memory: 0, threads: 0, files: 0 };
        }
        let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
        let pages: u64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
        let count = |dir| fs::read_dir(dir).map_or(0, Iterator::count);
        Self {
            memory: pages * page_size(),
            threads: count("/proc/self/task"),
            files: count("/proc/self/fd"),
        }
    }

    /// The footprint once the threads that are about to end have ended: those of the pool for
    /// blocking code take their time. `patience` bounds that.
    pub(crate) fn settled(patience: Duration) -> Self {
        let start = Instant::now();
        let mut least = Self::now();
        let mut since = start;
        // No fewer for three seconds.
        while since.elapsed() < Duration::from_secs(3) && start.elapsed() < patience {
            thread::sleep(Duration::from_millis(100));
            let now = Self::now();
            if (now.threads, now.files) != (least.threads, least.files) {
                since = Instant::now();
            }
            least = now;
        }
        least
    }

    /// Compares with the footprint of an earlier time.
    pub(crate) fn check(&self, before: &Self, allowance: u64) -> Result<(), String> {
        if self.memory > before.memory + allowance {
            return Err(format!("memory has grown: {before}, then {self}"));
        }
        if self.threads > before.threads || self.files > before.files {
            return Err(format!("something was left behind: {before}, then {self}"));
        }
        Ok(())
    }
}

impl fmt::Display for Footprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { memory, threads, files } = self;
        write!(f, "{} KiB, {threads} threads, {files} files", memory / 1024)
    }
}

#[cfg(unix)]
fn page_size() -> u64 {
    #[expect(unsafe_code, reason = "FFI")]
    // SAFETY: it takes a number.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    size.try_into().unwrap_or(4096)
}

#[cfg(not(unix))]
fn page_size() -> u64 {
    4096
}
