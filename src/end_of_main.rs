//! The end of `main`: the last chance to drop jobs, and to write what they had to say.
//!
//! It is a destructor of a thread-local of the main thread. Such a destructor runs when `main` has
//! returned, or `exit` is called on that thread, and before the exit handlers of C libraries, which a job's
//! `Drop` may still need. An exit handler of our own (`atexit`) could run after them.

use std::time::{Duration, Instant};

use crate::panic::catch;
use crate::shared::deadline;
use crate::{global, logging, os};

/// How long the process may be kept from ending, in all.
const GRACE: Duration = Duration::from_secs(1);

struct Guard;

thread_local! {
    /// Touched on the main thread only.
    static GUARD: Guard = const { Guard };
}

/// Has the end of `main` attended to. Does nothing on other threads than the main one.
pub(crate) fn arm() {
    if os::is_main_thread() {
        // Where it is too late for that, `main` has ended before.
        let _ = GUARD.try_with(|_| ());
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // In a forked child there is nothing of ours to end.
        if os::forked_from().is_none() {
            let end = deadline(Instant::now(), GRACE);
            // A panic in a destructor of a thread-local would abort the process, and here the waker of
            // somebody's executor may run.
            let _ = catch(|| global::stop_at_end_of_main(end));
            let _ = catch(|| logging::flush_all(end));
        }
    }
}
