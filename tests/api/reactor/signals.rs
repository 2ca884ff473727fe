//! Signals: Ctrl-C with and without a handler, and calls that a signal interrupts. Each test has a
//! process of its own.

use std::fs;
use std::future;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{self, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::signal::kill;
use crate::support::{Gate, LONG, child_command, hog, is_child, limit, own_process, test_name};
use async_io::{Async, Timer};
use crochet::{Error, EventualResult, Reactor};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use signal_hook::iterator::Signals;

type Job<T = ()> = EventualResult<T, Error>;

const READY: &str = "ready for Ctrl-C";

/// Has Ctrl-C do what it does by default. A shell starts programs in the background with it
/// ignored, and so this one, if the tests are run there.
fn ctrl_c_by_default() {
    #[expect(unsafe_code, reason = "FFI")]
    // SAFETY: no handler is installed, but the default action.
    let before = unsafe { libc::signal(libc::SIGINT, libc::SIG_DFL) };
    assert_ne!(before, libc::SIG_ERR);
}

/// Runs `waits` in a process of its own, which it never leaves by itself, and presses Ctrl-C when
/// it has said that it is ready. The process must be gone at once, by that signal.
#[track_caller]
fn ctrl_c_ends(name: &str, waits: impl FnOnce()) {
    if is_child() {
        ctrl_c_by_default();
        waits();
        panic!("it went on");
    }
    let _limit = limit(LONG);
    let mut child = child_command(name).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains(READY) {
        line.clear();
        assert_ne!(stdout.read_line(&mut line).unwrap(), 0, "it ended");
    }
    let start = Instant::now();
    kill(child.id(), libc::SIGINT);
    let status = child.wait().unwrap();
    assert!(start.elapsed() < LONG / 2, "it took {:?}", start.elapsed());
    assert_eq!(status.signal(), Some(libc::SIGINT));
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert!(!rest.contains("it went on"), "{rest}");
}

#[test]
fn ctrl_c_without_a_handler_ends_a_program_inside_wait_for() {
    ctrl_c_ends(test_name!(), || {
        let _: Result<(), Error> = crochet::wait_for(Duration::MAX, async {
            println!("{READY}");
            future::pending().await
        });
    });
}

#[test]
fn ctrl_c_without_a_handler_ends_a_program_inside_wait() {
    ctrl_c_ends(test_name!(), || {
        let job: Job = crochet::run_in_reactor(future::pending);
        println!("{READY}");
        let _ = job.wait(Duration::MAX);
    });
}

#[test]
fn ctrl_c_without_a_handler_ends_a_program_whose_reactor_is_held() {
    ctrl_c_ends(test_name!(), || {
        let hog = hog(&Reactor::global().unwrap());
        println!("{READY}");
        let _ = crochet::shutdown(LONG);
        let _ = hog.job.wait(Duration::MAX);
    });
}

#[test]
fn a_shutdown_from_a_handler_frees_every_waiter() {
    own_process!();
    let mut signals = Signals::new([libc::SIGINT]).unwrap();
    let handler = thread::spawn(move || {
        assert_eq!(signals.forever().next(), Some(libc::SIGINT));
        crochet::shutdown(LONG)
    });
    let never = || -> Job { crochet::run_in_reactor(future::pending) };
    let shared = never();
    thread::scope(|scope| {
        let (waits, waiting) = mpsc::channel();
        let waiter = |wait: Box<dyn FnOnce() -> Option<Error> + Send>| {
            let waits = waits.clone();
            scope.spawn(move || {
                waits.send(()).unwrap();
                wait()
            })
        };
        let shared = &shared;
        let owned = |error: Error<&Error>| match error {
            Error::ReactorStopped => Error::ReactorStopped,
            other => panic!("{other:?}"),
        };
        let (into_result, joined, awaited) = (never(), never(), never());
        let polled = Gate::new();
        let waiters = [
            waiter(Box::new(move || shared.wait(Duration::MAX).err().map(owned))),
            waiter(Box::new(move || shared.wait(LONG).err().map(owned))),
            waiter(Box::new(|| into_result.into_result(Duration::MAX).err().map(Error::flatten))),
            waiter(Box::new(|| joined.join(Duration::MAX).err())),
            waiter(Box::new(|| {
                futures_lite::future::block_on(awaited.into_future()).err().map(Error::flatten)
            })),
            waiter(Box::new({
                let polled = polled.clone();
                move || {
                    let waited: Result<(), Error> = crochet::wait_for(Duration::MAX, async {
                        polled.open();
                        future::pending().await
                    });
                    waited.err()
                }
            })),
        ];
        waiters.iter().for_each(|_| waiting.recv().unwrap());
        polled.pass();
        kill(process::id(), libc::SIGINT);
        for waiter in waiters {
            let error = waiter.join().unwrap();
            assert!(matches!(error, Some(Error::ReactorStopped)), "{error:?}");
        }
    });
    handler.join().unwrap().unwrap();
}

static INTERRUPTIONS: AtomicUsize = AtomicUsize::new(0);

/// Interrupts every other thread of the process once a millisecond, until the guard is dropped.
/// System calls that wait fail with `EINTR`.
fn interrupt_all() -> impl Drop {
    struct Stop(Option<thread::JoinHandle<()>>);
    static STOPPED: AtomicBool = AtomicBool::new(false);
    impl Drop for Stop {
        fn drop(&mut self) {
            STOPPED.store(true, Ordering::Relaxed);
            self.0.take().unwrap().join().unwrap();
        }
    }

    extern "C" fn count(_: libc::c_int) {
        INTERRUPTIONS.fetch_add(1, Ordering::Relaxed);
    }
    #[expect(unsafe_code, reason = "FFI")]
    // SAFETY: a `sigaction` of zeros has no flags, SA_RESTART among them, and an empty mask. The
    // handler is a function that takes one number, and async-signal-safe.
    let error = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = count as extern "C" fn(libc::c_int) as usize;
        libc::sigaction(libc::SIGUSR1, &action, std::ptr::null_mut())
    };
    assert_eq!(error, 0);
    Stop(Some(thread::spawn(|| {
        #[expect(unsafe_code, reason = "FFI")]
        // SAFETY: both take nothing.
        let (process, this) = unsafe { (libc::getpid(), libc::gettid()) };
        while !STOPPED.load(Ordering::Relaxed) {
            for entry in fs::read_dir("/proc/self/task").unwrap() {
                let name = entry.unwrap().file_name();
                let thread: libc::pid_t = name.to_str().unwrap().parse().unwrap();
                if thread != this {
                    #[expect(unsafe_code, reason = "FFI")]
                    // SAFETY: it takes numbers. A thread that has ended since is an error, and no
                    // matter.
                    let _ =
                        unsafe { libc::syscall(libc::SYS_tgkill, process, thread, libc::SIGUSR1) };
                }
            }
            thread::sleep(Duration::from_millis(1));
        }
    })))
}

