//! Runs cases that need a whole process each, its `main` and its end: for a suite without the
//! harness.
//!
//! The program runs itself once for each case, with the case's name in the environment, and looks
//! at what came of it. Arguments select cases by parts of their names.

use std::env;
use std::io::{self, Write};
use std::panic::catch_unwind;
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crochet::{Error, EventualResult, Reactor};

use crate::support::{self, LONG, OnDrop, never, within};

type Job = EventualResult<(), Error>;

/// One case: what its process does, and what is to come of it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// The whole of `main`, but for its return.
    pub(crate) main: fn(),
    /// What the process prints.
    pub(crate) prints: &'static [&'static str],
    pub(crate) status: i32,
    /// How long the process takes, at least and at most; where the machine is busy, in one of some
    /// runs.
    pub(crate) takes: (Duration, Duration),
}

/// For an exit that is not to be delayed: less than the tens of seconds that the jobs here would
/// hold it up.
pub(crate) const SOON: (Duration, Duration) = (Duration::ZERO, Duration::from_secs(10));
/// For one that waits for no other thread: less than the grace of a second.
pub(crate) const AT_ONCE: (Duration, Duration) = (Duration::ZERO, Duration::from_millis(900));
/// For one that is delayed by the grace of a second.
pub(crate) const A_SECOND: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(4));

/// A case that succeeds soon.
pub(crate) const fn case(name: &'static str, main: fn(), prints: &'static [&'static str]) -> Case {
    Case { name, main, prints, status: 0, takes: SOON }
}

const CASE: &str = "CROCHET_TEST_PROGRAM";

/// Most cases wait rather than work.
const SIDE_BY_SIDE: usize = 4;

/// Runs the cases of some modules, each by the module's name and its own.
pub(crate) fn main(modules: &[(&str, &'static [Case])]) -> ExitCode {
    let named = |(module, cases): &(&str, &'static [Case])| {
        let module = module.to_string();
        cases.iter().map(move |case| (format!("{module}::{}", case.name), case))
    };
    let cases: Vec<(String, &Case)> = modules.iter().flat_map(named).collect();
    if let Ok(name) = env::var(CASE) {
        let (_, case) = cases.iter().find(|(case, _)| *case == name).expect("there is such a case");
        (case.main)();
        return ExitCode::SUCCESS;
    }
    let filters: Vec<String> = env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let chosen = |(name, _): &&(String, &Case)| {
        filters.is_empty() || filters.iter().any(|part| name.contains(part.as_str()))
    };
    let chosen: Vec<&(String, &Case)> = cases.iter().filter(chosen).collect();
    if env::args().any(|arg| arg == "--list") {
        chosen.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    println!("\nrunning {} tests", chosen.len());
    let next = Mutex::new(chosen.iter());
    let failed = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                loop {
                    let Some((name, case)) = next.lock().unwrap().next() else { break };
                    let passed = catch_unwind(|| check(name, case)).is_ok();
                    println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
                    failed.fetch_add(usize::from(!passed), Ordering::Relaxed);
                }
            });
        }
    });
    let failed = failed.into_inner();
    let (word, passed) = (if failed == 0 { "ok" } else { "FAILED" }, chosen.len() - failed);
    println!("\ntest result: {word}. {passed} passed; {failed} failed\n");
    ExitCode::from(u8::from(failed > 0))
}

fn check(name: &str, case: &Case) {
    let (least, most) = case.takes;
    within(most, || assert!(run(name, case) >= least, "{name} was too quick"));
}

/// Returns how long it took.
fn run(name: &str, case: &Case) -> Duration {
    let start = Instant::now();
    let mut command = Command::new(env::current_exe().unwrap());
    // A backtrace, where one is printed, takes longer than the grace on a busy machine.
    let output = support::child_output(command.env(CASE, name).env_remove("RUST_BACKTRACE"));
    let took = start.elapsed();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = stdout.lines().collect();
    assert_eq!(lines, case.prints, "{name}: {stderr}");
    assert_eq!(output.status.code(), Some(case.status), "{}: {stderr}", output.status);
    took
}

pub(crate) fn say(text: &str) {
    // One write to the file, whole, whatever the state of the standard library at the end.
    io::stdout().write_all(format!("{text}\n").as_bytes()).unwrap();
    io::stdout().flush().unwrap();
}

/// A job that never ends, and does something when it is dropped. Returns when it waits.
pub(crate) fn pending(on_drop: impl FnMut() + Send + 'static) -> Job {
    let job = crochet::run_in_reactor(never(OnDrop(on_drop)));
    settle();
    job
}

/// Blocks until all jobs from before have been begun.
pub(crate) fn settle() {
    in_job(|| {});
}

pub(crate) fn in_job(what: impl FnOnce() + Send + 'static) {
    let job: Job = crochet::run_in_reactor(move || async move {
        what();
        Ok(())
    });
    job.join(LONG).unwrap();
}

/// A job that holds the reactor for longer than any wait takes.
pub(crate) fn hog() {
    support::hog(&Reactor::global().unwrap()).job.detach();
}
