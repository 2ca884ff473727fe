//! How clients end: with the reactor, and with the process.

use std::process::Command;
use std::thread;
use std::time::Duration;

use crochet::{Error, JobState};

use crate::support::{LONG, child_output, until, within};

/// Has a thread make a call that waits for its server, stops the reactor meanwhile, and returns
/// what the call did.
pub(crate) fn stop_during<T: Send>(call: impl FnOnce() -> T + Send) -> T {
    let before = crochet::jobs().len();
    thread::scope(|scope| {
        let call = scope.spawn(call);
        until(|| {
            let jobs = crochet::jobs();
            let waits = jobs.iter().all(|job| job.state() == JobState::Waiting);
            (jobs.len() > before && waits) || call.is_finished()
        });
        crochet::shutdown(LONG).unwrap();
        call.join().unwrap()
    })
}

/// Asserts that an iterator from before a shutdown says so, once, and ends.
#[track_caller]
pub(crate) fn has_stopped<T>(items: &mut impl Iterator<Item = Result<T, Error>>) {
    let error = items.by_ref().find_map(Result::err).expect("an error before the end");
    assert!(error.is_reactor_stopped(), "{error}");
    assert!(items.next().is_none());
}

/// Asserts that a program with live clients of a library (`src/bin/live_clients.rs`) ends, in each
/// way, as it wants to: with its own code, soon, and without a panic.
#[track_caller]
pub(crate) fn ends_with_live_clients(library: &str, address: &str) {
    for way in ["return", "exit", "exit elsewhere"] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_live_clients"));
        program.args([library, address, way]);
        let output = within(Duration::from_secs(5), || child_output(&mut program));
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(7), "{way}: {stderr}");
        assert!(!stderr.contains("panicked"), "{way}: {stderr}");
    }
}
