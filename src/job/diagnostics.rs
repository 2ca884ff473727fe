//! What the crate itself reports, through the `log` crate, with the target `crochet`.

use std::cell::Cell;
use std::fmt;
use std::panic::Location;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::panic::catch;
use crate::sync::lock;
use crate::text::{Escaped, Rounded, ShortLocation};

/// Writes a record, on one line. Runs user code, the logger, so the caller holds no lock of the
/// crate: a logger may call into the crate. A panic of the logger, or of a `Debug` among the
/// arguments, is caught.
///
/// While a thread writes a record, further ones of this thread are dropped. They would come from
/// the logger itself: if it submits a job, and the reactor refuses that job, the report on the
/// refused job would go to the same logger, which would submit the next job, until the stack is
/// full.
pub(crate) fn log(level: log::Level, text: fmt::Arguments<'_>) {
    let Some(_writing) = Writing::enter() else { return };
    let _ = catch(|| log::log!(target: "crochet", level, "{}", Escaped(text)));
}

thread_local! {
    static IS_WRITING: Cell<bool> = const { Cell::new(false) };
}

/// The one record that this thread is writing.
struct Writing(());

impl Writing {
    /// `None` if this thread is writing a record already.
    fn enter() -> Option<Self> {
        (!IS_WRITING.replace(true)).then_some(Self(()))
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        IS_WRITING.set(false);
    }
}

/// Where the refused calls were made that have been reported.
///
/// LOCKING: held for one look; no user code runs meanwhile. Never locked in a forked child, which
/// refuses all calls for another reason.
static REFUSED: Mutex<Vec<&'static Location<'static>>> = Mutex::new(Vec::new());

/// Reports a blocking call that was made on the thread of its reactor, once for each place. Runs
/// user code: the logger.
#[cold]
pub(crate) fn report_refused(location: &'static Location<'static>) {
    let level = log::Level::Warn;
    let is_wanted = catch(|| log::log_enabled!(target: "crochet", level)).unwrap_or(false);
    if is_wanted && is_new(location) {
        log(
            level,
            format_args!(
                "the blocking call at {} was refused: it was made on the reactor thread, and would \
                 wait for itself; in a job, await the async original, or the `EventualResult`",
                ShortLocation(location)
            ),
        );
    }
}

fn is_new(location: &'static Location<'static>) -> bool {
    let mut refused = lock(&REFUSED);
    let is_new = !refused.contains(&location);
    if is_new {
        refused.push(location);
    }
    is_new
}

/// The least time between two reports of slow polls.
const INTERVAL: Duration = Duration::from_secs(1);

/// Reports polls that take too long, at most once per [`INTERVAL`].
pub(crate) struct SlowPolls {
    limit: Duration,
    /// The time of the last report. Reactor thread only.
    reported: Mutex<Option<Instant>>,
}

impl SlowPolls {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, reported: Mutex::new(None) }
    }

    /// Reports a poll of the job that was started at `location`, if the poll took too long. Returns
    /// whether it did. Runs user code: the logger.
    pub(crate) fn check(&self, location: &'static Location<'static>, held: Duration) -> bool {
        if held < self.limit {
            return false;
        }
        {
            let mut reported = lock(&self.reported);
            let now = Instant::now();
            if reported.is_some_and(|last| now.duration_since(last) < INTERVAL) {
                return true;
            }
            *reported = Some(now);
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
