//! Calls on a busy machine: the processes that make it busy, and a measurement for its long tails.

use std::env;
use std::hint::black_box;
use std::io;
use std::process::{self, Child, Command, Stdio};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use crate::peers::Call;
use crate::scenarios::Figures;
use crate::usage::cpu_time;

/// The argument with which this program computes, and does nothing else.
pub const BURN: &str = "--burn";

/// As many computing processes as there are cores. They end with this value, and with this process
/// if it is killed: that closes their standard input.
#[derive(Debug)]
pub struct Burners(Vec<Child>);

impl Burners {
    /// Starts them, and gives the scheduler time to spread them over the cores.
    ///
    /// # Panics
    ///
    /// If there is no process for them.
    #[must_use]
    pub fn start() -> Self {
        let program = env::current_exe().expect("a path");
        let cores = thread::available_parallelism().map_or(2, usize::from);
        let burner = || Command::new(&program).arg(BURN).stdin(Stdio::piped()).spawn();
        let burners = Self((0..cores).map(|_| burner().expect("a process")).collect());
        thread::sleep(Duration::from_millis(50));
        burners
    }
}

impl Drop for Burners {
    fn drop(&mut self) {
        for burner in &mut self.0 {
            let _ = burner.kill();
            let _ = burner.wait();
        }
    }
}

/// Computes until standard input is closed.
pub fn burn() -> ! {
    thread::spawn(|| {
        let _ = io::stdin().read_line(&mut String::new());
        process::exit(0);
    });
    let mut number = 1_u64;
    loop {
        number = black_box(number).wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    }
}

/// How many spells a measurement has. Where the scheduler puts threads and processes decides much,
/// and tends to last as long as they do; so each spell has its own.
const SPELLS: usize = 8;

/// The longest list of samples of one thread in one spell; what comes later counts for the mean
/// only.
const SAMPLES: usize = 1 << 20;

/// What one thread saw in one spell.
struct Seen {
    /// How long each call took, in nanoseconds.
    samples: Vec<u32>,
    calls: u64,
    time: Duration,
}

/// Threads that call for `time` in all, each with a call of its own from `make` in each spell. Each
/// call is a sample.
#[must_use]
pub fn one_by_one(make: impl Fn() -> Call, threads: usize, time: Duration) -> Figures {
    let mut seen = Vec::new();
    let mut cpu = Duration::ZERO;
    for _ in 0..SPELLS {
        let _burners = Burners::start();
        let barrier = Arc::new(Barrier::new(threads + 1));
        let threads: Vec<_> = (0..threads)
            .map(|_| {
                let (call, barrier) = (make(), Arc::clone(&barrier));
                let time = time / u32::try_from(SPELLS).expect("few");
                thread::spawn(move || spell(call, time, &barrier))
            })
            .collect();
        barrier.wait();
        let before = cpu_time();
        seen.extend(threads.into_iter().map(|thread| thread.join().expect("no panic")));
        cpu += cpu_time() - before;
    }
    let calls = seen.iter().map(|seen| seen.calls).sum::<u64>() as f64;
    let wall = seen.iter().map(|seen| seen.time).sum::<Duration>().as_nanos() as f64;
    let mut samples: Vec<_> = seen.into_iter().flat_map(|seen| seen.samples).collect();
    samples.sort_unstable();
    let at = |percent| f64::from(samples[samples.len() * percent / 100]);
    let cpu = cpu.as_nanos() as f64 / calls;
    Figures { wall: at(50), mean: wall / calls, p99: at(99), cpu }
}

/// One thread's calls in one spell, after half as much time as warm-up.
fn spell(mut call: Call, time: Duration, barrier: &Barrier) -> Seen {
    // Written to once, so that the measurement meets no page for the first time.
    let mut samples = vec![1; SAMPLES];
    samples.clear();
    let warm = Instant::now();
    while warm.elapsed() < time / 2 {
        call();
    }
    barrier.wait();
    let (start, mut calls) = (Instant::now(), 0);
    let mut last = start;
    while last - start < time {
        call();
        let now = Instant::now();
        if samples.len() < SAMPLES {
            samples.push(u32::try_from((now - last).as_nanos()).unwrap_or(u32::MAX));
        }
        calls += 1;
        last = now;
    }
    Seen { samples, calls, time: last - start }
}
