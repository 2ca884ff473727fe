//! What is measured. Each runs in a process of its own and returns its figures.

use std::hint::spin_loop;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::busy::one_by_one;
use crate::peers::{Call, Peer};
use crate::usage::{cpu_time, resident_bytes, sleeps};

/// Figures of one process, in nanoseconds a call, or what the scenario says.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Wall time: the median where calls come one after the other, else the mean.
    pub wall: f64,
    /// The mean of the wall time, or zero.
    pub mean: f64,
    /// The 99th percentile of the wall time, or zero.
    pub p99: f64,
    /// Processor time of all threads of this process.
    pub cpu: f64,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// A job that is ready at once, one caller.
    Ready,
    /// Four bytes to a server on loopback and back, one caller.
    Echo,
    /// The same with a server that takes 2 ms.
    SlowEcho,
    /// The same over a stream with the interface of std.
    BlockingEcho,
    /// So many threads calling for ready jobs at once.
    Callers(usize),
    /// One of the above, while as many other processes compute as there are cores.
    Busy(Load),
    /// `wait_any` for a job that is ready at once and one that never is.
    WaitAny,
    /// `InReactor::with`, ready at once.
    InReactor,
    /// Many jobs submitted, then joined. If glibc gives the heap back to the system between two
    /// rounds, the next one meets each of its pages for the first time: half as much again.
    /// `MALLOC_TRIM_THRESHOLD_=4000000000` shows the jobs alone.
    Burst,
    /// From the start of `main` to the first ready result.
    First,
    /// From the start of `main` to the first answer from the network.
    FirstEcho,
    /// One result that many threads wait for, until all have it.
    Waiters,
    /// A ready job while a million others wait for timers; `p99` is bytes a job.
    Pending,
    /// Wake-ups in ten seconds, with jobs that wait for a socket and for a timer.
    Idle,
}

/// What is measured while the machine is busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// As [`Scenario::Ready`].
    Ready,
    /// As [`Scenario::Echo`].
    Echo,
    /// As [`Scenario::Callers`], of four threads.
    Callers,
    /// As [`Scenario::BlockingEcho`].
    BlockingEcho,
}

/// Jobs of [`Scenario::Burst`].
const BURST: u64 = 200_000;

/// Jobs of [`Scenario::Pending`].
const PENDING: u32 = 1_000_000;

/// Threads of [`Scenario::Waiters`].
const WAITERS: usize = 1000;

