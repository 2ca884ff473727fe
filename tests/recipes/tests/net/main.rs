//! Libraries of the network against real servers, through the recipes of the guide. `.ci/run` installs the servers, and
//! sets `CROCHET_TEST_TOOLS`; then one that is missing is an error.

mod bytes;
mod hickory;
mod mqtt;
mod redis;
mod reqwest;
mod server;
mod websocket;
mod zbus;

use std::time::Duration;

/// A limit for what hangs, not for what is slow.
const PATIENT: Duration = Duration::from_secs(60);
/// For calls that have to time out.
const SHORT: Duration = Duration::from_millis(150);
