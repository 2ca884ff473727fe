//! Published libraries, each in a module of its own, against real servers, which the tests start
//! and end. A server that is not installed is named, and its tests do nothing; where
//! `CROCHET_TEST_TOOLS` is set, as `.ci/run` does, it is an error.
#![cfg(target_os = "linux")]

#[path = "../../../support/mod.rs"]
#[allow(dead_code, unused_imports, unused_macros, reason = "this suite uses some of it")]
mod support;

#[path = "support/server.rs"]
mod server;

mod redis;
mod servers;
mod sqlx;
mod tokio_postgres;