impl Scenario {
    /// All of them, in the order of the tables.
    pub const ALL: [Self; 19] = [
        Self::Ready,
        Self::Echo,
        Self::SlowEcho,
        Self::BlockingEcho,
        Self::WaitAny,
        Self::InReactor,
        Self::Callers(4),
        Self::Callers(64),
        Self::Callers(1000),
        Self::Busy(Load::Ready),
        Self::Busy(Load::Echo),
        Self::Busy(Load::Callers),
        Self::Busy(Load::BlockingEcho),
        Self::Burst,
        Self::First,
        Self::FirstEcho,
        Self::Waiters,
        Self::Pending,
        Self::Idle,
    ];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Callers(threads) => format!("callers-{threads}"),
            Self::SlowEcho => "slow-echo".to_owned(),
            Self::BlockingEcho => "blocking-echo".to_owned(),
            Self::WaitAny => "wait-any".to_owned(),
            Self::InReactor => "in-reactor".to_owned(),
            Self::Busy(load) => format!("busy-{}", load.idle().name()),
            Self::FirstEcho => "first-echo".to_owned(),
            other => format!("{other:?}").to_lowercase(),
        }
    }

    /// What it is, in the table.
    #[must_use]
    pub fn title(self) -> String {
        match self {
            Self::Ready => "ready job, one caller".to_owned(),
            Self::Echo => "4-byte echo over loopback".to_owned(),
            Self::SlowEcho => "echo from a server that takes 2 ms".to_owned(),
            Self::BlockingEcho => "4-byte echo with the interface of std".to_owned(),
            Self::WaitAny => "wait_any, one ready and one pending job".to_owned(),
            Self::InReactor => "InReactor::with, ready at once".to_owned(),
            Self::Callers(threads) => format!("{threads} calling threads, ready jobs"),
            Self::Busy(load) => {
                format!("{}, beside as many computing processes as cores", load.idle().title())
            }
            Self::Burst => format!("{BURST} jobs, submit then join"),
            Self::First => "from main to the first ready result".to_owned(),
            Self::FirstEcho => "from main to the first answer".to_owned(),
            Self::Waiters => format!("one result, {WAITERS} waiting threads"),
            Self::Pending => format!("ready job beside {PENDING} pending timers"),
            Self::Idle => "wake-ups in 10 s, idle".to_owned(),
        }
    }

    /// How long its echo server takes for an answer.
    #[must_use]
    pub fn delay(self) -> Duration {
        Duration::from_millis(if self == Self::SlowEcho { 2 } else { 0 })
    }

    /// Whether it is measured for this peer.
    #[must_use]
    pub fn applies_to(self, peer: Peer) -> bool {
        let is_spinning = matches!(peer, Peer::Crochet | Peer::CrochetAsleep);
        let is_driver = peer.is_ours() && !is_spinning;
        match self {
            Self::Ready => !matches!(peer, Peer::AsyncIoThread | Peer::Std),
            Self::Callers(threads) => {
                let has_none = matches!(peer, Peer::AsyncIoThread | Peer::Std);
                !has_none && (!is_driver || threads < 100)
            }
            Self::Echo | Self::SlowEcho => {
                !matches!(peer, Peer::AsyncIoThread | Peer::Pool | Peer::Mpsc)
            }
            Self::BlockingEcho => {
                is_spinning || matches!(peer, Peer::TokioThread | Peer::AsyncIo | Peer::Std)
            }
            Self::Busy(load) => {
                let is_compared = matches!(peer, Peer::TokioThread | Peer::Std) || is_spinning;
                is_compared && load.idle().applies_to(peer)
            }
            Self::WaitAny | Self::InReactor => peer.is_ours(),
            Self::Burst => !peer.is_local() && !is_driver && peer != Peer::AsyncIoThread,
            Self::First => !matches!(peer, Peer::CrochetAsleep | Peer::Std) && !is_driver,
            Self::FirstEcho => {
                let has_none = matches!(peer, Peer::CrochetAsleep | Peer::Pool | Peer::Mpsc);
                !has_none && !is_driver
            }
            // The other one waits with a `Condvar`.
            Self::Waiters => is_spinning || peer == Peer::Mpsc,
            Self::Pending => !is_driver && peer.sleepers(0).is_some(),
            Self::Idle => peer == Peer::Crochet || is_driver,
        }
    }

    /// Measures. `began` is when `main` did; `server` is an echo server, quick or slow.
    #[must_use]
    pub fn run(self, peer: Peer, server: Option<SocketAddr>, began: Instant) -> Figures {
        let server = || server.expect("an address");
        peer.start();
        let second = Duration::from_secs(1);
        let call = |scenario: Self| match scenario {
            Self::Echo | Self::SlowEcho | Self::FirstEcho => peer.echo(server()),
            Self::BlockingEcho => peer.blocking_echo(server()),
            Self::WaitAny => peer.wait_any(),
            Self::InReactor => peer.in_reactor(),
            _ => peer.ready(),
        };
        let call = |scenario| call(scenario).expect("applies");
        match self {
            Self::Ready | Self::WaitAny | Self::InReactor => {
                one_caller(call(self), 40, Duration::from_millis(600))
            }
            Self::Echo | Self::BlockingEcho => one_caller(call(self), 1, second),
            Self::SlowEcho => one_caller(call(self), 1, Duration::from_millis(1500)),
            Self::Busy(load) => one_by_one(|| call(load.idle()), load.threads(), 3 * second),
            Self::Callers(threads) => callers(peer, threads),
            Self::Burst => burst(peer),
            Self::First | Self::FirstEcho => first(call(self), began),
            Self::Waiters => waiters(peer),
            Self::Pending => pending(peer),
            Self::Idle => idle(server()),
        }
    }
}

impl Load {
    /// The same on an idle machine.
    #[must_use]
    pub fn idle(self) -> Scenario {
        match self {
            Self::Ready => Scenario::Ready,
            Self::Echo => Scenario::Echo,
            Self::Callers => Scenario::Callers(4),
            Self::BlockingEcho => Scenario::BlockingEcho,
        }
    }

    fn threads(self) -> usize {
        if self == Self::Callers { 4 } else { 1 }
    }
}

