//! Libraries of the network against real servers, through the recipes of the guide. `.ci/run` installs the servers, and
//! sets `CROCHET_TEST_TOOLS`; then one that is missing is an error.

#![cfg(target_os = "linux")]

#[path = "../../../libraries/tests/suite/support/server.rs"]
#[allow(dead_code, reason = "that suite may use more of it")]
mod server;

mod bytes;
mod hickory;
mod mqtt;
mod postgres;
mod redis;
mod reqwest;
mod servers;
mod tonic;
mod websocket;
mod zbus;

use std::time::Duration;

/// A limit for what hangs, not for what is slow.
const PATIENT: Duration = Duration::from_secs(60);
/// For calls that have to time out.
const SHORT: Duration = Duration::from_millis(150);
