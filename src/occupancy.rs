//! Who holds the reactor thread, since when: what a timeout names as its cause, and the notice of a poll
//! that took too long.

use std::panic::Location;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::error::{BlockedBy, Place, Rounded};
use crate::notice;
use crate::sync::lock;

/// The least time between two notices of slow polls.
const NOTICE_INTERVAL: Duration = Duration::from_secs(1);

/// The record of one reactor thread.
pub(crate) struct Occupancy {
    slow_poll: Duration,
    /// LOCKING: held for a few instructions. The reactor thread writes it around each poll; others read it
    /// when a wait of theirs has timed out, so the lock is nearly always free.
    current: Mutex<Option<Occupant>>,
    /// When a slow poll was last noticed. Reactor thread only.
    noticed: Mutex<Option<Instant>>,
}

#[derive(Clone, Copy)]
struct Occupant {
    location: &'static Location<'static>,
    since: Instant,
    /// `None` if it is no job's `poll`.
    polled: Option<Polled>,
}

/// The job that is inside `poll`.
#[derive(Clone, Copy)]
pub(crate) struct Polled {
    /// Its place in the order of submission.
    pub(crate) number: u64,
    /// How long it was inside `poll` before.
    pub(crate) busy_before: Duration,
}

impl Occupancy {
    pub(crate) fn new(slow_poll: Duration) -> Self {
        Self { slow_poll, current: Mutex::new(None), noticed: Mutex::new(None) }
    }

    /// Runs user code on the reactor thread in the name of the job that was started at `location`.
    pub(crate) fn occupy<R>(
        &self,
        location: &'static Location<'static>,
        user_code: impl FnOnce() -> R,
    ) -> R {
        self.occupy_as(location, None, user_code, |_, _| {})
    }

    /// The same for a job's `poll`. Calls `done` with the result, and how long it took, before the occupancy ends.
    pub(crate) fn occupy_as<R>(
        &self,
        location: &'static Location<'static>,
        polled: Option<Polled>,
        user_code: impl FnOnce() -> R,
        done: impl FnOnce(&R, Duration),
    ) -> R {
        /// Ends the occupancy, also when it ends by unwinding.
        struct Leave<'a>(&'a Occupancy);
        impl Drop for Leave<'_> {
            fn drop(&mut self) {
                *lock(&self.0.current) = None;
            }
        }

        let since = Instant::now();
        *lock(&self.current) = Some(Occupant { location, since, polled });
        let _leave = Leave(self);
        let result = user_code();
        let mut held = since.elapsed();
        if held >= self.slow_poll {
            self.notice(location, held);
            held = since.elapsed();
        }
        done(&result, held);
        result
    }

    /// The job that is inside `poll` right now, and since when.
    pub(crate) fn polled(&self) -> Option<(Polled, Duration)> {
        let Occupant { since, polled, .. } = (*lock(&self.current))?;
        polled.map(|polled| (polled, since.elapsed()))
    }

    /// Who holds the thread right now.
    pub(crate) fn blocked_by(&self) -> Option<BlockedBy> {
        let Occupant { location, since, .. } = (*lock(&self.current))?;
        Some(BlockedBy { location, held: since.elapsed() })
    }

    /// Logs a slow poll, still in the name of its job: a logger takes its time, too.
    fn notice(&self, location: &'static Location<'static>, held: Duration) {
        {
            let mut noticed = lock(&self.noticed);
            let now = Instant::now();
            if noticed.is_some_and(|last| now.duration_since(last) < NOTICE_INTERVAL) {
                return;
            }
            *noticed = Some(now);
        }
        notice::log(
            log::Level::Warn,
            format_args!(
                "the job started at {} held the reactor thread for {} without awaiting; nothing \
                 else ran meanwhile (`unblock` is for blocking code)",
                Place(location),
                Rounded(held)
            ),
        );
    }
}
