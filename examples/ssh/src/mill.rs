//! The application: a mill whose threads knit rows. Synchronous, and it knows nothing of SSH and
//! Lua.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crochet::wait_for;

pub(crate) struct Mill {
    pub(crate) knitters: Vec<Knitter>,
    settings: Mutex<Settings>,
    changed: Condvar,
}

pub(crate) struct Knitter {
    pub(crate) name: &'static str,
    rows: AtomicU64,
}

#[derive(Clone, Copy)]
pub(crate) struct Settings {
    /// The time for a row.
    pub(crate) pace: Duration,
    pub(crate) paused: bool,
    closed: bool,
}

impl Mill {
    /// Starts a thread for each knitter.
    pub(crate) fn open(names: &[&'static str]) -> io::Result<(Arc<Mill>, Vec<JoinHandle<()>>)> {
        let knitter = |&name| Knitter { name, rows: AtomicU64::new(0) };
        let settings = Settings { pace: Duration::from_millis(100), paused: false, closed: false };
        let mill = Arc::new(Mill {
            knitters: names.iter().map(knitter).collect(),
            settings: Mutex::new(settings),
            changed: Condvar::new(),
        });
        let start = |index: usize| {
            let mill = Arc::clone(&mill);
            let name = names[index].to_owned();
            thread::Builder::new().name(name).spawn(move || mill.knit(index))
        };
        let threads = (0..names.len()).map(start).collect::<io::Result<_>>()?;
        Ok((mill, threads))
    }

    fn knit(&self, knitter: usize) {
        let mut settings = self.lock();
        while !settings.closed {
            if settings.paused {
                settings = self.changed.wait(settings).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let pace = settings.pace;
            let waited = self.changed.wait_timeout(settings, pace);
            let (now, time) = waited.unwrap_or_else(PoisonError::into_inner);
            if time.timed_out() && !now.paused {
                self.knitters[knitter].rows.fetch_add(1, Ordering::Relaxed);
            }
            settings = now;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn settings(&self) -> Settings {
        *self.lock()
    }

    pub(crate) fn set_pace(&self, pace: Duration) {
        self.lock().pace = pace;
        self.changed.notify_all();
    }

    pub(crate) fn pause(&self, paused: bool) {
        self.lock().paused = paused;
        self.changed.notify_all();
    }

    /// Ends the threads.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    pub(crate) fn rows(&self) -> u64 {
        self.knitters.iter().map(Knitter::rows).sum()
    }
}

impl fmt::Display for Mill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { pace, paused, .. } = self.settings();
        let (knitters, rows) = (self.knitters.len(), self.rows());
        let state = if paused { "paused" } else { "running" };
        write!(f, "mill: {state}, {knitters} knitters, {rows} rows, {} ms a row", pace.as_millis())
    }
}

impl Knitter {
    pub(crate) fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    pub(crate) fn set_rows(&self, rows: u64) {
        self.rows.store(rows, Ordering::Relaxed);
    }
}

impl fmt::Display for Knitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} rows", self.name, self.rows())
    }
}

/// Looks a host's addresses up. Blocks, for five seconds at the most.
#[wait_for(timeout = 5.0)]
pub(crate) async fn resolve(host: &str) -> io::Result<Vec<IpAddr>> {
    let addresses = async_net::resolve((host, 0)).await?;
    Ok(addresses.into_iter().map(|address| address.ip()).collect())
}