/// One thread that calls for `time`, after a quarter of it as warm-up; `batch` calls to a sample.
fn one_caller(mut call: Call, batch: u32, time: Duration) -> Figures {
    let warm = Instant::now();
    while warm.elapsed() < time / 4 {
        call();
    }
    let mut samples = Vec::with_capacity(1 << 20);
    let cpu = cpu_time();
    let start = Instant::now();
    let mut last = start;
    while last - start < time {
        for _ in 0..batch {
            call();
        }
        let now = Instant::now();
        samples.push((now - last).as_nanos() as f64 / f64::from(batch));
        last = now;
    }
    let calls = samples.len() as f64 * f64::from(batch);
    let cpu = (cpu_time() - cpu).as_nanos() as f64 / calls;
    let mean = (last - start).as_nanos() as f64 / calls;
    samples.sort_unstable_by(f64::total_cmp);
    let p99 = samples[samples.len() * 99 / 100];
    Figures { wall: samples[samples.len() / 2], mean, p99, cpu }
}

/// Many threads that call at once, for about a second in all.
fn callers(peer: Peer, threads: usize) -> Figures {
    const TIME: Duration = Duration::from_millis(800);
    let done = Arc::new(AtomicU64::new(0));
    let barrier = Arc::new(Barrier::new(threads + 1));
    let workers: Vec<_> = (0..threads)
        .map(|_| {
            let mut call = peer.ready().expect("applies");
            let (done, barrier) = (Arc::clone(&done), Arc::clone(&barrier));
            thread::spawn(move || {
                call();
                barrier.wait();
                let start = Instant::now();
                let mut calls = 0;
                while start.elapsed() < TIME {
                    call();
                    calls += 1;
                }
                done.fetch_add(calls, Ordering::Relaxed);
            })
        })
        .collect();
    let cpu = cpu_time();
    barrier.wait();
    let start = Instant::now();
    for worker in workers {
        worker.join().expect("no panic");
    }
    let calls = done.load(Ordering::Relaxed) as f64;
    let wall = start.elapsed().as_nanos() as f64 / calls;
    Figures { wall, mean: wall, p99: 0.0, cpu: (cpu_time() - cpu).as_nanos() as f64 / calls }
}

fn burst(peer: Peer) -> Figures {
    let round = || {
        let joins: Vec<_> = (0..BURST).map(|n| peer.submit(n).expect("applies")).collect();
        joins.into_iter().for_each(|join| join());
    };
    round();
    let mut samples = Vec::new();
    let cpu = cpu_time();
    for _ in 0..5 {
        let start = Instant::now();
        round();
        samples.push(start.elapsed().as_nanos() as f64 / BURST as f64);
    }
    let cpu = (cpu_time() - cpu).as_nanos() as f64 / 5.0 / BURST as f64;
    samples.sort_unstable_by(f64::total_cmp);
    Figures { wall: samples[2], mean: 0.0, p99: 0.0, cpu }
}

fn first(mut call: Call, began: Instant) -> Figures {
    call();
    let wall = began.elapsed().as_nanos() as f64;
    Figures { wall, mean: 0.0, p99: 0.0, cpu: cpu_time().as_nanos() as f64 }
}

/// A result that is there once the gate is open, and how to wait for it. Both say when it was.
fn gated(peer: Peer) -> (impl FnOnce(), Arc<dyn Fn() -> Instant + Send + Sync>) {
    let gate = Arc::new(AtomicU64::new(0));
    let wait: Arc<dyn Fn() -> Instant + Send + Sync> = if peer == Peer::Mpsc {
        let shared = Arc::new((Mutex::new(None), Condvar::new()));
        let (gate, publisher) = (Arc::clone(&gate), Arc::clone(&shared));
        thread::spawn(move || {
            while gate.load(Ordering::Acquire) == 0 {
                thread::sleep(Duration::from_millis(10));
            }
            let finished = Instant::now();
            *publisher.0.lock().expect("no panic") = Some(finished);
            publisher.1.notify_all();
        });
        Arc::new(move || {
            let result = shared.0.lock().expect("no panic");
            shared.1.wait_while(result, |result| result.is_none()).expect("no panic").expect("some")
        })
    } else {
        let gate = Arc::clone(&gate);
        let job = crochet::run_in_reactor(move || async move {
            while gate.load(Ordering::Acquire) == 0 {
                async_io::Timer::after(Duration::from_millis(10)).await;
            }
            Ok::<_, crochet::Error>(Instant::now())
        });
        Arc::new(move || *job.wait(Duration::MAX).expect("a result"))
    };
    (move || gate.store(1, Ordering::Release), wait)
}

