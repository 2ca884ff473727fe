//! Published libraries, each in a module of its own, against real servers, which the tests start
//! and end. A server that is not installed is named, and its tests do nothing; where
//! `CROCHET_TEST_TOOLS` is set, as `.ci/run` does, it is an error.
#![cfg(target_os = "linux")]

#[path = "../../../support/mod.rs"]
#[allow(dead_code, unused_imports, unused_macros, reason = "this suite uses some of it")]
mod support;

#[path = "support/server.rs"]
mod server;

#[path = "support/table.rs"]
mod table;

mod redis;
mod servers;
mod sqlx;
mod tokio_postgres;

use std::process::Output;

/// Asserts that a process has ended with this code, and that nothing in it panicked.
#[track_caller]
fn ended_with(code: i32, output: &Output) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
}

#[test]
fn the_table_in_the_readme_names_tests_that_exist() {
    let here = env!("CARGO_MANIFEST_DIR");
    table::is_honest(include_str!("../../README.md"), &format!("{here}/tests/suite"));
}
