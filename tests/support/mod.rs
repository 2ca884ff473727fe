//! What all suites share: hard limits, events instead of sleeps, a process for each test of global
//! state, a logger that can be asked, and jobs in a known state.

pub(crate) mod child;
pub(crate) mod logger;
pub(crate) mod probe;

use std::panic::Location;
use std::process;
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) use child::*;
pub(crate) use logger::*;
pub(crate) use probe::*;

/// Longer than anything here takes on a busy machine; a test that gets here has hung.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// Ends the process if the test is still running when the time is over.
#[must_use]
#[track_caller]
pub(crate) fn limit(time: Duration) -> Limit {
    let place = Location::caller();
    let (alive, dead) = mpsc::channel::<()>();
    thread::spawn(move || {
        if dead.recv_timeout(time) == Err(mpsc::RecvTimeoutError::Timeout) {
            eprintln!("the test at {place} is still running after {time:?}");
            process::abort();
        }
    });
    Limit { _alive: alive }
}

pub(crate) struct Limit {
    _alive: mpsc::Sender<()>,
}

/// Something that happens once, and is waited for.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    pub(crate) fn is_open(&self) -> bool {
        *self.0.0.lock().unwrap()
    }

    /// Blocks the thread until the gate is open. Panics after [`LONG`].
    #[track_caller]
    pub(crate) fn pass(&self) {
        assert!(self.pass_within(LONG), "the gate was not opened");
    }

    pub(crate) fn pass_within(&self, time: Duration) -> bool {
        let open = self.0.0.lock().unwrap();
        let (open, _) = self.0.1.wait_timeout_while(open, time, |open| !*open).unwrap();
        *open
    }

    /// A guard that opens the gate when it is dropped.
    pub(crate) fn open_on_drop(&self) -> OpenOnDrop {
        OpenOnDrop(self.clone())
    }
}

pub(crate) struct OpenOnDrop(Gate);

impl Drop for OpenOnDrop {
    fn drop(&mut self) {
        self.0.open();
    }
}

/// Calls `attempt` again, some times, until it takes less than `bound`. A busy machine makes it
/// slow once; what is slow by itself is so each time.
#[track_caller]
pub(crate) fn within<R>(bound: Duration, mut attempt: impl FnMut() -> R) -> R {
    let mut took = Vec::new();
    while took.len() < 5 {
        let start = Instant::now();
        let result = attempt();
        took.push(start.elapsed());
        if took.last() < Some(&bound) {
            return result;
        }
    }
    panic!("it took {took:?}, each time more than {bound:?}");
}

/// Waits until `condition` holds, for conditions that have no event. Panics after [`LONG`].
#[track_caller]
pub(crate) fn until(mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < LONG, "the condition never came to hold");
        thread::sleep(Duration::from_millis(1));
    }
}