fn waiters(peer: Peer) -> Figures {
    let (open, wait) = gated(peer);
    let waiting = Arc::new(AtomicU64::new(0));
    let threads: Vec<_> = (0..WAITERS)
        .map(|_| {
            let (wait, waiting) = (Arc::clone(&wait), Arc::clone(&waiting));
            thread::spawn(move || {
                waiting.fetch_add(1, Ordering::Release);
                wait().elapsed()
            })
        })
        .collect();
    while waiting.load(Ordering::Acquire) < WAITERS as u64 {
        thread::yield_now();
    }
    thread::sleep(Duration::from_millis(200));
    let cpu = cpu_time();
    open();
    let last = threads.into_iter().map(|thread| thread.join().expect("no panic")).max();
    let cpu = (cpu_time() - cpu).as_nanos() as f64 / WAITERS as f64;
    let wall = last.unwrap_or_default().as_nanos() as f64 / WAITERS as f64;
    Figures { wall, mean: 0.0, p99: 0.0, cpu }
}

fn pending(peer: Peer) -> Figures {
    let before = resident_bytes();
    let jobs = peer.sleepers(PENDING).expect("applies");
    // The next ones start after all of these, so then they all wait. (With several threads nearly
    // all: the rest is too little to be seen.)
    let mut call = peer.ready().expect("applies");
    (0..100).for_each(|_| call());
    let bytes = resident_bytes().zip(before).map_or(0.0, |(after, before)| (after - before) as f64);
    let figures = one_caller(call, 40, Duration::from_millis(600));
    drop(jobs);
    Figures { p99: bytes / f64::from(PENDING), ..figures }
}

fn idle(server: SocketAddr) -> Figures {
    let timer = crochet::run_in_reactor(|| async {
        async_io::Timer::after(Duration::from_secs(3600)).await;
        Ok::<_, crochet::Error>(())
    });
    let socket = crochet::run_in_reactor(move || async move {
        let mut stream = async_net::TcpStream::connect(server).await?;
        futures_lite::AsyncReadExt::read(&mut stream, &mut [0]).await
    });
    thread::sleep(Duration::from_secs(1));
    let before = sleeps();
    thread::sleep(Duration::from_secs(10));
    // One of them is this thread's own, which it has just slept.
    let count =
        sleeps().zip(before).map_or(f64::NAN, |(after, before)| (after - before) as f64 - 1.0);
    assert!(!timer.is_finished() && !socket.is_finished());
    Figures { wall: count, mean: 0.0, p99: 0.0, cpu: 0.0 }
}

/// The time in which a cache line passes from one spinning thread to another, and back.
#[must_use]
pub fn cache_line() -> f64 {
    const ROUNDS: u64 = 200_000;
    let line = Arc::new(AtomicU64::new(0));
    let other = {
        let line = Arc::clone(&line);
        thread::spawn(move || pass(&line, 1, ROUNDS))
    };
    let start = Instant::now();
    pass(&line, 0, ROUNDS);
    let time = start.elapsed();
    other.join().expect("no panic");
    time.as_nanos() as f64 / ROUNDS as f64
}

/// Waits for each number of its own, and answers with the next.
fn pass(line: &AtomicU64, own: u64, rounds: u64) {
    for round in 0..rounds {
        while line.load(Ordering::Acquire) != 2 * round + own {
            spin_loop();
        }
        line.store(2 * round + own + 1, Ordering::Release);
    }
}

/// The time in which one thread wakes another that sleeps, and is woken by it.
#[must_use]
pub fn park_unpark() -> f64 {
    const ROUNDS: u64 = 20_000;
    let turn = Arc::new(AtomicU64::new(0));
    let main = thread::current();
    let other = {
        let turn = Arc::clone(&turn);
        thread::spawn(move || {
            for round in 0..ROUNDS {
                while turn.load(Ordering::Acquire) != 2 * round + 1 {
                    thread::park();
                }
                turn.store(2 * round + 2, Ordering::Release);
                main.unpark();
            }
        })
    };
    let start = Instant::now();
    for round in 0..ROUNDS {
        turn.store(2 * round + 1, Ordering::Release);
        other.thread().unpark();
        while turn.load(Ordering::Acquire) != 2 * round + 2 {
            thread::park();
        }
    }
    let time = start.elapsed();
    other.join().expect("no panic");
    time.as_nanos() as f64 / ROUNDS as f64
}
