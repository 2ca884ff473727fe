//! A forked child leaves alone what is its parent's: jobs, sockets, the poller that both processes
//! have, the records of a logger. However it goes on: by dropping what it has, in `main` of a
//! `Driver`, in a job.

use std::fs;
use std::future;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::process;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::thread;

use crate::support::fork::{End, exit_at_once, fork, in_fork, in_fork_ending, status_of};
use crate::support::{Gate, LONG, info, never, own_process, until, waker};
use async_io::Async;
use crochet::{BackgroundLogger, Error, EventualResult, Reactor};
use futures_lite::AsyncReadExt;
use log::{Log, Metadata, Record};

type Job<T = ()> = EventualResult<T, Error>;

/// A socket that is registered with the poller, and its other end.
fn pair() -> (Async<UnixStream>, UnixStream) {
    let (here, there) = UnixStream::pair().unwrap();
    (Async::new(here).unwrap(), there)
}

/// All that the pollers of this process watch.
fn watched() -> Vec<String> {
    let mut lines = Vec::new();
    for entry in fs::read_dir("/proc/self/fdinfo").unwrap() {
        // One that is gone by now is that of the directory itself.
        let info = fs::read_to_string(entry.unwrap().path()).unwrap_or_default();
        // The target's number, not its events: a look at an idle poller may re-arm its own.
        let targets = info.lines().filter_map(|line| line.strip_prefix("tfd:"));
        lines.extend(targets.map(|line| line.split_whitespace().next().unwrap().to_owned()));
    }
    lines.sort();
    lines
}

/// A job that reads one byte, once it waits for it.
fn reader(mut socket: Async<UnixStream>) -> Job<u8> {
    let reading = Gate::new();
    let reads = reading.clone();
    let job = crochet::run_in_reactor(move || async move {
        let mut byte = [0];
        reads.open();
        socket.read_exact(&mut byte).await.unwrap();
        Ok(byte[0])
    });
    reading.pass();
    job
}

/// A job that never ends, and tells on a socket when it is dropped.
fn tells_on_drop() -> (Job, UnixStream) {
    struct Tell(UnixStream);
    impl Drop for Tell {
        fn drop(&mut self) {
            self.0.write_all(b"x").unwrap();
        }
    }
    let (here, there) = UnixStream::pair().unwrap();
    let job = crochet::run_in_reactor(never(Tell(here)));
    there.set_nonblocking(true).unwrap();
    (job, there)
}

fn is_silent(mut told: &UnixStream) -> bool {
    let read = told.read(&mut [0]);
    read.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
}

#[test]
fn results_that_a_forked_child_drops_stay_with_the_parent() {
    own_process!();
    let (sockets, peers): (Vec<_>, Vec<_>) = (0..3).map(|_| pair()).unzip();
    let mut jobs: Vec<_> = sockets
        .into_iter()
        .map(|socket| Some(crochet::run_in_reactor(|| async { Ok::<_, Error>(socket) })))
        .collect();
    // One has been seen, one has only been finished; one is awaited.
    jobs[0].as_ref().unwrap().wait(LONG).unwrap();
    until(|| jobs.iter().all(|job| job.as_ref().unwrap().is_finished()));
    let before = watched();
    for end in [End::AtOnce, End::Normally] {
        in_fork_ending(end, || {
            drop(jobs[0].take());
            drop(jobs[1].take());
            drop(jobs[2].take().map(IntoFuture::into_future));
        });
    }
    assert_eq!(watched(), before);
    for (job, mut peer) in jobs.into_iter().zip(peers) {
        let mut socket = job.unwrap().join(LONG).unwrap();
        peer.write_all(&[7]).unwrap();
        let mut byte = [0];
        let read = async {
            socket.read_exact(&mut byte).await.unwrap();
            Ok::<_, Error>(())
        };
        crochet::wait_for(LONG, read).unwrap();
        assert_eq!(byte, [7]);
    }
}

#[test]
fn a_reactor_that_a_forked_child_drops_goes_on_in_the_parent() {
    own_process!();
    let (socket, mut peer) = pair();
    let job = reader(socket);
    let (never, told) = tells_on_drop();
    let mut own = Some(Reactor::new().unwrap());
    let before = watched();
    in_fork_ending(End::Normally, || {
        drop(own.take());
        assert!(matches!(crochet::shutdown(LONG), Err(Error::Forked { .. })));
        job.cancel();
        never.cancel();
    });
    assert_eq!(watched(), before);
    peer.write_all(&[8]).unwrap();
    assert_eq!(job.join(LONG).unwrap(), 8);
    assert!(is_silent(&told) && !never.is_finished());
    own.unwrap().wait_for(LONG, async { Ok::<_, Error>(()) }).unwrap();
}

