//! `panic = "abort"`: all works, and a panic, wherever it is, ends the process at once.
//!
//! The program is built by the tests themselves, with that setting and into a target directory of
//! its own.

#![cfg(unix)]

use support::{LONG, child_output};
#[path = "../../support/mod.rs"]
#[allow(dead_code, unused_imports, unused_macros, reason = "this suite uses some of it")]
mod support;

use std::env;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Builds the program once a run; Cargo knows whether there is something to do.
fn program() -> &'static PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        // This is target/PROFILE/deps/aborting-HASH.
        let target = env::current_exe().unwrap().ancestors().nth(3).unwrap().join("panic-abort");
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--offline", "--config", r#"profile.dev.panic="abort""#])
            .arg("--target-dir")
            .arg(&target)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status()
            .unwrap();
        assert!(status.success(), "the program could not be built");
        target.join("debug/crochet-aborting")
    })
}

fn run(how: &str) -> (Output, Duration) {
    let program = program();
    let start = Instant::now();
    let output = child_output(Command::new(program).arg(how));
    (output, start.elapsed())
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// The panic must end the process at once, by `SIGABRT`, and be told with its place.
#[track_caller]
fn aborts(how: &str, message: &str) {
    let (output, took) = run(how);
    assert_eq!(output.status.signal(), Some(6), "{}", output.status);
    assert_eq!(text(&output.stdout), "5\n");
    let stderr = text(&output.stderr);
    assert!(stderr.contains(message) && stderr.contains("main.rs:"), "{stderr}");
    assert!(took < LONG / 2, "it took {took:?}");
}

#[test]
fn without_panics_all_works_and_the_end_of_main_drops_jobs() {
    let (output, _) = run("work");
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "5\n6\ndrops its job\n5\nmain ends\ndrops its job\n");
}

#[test]
fn a_panic_in_a_job_aborts() {
    aborts("job", "in a job");
}

#[test]
fn a_panic_in_a_lent_future_aborts() {
    aborts("wait_for", "in a lent future");
}

#[test]
fn a_panic_in_main_aborts_whatever_the_reactor_does() {
    aborts("main", "in main");
}

#[test]
fn a_panic_in_another_thread_aborts_while_main_waits() {
    aborts("thread", "in a thread");
}
