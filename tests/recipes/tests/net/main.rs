//! Libraries of the network against real servers, through the recipes of the guide. `.ci/run` installs the servers, and
//! sets `CROCHET_TEST_TOOLS`; then one that is missing is an error.

#![cfg(target_os = "linux")]

#[path = "../../../support/mod.rs"]
#[allow(dead_code, unused_imports, unused_macros, reason = "this suite uses some of it")]
mod support;

#[path = "../../../libraries/tests/suite/support/server.rs"]
#[allow(dead_code, reason = "that suite may use more of it")]
mod server;

#[path = "../../../libraries/tests/suite/support/table.rs"]
mod table;

mod bytes;
mod hickory;
mod life;
mod mqtt;
mod nats;
mod postgres;
mod redis;
mod reqwest;
mod servers;
mod ssh;
mod sshd;
mod tonic;
mod websocket;
mod zbus;

use std::fmt::Debug;
use std::time::{Duration, Instant};

use crochet::Error;

/// A limit for what hangs, not for what is slow.
const PATIENT: Duration = Duration::from_secs(60);
/// For calls that have to time out.
const SHORT: Duration = Duration::from_millis(150);

/// For a call with a short limit that is not to be late: repeats it while the machine is too busy
/// for it.
fn in_time<T, E: Debug>(mut call: impl FnMut() -> Result<T, Error<E>>) -> T {
    let start = Instant::now();
    loop {
        match call() {
            Err(Error::TimedOut(late)) => assert!(start.elapsed() < PATIENT, "{late}"),
            result => return result.unwrap(),
        }
    }
}

/// The next item that comes in time.
fn next<T>(items: &mut impl Iterator<Item = Result<T, Error>>) -> T {
    in_time(|| items.next().unwrap())
}

#[test]
fn the_table_in_the_readme_names_tests_that_exist() {
    let here = env!("CARGO_MANIFEST_DIR");
    table::is_honest(include_str!("../../README.md"), &format!("{here}/tests/net"));
}
