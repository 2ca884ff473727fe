//! `wait_for` where its end races with the job's: after the call has returned, no thread may touch
//! the future, nor what it borrowed.
//!
//! Each future looks at a canary on its caller's stack whenever it is polled or dropped, and goes
//! on looking for a while. The caller kills the canary as soon as the call is back. A future
//! that sees it dead ends the process: memory is no longer what it seems.

use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use crochet::{Error, Reactor};

use crate::support::{LONG, limit};

const CALLERS: u64 = 4;
const CALLS: u64 = 10_000;
/// How often a poll, or a drop, looks at the canary: for some microseconds.
const LOOKS: usize = 50;

const ALIVE: u64 = 0x00c0_ffee_00c0_ffee;
const DEAD: u64 = 0xdead_dead_dead_dead;

/// What the future borrows. It is dead when the call has returned.
struct Canary(AtomicU64);

impl Canary {
    fn new() -> Self {
        Self(AtomicU64::new(ALIVE))
    }

    /// Looks at it, and goes on looking.
    fn watch(&self, during: &str) {
        for _ in 0..LOOKS {
            let found = black_box(self).0.load(Ordering::Relaxed);
            if found != ALIVE {
                eprintln!("touched in {during} after the call had returned: {found:#x}");
                process::abort();
            }
        }
    }

    /// Kills it, and gives a future that still looks the time to see that.
    fn kill(&self) {
        black_box(self).0.store(DEAD, Ordering::Relaxed);
        for _ in 0..LOOKS * 2 {
            assert_eq!(black_box(self).0.load(Ordering::Relaxed), DEAD);
        }
    }
}

/// Something that another thread makes happen.
#[derive(Default)]
struct Flip {
    done: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Flip {
    fn flip(&self) {
        self.done.store(true, Ordering::Release);
        let waker = self.waker.lock().unwrap().take();
        waker.into_iter().for_each(Waker::wake);
    }
}

/// Ready when it was flipped, with `value`.
struct Watcher<'a> {
    canary: &'a Canary,
    flip: &'a Flip,
    value: u64,
}

impl Future for Watcher<'_> {
    type Output = Result<u64, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.canary.watch("poll");
        *self.flip.waker.lock().unwrap() = Some(cx.waker().clone());
        if self.flip.done.load(Ordering::Acquire) {
            return Poll::Ready(Ok(self.value));
        }
        Poll::Pending
    }
}

impl Drop for Watcher<'_> {
    fn drop(&mut self) {
        self.canary.watch("drop");
    }
}

/// Numbers that look random: xorshift.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// A thread that flips what it is sent, each at its time.
fn flipper() -> mpsc::Sender<(Arc<Flip>, Instant)> {
    let (sender, receiver) = mpsc::channel::<(Arc<Flip>, Instant)>();
    thread::spawn(move || {
        for (flip, at) in receiver {
            while Instant::now() < at {
                thread::yield_now();
            }
            flip.flip();
        }
    });
    sender
}

/// One call whose time is over at about the time when its job is ready. Returns how it ended.
fn race(
    reactor: &Reactor,
    flips: &mpsc::Sender<(Arc<Flip>, Instant)>,
    dice: &mut Dice,
    value: u64,
) -> Result<u64, Error> {
    let (canary, flip) = (Canary::new(), Arc::new(Flip::default()));
    let timeout = Duration::from_micros(dice.below(101));
    let flipped_in = Duration::from_micros(dice.below(101));
    flips.send((Arc::clone(&flip), Instant::now() + flipped_in)).unwrap();
    let watcher = Watcher { canary: &canary, flip: &flip, value };
    let result = reactor.wait_for(timeout, watcher);
    canary.kill();
    if let Ok(returned) = result {
        assert_eq!(returned, value);
    }
    result
}

#[test]
fn no_thread_touches_what_was_lent_when_timeouts_race_with_results() {
    let _limit = limit(LONG * 5);
    let reactor = Reactor::new().unwrap();
    let (ready, late) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for caller in 1..=CALLERS {
            let (reactor, ready, late) = (&reactor, &ready, &late);
            scope.spawn(move || {
                let (flips, mut dice) = (flipper(), Dice::new(caller));
                for call in 0..CALLS {
                    match race(reactor, &flips, &mut dice, caller << 32 | call) {
                        Ok(_) => ready.fetch_add(1, Ordering::Relaxed),
                        Err(Error::TimedOut(_)) => late.fetch_add(1, Ordering::Relaxed),
                        Err(other) => panic!("{other:?}"),
                    };
                }
            });
        }
    });
    // It was a race.
    let (ready, late) = (ready.into_inner(), late.into_inner());
    println!("{ready} were ready, {late} were late");
    assert!(ready > 100 && late > 100, "{ready} were ready, {late} were late");
}

#[test]
fn no_thread_touches_what_was_lent_when_results_race_with_shutdowns() {
    const ROUNDS: u64 = 300;

    let _limit = limit(LONG * 5);
    let stopped = AtomicUsize::new(0);
    for round in 1..=ROUNDS {
        let reactor = Reactor::new().unwrap();
        thread::scope(|scope| {
            for caller in 1..=CALLERS {
                let (reactor, stopped) = (&reactor, &stopped);
                scope.spawn(move || {
                    let (flips, mut dice) = (flipper(), Dice::new(round << 8 | caller));
                    // Until the reactor has stopped.
                    loop {
                        match race(reactor, &flips, &mut dice, caller) {
                            Ok(_) | Err(Error::TimedOut(_)) => {}
                            Err(Error::ReactorStopped) => break,
                            Err(other) => panic!("{other:?}"),
                        }
                    }
                    stopped.fetch_add(1, Ordering::Relaxed);
                });
            }
            thread::sleep(Duration::from_micros(Dice::new(round).below(2000)));
            reactor.shutdown(LONG).unwrap();
        });
    }
    assert_eq!(stopped.into_inner() as u64, ROUNDS * CALLERS);
}

#[test]
fn a_shutdown_wakes_every_caller_that_waits_for_ever() {
    let _limit = limit(LONG * 5);
    for round in 1..=300 {
        let reactor = Reactor::new().unwrap();
        thread::scope(|scope| {
            for _ in 0..CALLERS {
                scope.spawn(|| {
                    let (canary, flip) = (Canary::new(), Flip::default());
                    let watcher = Watcher { canary: &canary, flip: &flip, value: 0 };
                    let result = reactor.wait_for(Duration::MAX, watcher);
                    canary.kill();
                    assert!(matches!(result, Err(Error::ReactorStopped)), "{result:?}");
                });
            }
            thread::sleep(Duration::from_micros(Dice::new(round).below(500)));
            reactor.shutdown(LONG).unwrap();
        });
    }
}

#[test]
fn every_caller_of_many_gets_its_own_result() {
    let _limit = limit(LONG * 5);
    let reactor = Reactor::new().unwrap();
    thread::scope(|scope| {
        for caller in 0..20_usize {
            let reactor = &reactor;
            scope.spawn(move || {
                for call in 0..500_usize {
                    let mut own = (caller, 0);
                    let back = reactor.wait_for(LONG, async {
                        own.1 = call;
                        Ok::<_, Error>(&mut own)
                    });
                    assert_eq!(*back.unwrap(), (caller, call));
                }
            });
        }
    });
}