const SHORT: Duration = Duration::from_millis(40);

#[track_caller]
fn times_out(wait: impl FnOnce() -> Result<(), Error>) {
    let start = Instant::now();
    let error = wait().unwrap_err();
    let took = start.elapsed();
    let Error::TimedOut(timed_out) = error else { panic!("{error:?}") };
    assert!(took >= SHORT && timed_out.waited() >= SHORT, "a false timeout, after {took:?}");
}

#[track_caller]
fn comes_after_short<T>(wait: impl FnOnce() -> Result<T, Error>) -> T {
    let start = Instant::now();
    let value = wait().unwrap();
    assert!(start.elapsed() >= SHORT);
    value
}

#[test]
fn an_interrupted_call_is_no_result_and_no_timeout() {
    own_process!();
    let (socket, mut peer) = UnixStream::pair().unwrap();
    let echo = thread::spawn(move || std::io::copy(&mut peer.try_clone().unwrap(), &mut peer));
    let mut socket = Async::new(socket).unwrap();
    let interrupting = interrupt_all();
    let late = || async {
        Timer::after(SHORT).await;
        Ok(5)
    };
    for round in (0..=u8::MAX).cycle() {
        if round > 15 && INTERRUPTIONS.load(Ordering::Relaxed) > 1000 {
            break;
        }
        times_out(|| crochet::wait_for(SHORT, future::pending()));
        assert_eq!(comes_after_short(|| crochet::wait_for(LONG, late())), 5);
        assert_eq!(comes_after_short(|| crochet::wait_for(Duration::MAX, late())), 5);
        let never: Job = crochet::run_in_reactor(future::pending);
        times_out(|| match never.wait(SHORT) {
            Err(Error::TimedOut(late)) => Err(Error::TimedOut(late)),
            other => panic!("{other:?}"),
        });
        never.cancel();
        assert!(never.wait(Duration::MAX).unwrap_err().is_cancelled());
        let five = comes_after_short(|| {
            let job: Job<_> = crochet::run_in_reactor(late);
            job.join(Duration::MAX)
        });
        assert_eq!(five, 5);
        let echoed = crochet::wait_for(LONG, async {
            let mut byte = [0];
            socket.write_all(&[round]).await?;
            socket.read_exact(&mut byte).await?;
            std::io::Result::Ok(byte[0])
        });
        assert_eq!(echoed.unwrap(), round);
    }
    let hog = hog(&Reactor::global().unwrap());
    times_out(|| crochet::shutdown(SHORT));
    hog.release();
    crochet::shutdown(Duration::MAX).unwrap();
    drop(interrupting);
    drop(socket);
    echo.join().unwrap().unwrap();
}
