//! `no_setup`: the application's executor drives the reactor, while libraries know nothing of it.
//!
//! | | smol | async-io | tokio, current thread | tokio, multi-thread |
//! |---|---|---|---|---|
//! | libraries call `setup`, or just `wait_for`, before, during and after the run | x | x | x | x |
//! | the driver is run late: jobs wait, and a wait says that the driver is not run | x | x | x | x |
//! | the run ends early: what waits is told | x | x | x | x |
//! | the run is dropped midway | x | x | x | x |
//!
//! A driver that is dropped unrun has no executor: see `tests/api/reactor/driver_end.rs`.

use std::future;
use std::pin::{Pin, pin};
use std::thread;
use std::time::Duration;

use crochet::{Error, EventualResult};
use futures_lite::FutureExt;

use crate::{current_thread, multi_thread};

use crate::support::{Gate, LONG, never, until};

type Job<T = ()> = EventualResult<T, Error>;
type Main<'a> = Pin<&'a mut dyn Future<Output = ()>>;
type BlockOn = fn(Main<'_>);

/// A test for each executor, with its `block_on`.
macro_rules! with_each {
    ($($behaviour:ident)*) => {$(
        mod $behaviour {
            use crate::support::own_process;

            #[test]
            fn under_smol() {
                own_process!();
                super::cases::$behaviour(|main| smol::block_on(main));
            }

            #[test]
            fn under_async_io() {
                own_process!();
                super::cases::$behaviour(|main| async_io::block_on(main));
            }

            #[test]
            fn under_tokio_current_thread() {
                own_process!();
                super::cases::$behaviour(|main| super::current_thread().block_on(main));
            }

            #[test]
            fn under_tokio_multi_thread() {
                own_process!();
                super::cases::$behaviour(|main| super::multi_thread().block_on(main));
            }
        }
    )*};
}

with_each! {
    libraries_may_call_setup_or_just_wait
    a_driver_that_is_run_late_finds_its_jobs
    a_run_that_ends_early_wakes_all_waiters
    a_run_that_is_dropped_wakes_all_waiters
}

mod cases {
    use super::*;

    /// What a library does that knows nothing of drivers. Returns the thread that its jobs ran on.
    fn library() -> thread::ThreadId {
        crochet::setup().unwrap();
        let there: Result<_, Error> = crochet::wait_for(LONG, async {
            async_io::Timer::after(Duration::from_millis(2)).await;
            Ok(thread::current().id())
        });
        let job: Job<_> = crochet::run_in_reactor(|| async { Ok(thread::current().id()) });
        assert_eq!(job.join(LONG).unwrap(), *there.as_ref().unwrap());
        there.unwrap()
    }

    pub(super) fn libraries_may_call_setup_or_just_wait(block_on: BlockOn) {
        let driver = crochet::no_setup().unwrap();
        crochet::setup().unwrap();
        assert!(matches!(crochet::no_setup(), Err(Error::AlreadySetUp(_))));
        let here = thread::current().id();
        // Started before the run, so its first job is queued.
        let early = thread::spawn(library);
        let main = driver.run(async {
            assert!(crochet::in_reactor());
            assert_eq!(crochet::unblock(|| early.join().unwrap()).await, here);
            for _ in 0..10 {
                assert_eq!(crochet::unblock(library).await, here);
            }
            crochet::setup().unwrap();
            let refused: Result<(), Error> = crochet::wait_for(LONG, async { Ok(()) });
            assert!(matches!(refused, Err(Error::OnReactorThread)));
        });
        block_on(pin!(async { main.await.unwrap() }));
        // The run is over, and so is its reactor: the next call starts one with a thread of its
        // own.
        assert_ne!(library(), here);
        crochet::shutdown(LONG).unwrap();
    }

    pub(super) fn a_driver_that_is_run_late_finds_its_jobs(block_on: BlockOn) {
        let driver = crochet::no_setup().unwrap();
        let job: Job<_> = crochet::run_in_reactor(|| async { Ok(thread::current().id()) });
        let late: Result<(), Error> =
            crochet::wait_for(Duration::from_millis(30), future::pending());
        let late = late.unwrap_err();
        assert!(late.is_timeout());
        assert!(late.to_string().ends_with("nobody is running the Driver"), "{late}");
        let Err(late) = job.wait(Duration::from_millis(30)) else {
            panic!("the driver is not run")
        };
        assert!(late.to_string().ends_with("nobody is running the Driver"), "{late}");
        let main = driver.run(job.into_future());
        block_on(pin!(async {
            assert_eq!(main.await.unwrap().unwrap(), thread::current().id());
        }));
    }

    /// A job that never ends, and a gate that its drop opens.
    fn pending() -> (Job, Gate) {
        let dropped = Gate::new();
        let job = crochet::run_in_reactor(never(dropped.open_on_drop()));
        (job, dropped)
    }

    /// A thread that waits for a job for ever, and one that lends it a future.
    fn waiters(job: Job) -> [thread::JoinHandle<Result<(), Error>>; 2] {
        [
            thread::spawn(move || job.join(Duration::MAX)),
            thread::spawn(|| crochet::wait_for(Duration::MAX, future::pending())),
        ]
    }

    fn all_stopped(waiters: [thread::JoinHandle<Result<(), Error>>; 2]) {
        for waiter in waiters {
            assert!(waiter.join().unwrap().unwrap_err().is_reactor_stopped());
        }
    }

    pub(super) fn a_run_that_ends_early_wakes_all_waiters(block_on: BlockOn) {
        let driver = crochet::no_setup().unwrap();
        let (job, dropped) = pending();
        let reactor = crochet::Reactor::global().unwrap();
        let lent = Gate::new();
        let waiter = thread::spawn({
            let lent = lent.clone();
            move || {
                reactor.wait_for(Duration::MAX, async {
                    lent.open();
                    future::pending().await
                })
            }
        });
        let main = driver.run(async {
            // `main` ends while the waiter's future is lent to the run.
            crochet::unblock(move || lent.pass()).await;
        });
        block_on(pin!(async { main.await.unwrap() }));
        assert!(dropped.is_open());
        let stopped: Result<(), Error> = waiter.join().unwrap();
        assert!(stopped.unwrap_err().is_reactor_stopped());
        assert!(job.wait(Duration::ZERO).unwrap_err().is_reactor_stopped());
    }

    pub(super) fn a_run_that_is_dropped_wakes_all_waiters(block_on: BlockOn) {
        let driver = crochet::no_setup().unwrap();
        let (job, dropped) = pending();
        let begun: Job = crochet::run_in_reactor(|| async { Ok(()) });
        let waiters = waiters(job);
        block_on(pin!(async {
            let run = async { driver.run(future::pending::<()>()).await.unwrap() };
            // As a `select!` or a timeout would do: another branch is ready, and the run is
            // dropped.
            run.or(async { begun.await.unwrap() }).await;
            assert!(dropped.is_open());
        }));
        // The one that had lent its future by then is told so. One that came later has a fresh
        // reactor, which is stopped for it.
        until(|| {
            crochet::shutdown(LONG).unwrap();
            waiters.iter().all(thread::JoinHandle::is_finished)
        });
        all_stopped(waiters);
    }
}
