//! What the feature does to a process: one thread that sleeps, and nothing in its forks. Each test
//! has a process of its own.

use std::future;
use std::io;
use std::process;
use std::thread;
use std::time::Duration;

use crochet::{Error, EventualResult, Reactor};
use crochet_tokio_tests::{application, context, own};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use crate::support::fork::{at_once, in_fork, refused};
use crate::support::kernel::{assert_asleep, threads_named};
use crate::support::{Gate, LONG, own_process, until};

type Job<T = ()> = EventualResult<T, Error>;

/// A job that never ends, with a socket, a timer and a task of tokio's in it.
fn busy(reactor: &Reactor) -> Job {
    let begun = Gate::new();
    let opens = begun.clone();
    let job = reactor.run_in_reactor(move || async move {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _task = tokio::spawn(future::pending::<()>());
        let timer = sleep(Duration::from_secs(3600));
        opens.open();
        tokio::time::timeout(Duration::from_secs(7200), server.accept()).await.unwrap().unwrap();
        timer.await;
        Ok(())
    });
    begun.pass();
    job
}

#[test]
fn linking_starts_nothing_and_all_reactors_start_one_thread() {
    own_process!();
    assert!(threads_named("crochet-tokio").is_empty());
    let starters: Vec<_> = (0..8).map(|_| thread::spawn(own)).collect();
    starters.into_iter().for_each(|starter| assert_eq!(starter.join().unwrap(), own()));
    assert_eq!(threads_named("crochet-tokio").len(), 1);
    crochet::setup().unwrap();
    crochet::shutdown(LONG).unwrap();
    let again = crochet::wait_for(LONG, async { Ok::<_, Error>(context()) });
    assert_eq!(again.unwrap(), Some(own()));
    assert_eq!(threads_named("crochet-tokio").len(), 1);
}

#[test]
fn nothing_is_woken_while_jobs_wait() {
    own_process!();
    let reactor = Reactor::builder().name("jobs").build().unwrap();
    let job = busy(&reactor);
    let mut all = threads_named("crochet-tokio");
    all.extend(threads_named("jobs"));
    assert_eq!(all.len(), 2);
    assert_asleep(&all);
    assert!(!job.is_finished());
    reactor.shutdown(LONG).unwrap();
    assert_asleep(&threads_named("crochet-tokio"));
}

#[test]
fn a_shutdown_does_not_wait_for_tokio() {
    own_process!();
    let job = busy(&Reactor::global().unwrap());
    crochet::shutdown(LONG).unwrap();
    assert!(job.wait(LONG).unwrap_err().is_reactor_stopped());
    // The end of the process does not wait for the runtime's task either.
}

/// While it lives, this process can open no more files.
struct NoFiles(libc::rlimit);

impl NoFiles {
    fn new() -> Self {
        let mut before = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        #[expect(unsafe_code, reason = "FFI")]
        // SAFETY: the pointer is to a whole `rlimit`.
        let error = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut before) };
        assert_eq!(error, 0);
        Self::set(&libc::rlimit { rlim_cur: 0, ..before });
        Self(before)
    }

    fn set(limit: &libc::rlimit) {
        #[expect(unsafe_code, reason = "FFI")]
        // SAFETY: the pointer is to a whole `rlimit`.
        let error = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, limit) };
        assert_eq!(error, 0);
    }
}

impl Drop for NoFiles {
    fn drop(&mut self) {
        Self::set(&self.0);
    }
}

#[test]
fn a_runtime_that_does_not_start_is_reported_and_can_be_retried() {
    own_process!();
    // So that only tokio has files to open.
    async_io::block_on(async_io::Timer::after(Duration::from_millis(1)));
    let inside_another = application(1);
    let none = NoFiles::new();
    let setup_failed = |error: Error| {
        let Error::Setup(reason) = error else { panic!("{error:?}") };
        assert_eq!(reason.raw_os_error(), Some(libc::EMFILE));
    };
    setup_failed(Reactor::new().unwrap_err());
    setup_failed(crochet::setup().unwrap_err());
    setup_failed(inside_another.block_on(async { crochet::setup().unwrap_err() }));
    setup_failed(crochet::wait_for(LONG, async { Ok::<(), Error>(()) }).unwrap_err());
    let job: Job = crochet::run_in_reactor(|| async { Ok(()) });
    setup_failed(job.join(LONG).unwrap_err());
    let driver = crochet::no_setup().unwrap();
    setup_failed(smol::block_on(driver.run(async {})).unwrap_err());
    drop(none);
    until(|| threads_named("crochet-tokio").is_empty() && threads_named("crochet").is_empty());
    // After a driver, no job starts a reactor.
    crochet::setup().unwrap();
    crochet::wait_for(LONG, async {
        sleep(Duration::from_millis(1)).await;
        Ok::<_, Error>(())
    })
    .unwrap();
}

#[test]
fn a_fork_is_refused_and_leaves_the_parents_runtime_alone() {
    own_process!();
    let reactor = Reactor::new().unwrap();
    let (mut here, there) = reactor
        .wait_for(LONG, async {
            let server = TcpListener::bind("127.0.0.1:0").await?;
            let here = TcpStream::connect(server.local_addr()?).await?;
            Ok::<_, io::Error>((here, server.accept().await?.0))
        })
        .unwrap();
    // A job that waits for its socket when the process forks, and one that was never begun.
    let begun = Gate::new();
    let echoed: EventualResult<_, io::Error> = reactor.run_in_reactor({
        let begun = begun.clone();
        move || async move {
            let mut there = there;
            let mut word = [0; 4];
            begun.open();
            there.read_exact(&mut word).await?;
            there.write_all(&word).await?;
            Ok(there)
        }
    });
    begun.pass();
    let parent = process::id();
    let mut echoed = Some(echoed);
    in_fork(|| {
        let call = || reactor.wait_for(LONG, async { Ok::<_, Error>(context()) });
        refused(parent, call);
        refused(parent, crochet::setup);
        refused(parent, Reactor::new);
        let job: Job = at_once(|| reactor.run_in_reactor(|| async { Err(Error::Cancelled) }));
        refused(parent, || job.wait(LONG));
        at_once(|| drop((echoed.take(), reactor.clone())));
    });
    let word = reactor.wait_for(LONG, async {
        here.write_all(b"wool").await?;
        let mut word = [0; 4];
        here.read_exact(&mut word).await?;
        Ok::<_, io::Error>(word)
    });
    assert_eq!(word.unwrap(), *b"wool");
    echoed.take().unwrap().join(LONG).unwrap();
    reactor.shutdown(LONG).unwrap();
}

#[test]
fn a_job_that_forks_goes_on_in_the_parent_only() {
    own_process!();
    let reactor = Reactor::new().unwrap();
    let forked = reactor.run_in_reactor(|| async {
        in_fork(|| assert!(crochet::in_reactor()));
        sleep(Duration::from_millis(1)).await;
        Ok::<_, Error>(context())
    });
    assert_eq!(forked.join(LONG).unwrap(), Some(own()));
    reactor.shutdown(LONG).unwrap();
}

#[test]
fn a_fork_from_before_has_a_runtime_of_its_own() {
    own_process!();
    let works = || {
        crochet::wait_for(LONG, async {
            sleep(Duration::from_millis(1)).await;
            Ok::<_, Error>(())
        })
        .unwrap();
    };
    in_fork(works);
    works();
}
