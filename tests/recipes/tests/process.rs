//! The recipe for programs, in a process of its own: nothing else wakes tokio's runtime.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::ErrorKind;
use std::thread;
use std::time::{Duration, Instant};

use crochet_recipes_tests::process::output;

const PATIENT: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(150);

/// The state of this process's child that runs a program with this argument.
fn state(argument: &str) -> Option<String> {
    let parent = std::process::id().to_string();
    fs::read_dir("/proc").unwrap().flatten().find_map(|entry| {
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        let fields: Vec<_> = stat.rsplit_once(") ")?.1.split(' ').collect();
        let line = fs::read_to_string(entry.path().join("cmdline")).ok()?;
        // A zombie has no command line any more.
        let ours = fields[1] == parent && (line.contains(argument) || fields[0] == "Z");
        ours.then(|| fields[0].to_owned())
    })
}

#[test]
fn a_program_that_takes_too_long_is_killed_and_leaves_no_zombie() {
    let knit = output("echo", &["knit"], PATIENT).unwrap();
    assert_eq!(knit.stdout, b"knit\n");
    let late = output("sleep", &["54321"], SHORT).unwrap_err();
    assert_eq!(late.kind(), ErrorKind::TimedOut);
    let start = Instant::now();
    while let Some(state) = state("54321") {
        assert!(start.elapsed() < PATIENT, "it is still there: {state}");
        thread::sleep(Duration::from_millis(5));
    }
}