/// Runs a driver whose main forks, then does `in_child`.
fn main_that_forks<F: Future<Output = ()>>(in_child: impl FnOnce() -> F) -> Result<(), Error> {
    let driver = crochet::no_setup().unwrap();
    let (socket, mut peer) = pair();
    let main_starts = Gate::new();
    let jobs = thread::spawn({
        let main_starts = main_starts.clone();
        move || {
            main_starts.pass();
            (reader(socket), tells_on_drop())
        }
    });
    let main = async {
        main_starts.open();
        let (job, (never, told)) = crochet::unblock(|| jobs.join().unwrap()).await;
        let child = fork();
        if child == 0 {
            // Dropped with this future, where it may do no harm.
            let _jobs = (job, never);
            return in_child().await;
        }
        assert_eq!(crochet::unblock(move || status_of(child)).await, 0);
        peer.write_all(&[9]).unwrap();
        assert_eq!(job.await.unwrap(), 9);
        assert!(is_silent(&told) && !never.is_finished());
    };
    async_io::block_on(driver.run(main))
}

#[test]
fn a_main_that_forks_and_returns_in_the_child_drops_no_job_there() {
    own_process!();
    let parent = process::id();
    let result = main_that_forks(|| future::ready(()));
    if process::id() != parent {
        exit_at_once(i32::from(result.is_err()));
    }
    result.unwrap();
}

#[test]
fn a_main_that_forks_and_goes_on_awaiting_in_the_child_is_refused_there() {
    own_process!();
    let parent = process::id();
    let result = main_that_forks(future::pending);
    if process::id() != parent {
        let refused = matches!(result, Err(Error::Forked { setup_pid }) if setup_pid == parent);
        exit_at_once(i32::from(!refused));
    }
    result.unwrap();
}

/// A job that forks and goes on, in the child as in the parent, with a second poll if `twice`.
fn job_that_forks(twice: bool) {
    let (socket, mut peer) = pair();
    let other = reader(socket);
    let (never, told) = tells_on_drop();
    let job: Job<libc::pid_t> = crochet::run_in_reactor(move || async move {
        if twice {
            futures_lite::future::yield_now().await;
        }
        let child = fork();
        futures_lite::future::yield_now().await;
        Ok(child)
    });
    let child = job.join(LONG).unwrap();
    // The only thread of the child leaves its loop, and ends, and the child with it.
    assert_eq!(status_of(child), 0);
    peer.write_all(&[10]).unwrap();
    assert_eq!(other.join(LONG).unwrap(), 10);
    assert!(is_silent(&told) && !never.is_finished());
}

#[test]
fn a_job_that_forks_and_goes_on_ends_the_loop_in_the_child() {
    own_process!();
    job_that_forks(false);
}

#[test]
fn a_job_that_forks_in_a_later_poll_ends_the_loop_in_the_child() {
    own_process!();
    job_that_forks(true)
}

#[test]
fn a_job_that_forks_and_returns_wakes_no_caller_in_the_child() {
    own_process!();
    let (begin, begins) = async_channel::bounded::<()>(1);
    let job: Job<libc::pid_t> = crochet::run_in_reactor(move || async move {
        begins.recv().await.unwrap();
        Ok(fork())
    });
    let (gate, parent) = (Gate::new(), process::id());
    let opens = gate.clone();
    let waker = waker(move || if process::id() == parent { opens.open() } else { exit_at_once(7) });
    let mut cx = Context::from_waker(&waker);
    let mut outcome = pin!(job.into_future());
    assert!(outcome.as_mut().poll(&mut cx).is_pending());
    begin.try_send(()).unwrap();
    gate.pass();
    let Poll::Ready(Ok(child)) = outcome.as_mut().poll(&mut cx) else { panic!("no child") };
    assert_eq!(status_of(child), 0);
}

/// Keeps what it is given; a record `wait` waits for the gate first.
struct Keeper {
    kept: Arc<Mutex<Vec<String>>>,
    writing: Gate,
    gate: Gate,
}

impl Log for Keeper {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let text = record.args().to_string();
        if text == "wait" {
            self.writing.open();
            self.gate.pass();
        }
        self.kept.lock().unwrap().push(text);
    }

    fn flush(&self) {}
}

#[test]
fn a_forked_child_writes_its_own_records_and_leaves_the_waiting_ones_to_the_parent() {
    own_process!();
    let (writing, gate) = (Gate::new(), Gate::new());
    let kept = Arc::default();
    let keeper = Keeper { kept: Arc::clone(&kept), writing: writing.clone(), gate: gate.clone() };
    let logger = BackgroundLogger::new(keeper);
    let job = async {
        ["wait", "one", "two"].into_iter().for_each(|text| info(&logger, text));
        Ok::<_, Error>(())
    };
    crochet::wait_for(LONG, job).unwrap();
    writing.pass();
    let mut logger = Some(logger);
    in_fork(|| {
        info(logger.as_ref().unwrap(), "child");
        logger.as_ref().unwrap().flush();
        drop(logger.take());
        assert_eq!(*kept.lock().unwrap(), ["child"]);
    });
    let logger = logger.unwrap();
    gate.open();
    info(&logger, "three");
    logger.flush();
    assert_eq!(*kept.lock().unwrap(), ["wait", "one", "two", "three"]);
}
