//! A soak: eight threads do all that can be done to reactors, at random, for as long as one likes.
//!
//! ```text
//! $ cargo run --release -p crochet-soak                # for 60 seconds, from a seed of its own
//! $ cargo run --release -p crochet-soak -- 600 12345   # for ten minutes, from that seed
//! ```
//!
//! It comes in two parts, a warm-up and the rest. At the end of each, when all threads have ended
//! and all reactors are shut down, it compares: memory has not grown, threads and open files are
//! those of the first part. Every job is accounted for: done + failed + cancelled + stopped =
//! submitted, and everything that a job owned has been dropped once; every record that was logged
//! has been written. It prints what it has found, and exits with 1 if anything is amiss, or if it
//! hangs.
//!
//! The seed decides what each thread does; how the threads meet is the machine's.

mod account;
mod child;
mod job;
mod logger;
mod process;
mod work;

use std::env;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use account::Account;
use process::Footprint;
use work::Worker;

const THREADS: u64 = 8;
/// The warm-up's share of the time.
const WARM_UP: u32 = 4;
/// No call takes as long as that, so a thread that is still at work then hangs.
const PATIENCE: Duration = Duration::from_secs(60);
/// How much memory may grow, for what the allocator does not give back.
const ALLOWANCE: u64 = 16 << 20;

fn main() -> ExitCode {
    if child::is_child() {
        return ExitCode::SUCCESS;
    }
    let mut args = env::args().skip(1);
    let seconds = args.next().map_or(Ok(60), |seconds| seconds.parse());
    let seed = args.next().map_or_else(|| Ok(fastrand::u64(..)), |seed| seed.parse());
    let (Ok(seconds), Ok(seed)) = (seconds, seed) else {
        eprintln!("usage: crochet-soak [SECONDS [SEED]]");
        return ExitCode::from(2);
    };
    println!("seed {seed}, {seconds} s");
    process::end_if_it_takes(Duration::from_secs(seconds) + 2 * PATIENCE);
    // Panics of jobs are part of the work; those of the workers come out with their results.
    std::panic::set_hook(Box::new(|info| {
        if !account::is_on_purpose(info.payload()) {
            eprintln!("{info}");
        }
    }));
    logger::install();
    match soak(Duration::from_secs(seconds), seed) {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            println!("FAILED, seed {seed}: {what}");
            ExitCode::FAILURE
        }
    }
}

fn soak(time: Duration, seed: u64) -> Result<(), String> {
    let account = Arc::new(Account::default());
    let warm_up = time / WARM_UP;
    let first = part(&account, seed, warm_up)?;
    println!("warm-up: {first}");
    let last = part(&account, !seed, time - warm_up)?;
    println!("the rest: {last}");
    println!("{account}");
    account.check()?;
    logger::check()?;
    last.check(&first, ALLOWANCE)
}

/// Has the threads work for that time, and looks at what they leave behind.
fn part(account: &Arc<Account>, seed: u64, time: Duration) -> Result<Footprint, String> {
    let end = Instant::now() + time;
    let (ended, ends) = mpsc::channel();
    for number in 0..THREADS {
        let mut worker = Worker::new(Arc::clone(account), seed.wrapping_add(number));
        let ended = ended.clone();
        thread::spawn(move || {
            let run = || {
                while Instant::now() < end {
                    worker.step()
                }
            };
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
            let _ = ended.send(result.map_err(|payload| account::message(&*payload)));
        });
    }
    for _ in 0..THREADS {
        let left = end.saturating_duration_since(Instant::now()) + PATIENCE;
        ends.recv_timeout(left).map_err(|_| "a thread hangs".to_owned())??;
    }
    crochet::shutdown(PATIENCE).map_err(|error| format!("the last shutdown: {error}"))?;
    if !account.settles(PATIENCE) {
        return Err(format!("jobs have not been dropped: {account}"));
    }
    Ok(Footprint::settled(PATIENCE))
}
