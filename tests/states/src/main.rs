//! A fuzzer of the API's states: it draws sequences of calls, makes them on several threads and
//! reactors, and checks each answer against a model of what it may be.
//!
//! ```text
//! $ cargo run --release -p crochet-states                      # for 60 seconds, from a seed of its own
//! $ cargo run --release -p crochet-states -- 3600 12345        # for an hour, from that seed
//! $ cargo run --release -p crochet-states -- --case 12345 --times 100 --skip 3,5   # one case again
//! ```
//!
//! `--no-fork` leaves forks out, for ThreadSanitizer. Cases run in a process of their own, so that
//! a hang or an abort is found, too. A case that fails is made smaller: operations are left out as
//! long as it still fails. The seed decides what is called; how the threads meet is the machine's,
//! so each candidate is tried many times.
//!
//! The model, per thread and job (`worker.rs`): a job ends in the way of its kind, or cancelled if
//! it was, or stopped if its reactor was; every later answer is the same; a wait is late only if it
//! was allowed to be, by itself or by a scope around it; an interruption has a check that failed;
//! when a job's end is told, all it owned is gone, and when `wait_for` returns or unwinds, its
//! future is; at the end of a case nothing is left of any job.

#[cfg(unix)]
mod fork;
mod job;
mod script;
mod shrink;
mod worker;

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{self, ExitCode};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crochet::Reactor;

use script::{Draw, GATES};
use worker::{Case, LONG, Worker};

/// No case takes as long as that, so one that is still at work then hangs.
pub(crate) const HANG: Duration = Duration::from_secs(45);

/// What the arguments ask for.
enum Command {
    /// Run cases from this seed on, for so long, and make the first one that fails smaller.
    Fuzz { time: Duration, seed: u64 },
    /// Run cases from this seed on, for so long, in this process.
    Cases { time: Duration, seed: u64 },
    /// Run one case.
    Case { seed: u64, times: u32, skip: BTreeSet<usize> },
}

fn main() -> ExitCode {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let forks = !args.iter().any(|arg| arg == "--no-fork");
    args.retain(|arg| arg != "--no-fork");
    let Some(command) = parse(&args) else {
        eprintln!("usage: crochet-states [--no-fork] [SECONDS [SEED]]");
        eprintln!("       crochet-states [--no-fork] --case SEED [--times N] [--skip N,N,..]");
        return ExitCode::from(2);
    };
    match command {
        Command::Fuzz { time, seed } => return shrink::fuzz(time, seed, forks),
        Command::Cases { time, seed } => {
            install_hook();
            let end = Instant::now() + time;
            for seed in (0..).map(|case| seed.wrapping_add(case)) {
                if Instant::now() >= end {
                    break;
                }
                println!("case {seed}");
                let _ = std::io::stdout().flush();
                run(seed, &BTreeSet::new(), forks);
            }
        }
        Command::Case { seed, times, skip } => {
            install_hook();
            print!("{}", Draw::script(seed, &skip, forks));
            (0..times).for_each(|_| run(seed, &skip, forks));
        }
    }
    ExitCode::SUCCESS
}

fn parse(args: &[String]) -> Option<Command> {
    let value = |name: &str| {
        let at = args.iter().position(|arg| arg == name)?;
        args.get(at + 1).map(String::as_str)
    };
    let seconds = |text: &str| text.parse().ok().map(Duration::from_secs);
    if let Some(seed) = value("--case") {
        let times = value("--times").map_or(Some(1), |times| times.parse().ok())?;
        let skip =
            value("--skip").map_or("", |skip| skip).split(',').filter(|text| !text.is_empty());
        let skip = skip.map(str::parse).collect::<Result<_, _>>().ok()?;
        return Some(Command::Case { seed: seed.parse().ok()?, times, skip });
    }
    if let Some(seed) = value("--cases") {
        return Some(Command::Cases { time: seconds(value("--time")?)?, seed: seed.parse().ok()? });
    }
    let time = args.first().map_or(Some(Duration::from_secs(60)), |text| seconds(text))?;
    let seed = args.get(1).map_or_else(|| Some(fastrand::u64(..)), |text| text.parse().ok())?;
    Some(Command::Fuzz { time, seed })
}

/// Panics that are made on purpose are not shown; any other one ends the process, at once and with
/// its text.
fn install_hook() {
    std::panic::set_hook(Box::new(|info| {
        if !worker::is_on_purpose(info.payload()) {
            eprintln!("{info}");
        }
    }));
}

/// Runs one case. Ends the process if it fails or hangs.
fn run(seed: u64, skip: &BTreeSet<usize>, forks: bool) {
    let (ended, ends) = mpsc::channel::<()>();
    let watch = thread::spawn(move || {
        if ends.recv_timeout(HANG) == Err(mpsc::RecvTimeoutError::Timeout) {
            eprintln!("case {seed} hangs");
            process::abort();
        }
    });
    let script = Draw::script(seed, skip, forks);
    let reactor = || Reactor::builder().build().expect("a reactor starts");
    let case = Case {
        reactors: std::array::from_fn(|_| reactor()),
        gates: (0..GATES).map(|_| job::Gate::default()).collect(),
        may_stop: std::array::from_fn(|target| script.stops(target)),
        owned: Arc::default(),
    };
    let failed = thread::scope(|scope| {
        let threads: Vec<_> = (1..)
            .zip(&script.threads)
            .map(|(thread, ops)| {
                let case = &case;
                scope.spawn(move || Worker::new(case, thread).run(ops))
            })
            .collect();
        threads.into_iter().filter_map(|thread| thread.join().err()).count()
    });
    let end = || {
        for reactor in &case.reactors {
            reactor.shutdown(LONG).expect("the last shutdown");
        }
        crochet::shutdown(LONG).expect("the last shutdown of the global reactor");
        // A shutdown of the global reactor that was late has given it up: it may still be dropping
        // its jobs.
        let end = Instant::now() + LONG;
        while case.owned.load(Ordering::SeqCst) > 0 {
            assert!(Instant::now() < end, "something of a job is left");
            thread::sleep(Duration::from_millis(1));
        }
    };
    let ended_well = std::panic::catch_unwind(std::panic::AssertUnwindSafe(end)).is_ok();
    if failed > 0 || !ended_well {
        eprintln!("case {seed} failed");
        process::exit(1);
    }
    drop(ended);
    let _ = watch.join();
}
