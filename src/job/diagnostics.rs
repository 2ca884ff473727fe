//! What the crate itself has to say, to the `log` crate, target `crochet`.

use std::fmt;
use std::panic::Location;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::error::{Rounded, ShortLocation};
use crate::panic::catch;
use crate::sync::lock;

/// Logs. A logger, or a `Debug` among the arguments, that panics does no harm. Never called with a lock
/// of the crate held: a logger may call into the crate.
pub(crate) fn log(level: log::Level, text: fmt::Arguments<'_>) {
    let _ = catch(|| log::log!(target: "crochet", level, "{text}"));
}

/// The least time between two reports of slow polls.
const INTERVAL: Duration = Duration::from_secs(1);

pub(crate) struct SlowPolls {
    limit: Duration,
    /// When one was last noticed. Reactor thread only.
    noticed: Mutex<Option<Instant>>,
}

impl SlowPolls {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, noticed: Mutex::new(None) }
    }

    /// Logs a poll of the job that was started at `location`, if it took too long. Returns whether it did. Runs user
    /// code: the logger.
    pub(crate) fn check(&self, location: &'static Location<'static>, held: Duration) -> bool {
        if held < self.limit {
            return false;
        }
        {
            let mut noticed = lock(&self.noticed);
            let now = Instant::now();
            if noticed.is_some_and(|last| now.duration_since(last) < INTERVAL) {
                return true;
            }
            *noticed = Some(now);
        }
        log(
            log::Level::Warn,
            format_args!(
                "the job started at {} held the reactor thread for {} without awaiting; nothing \
                 else ran meanwhile (`unblock` is for blocking code)",
                ShortLocation(location),
                Rounded(held)
            ),
        );
        true
    }
}
