//! `no_setup` with the feature: jobs are in the context that the application's executor has, or
//! else in the crate's own.
//!
//! | | smol | async-io | tokio, current thread | tokio, multi-thread |
//! |---|---|---|---|---|
//! | polled, finished, cancelled | x | x | x | x |
//! | stopped, with `main`, when the run has ended, or is dropped outside its executor | x | x | x | x |
//! | timed out, and dropped by the caller | x | x | x | x |
//! | the context of the thread between two polls | x | x | x | x |
//! | never begun: the driver is dropped, unrun | once, as no executor is in it | | | |

use std::future::{self, poll_fn};
use std::pin::pin;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crochet::{Error, EventualResult};
use crochet_tokio_tests::{Testimony, application, context, own, witness};
use tokio::runtime::{Id, Runtime};
use tokio::time::sleep;

use crate::support::{Gate, LONG, own_process};

/// An application's executor.
enum Executor {
    Smol,
    AsyncIo,
    Tokio(Runtime),
}

impl Executor {
    /// The one that the test's name ends with.
    fn new(test: &str) -> Self {
        match test.rsplit_once("_on_").unwrap().1 {
            "smol" => Self::Smol,
            "async_io" => Self::AsyncIo,
            "one_thread" => Self::Tokio(application(1)),
            "two_threads" => Self::Tokio(application(2)),
            other => panic!("there is no executor {other}"),
        }
    }

    fn block_on(&self, main: impl Future<Output = ()>) {
        match self {
            Self::Smol => smol::block_on(main),
            Self::AsyncIo => async_io::block_on(main),
            Self::Tokio(runtime) => runtime.block_on(main),
        }
    }

    /// The context in which its thread is while it polls: that of its runtime.
    fn outside(&self) -> Option<Id> {
        match self {
            Self::Smol | Self::AsyncIo => None,
            Self::Tokio(runtime) => Some(runtime.handle().id()),
        }
    }

    /// The context in which jobs are to be.
    fn inside(&self) -> Option<Id> {
        Some(self.outside().unwrap_or_else(own))
    }
}

macro_rules! on_each {
    ($case:path: $($name:ident)*) => {$(
        #[test]
        fn $name() {
            own_process!();
            $case(&Executor::new(stringify!($name)));
        }
    )*};
}

/// A job that has been begun, and never ends.
fn pending() -> (EventualResult<(), Error>, Testimony, Gate) {
    let ((witness, dropped), begun) = (witness(), Gate::new());
    let opens = begun.clone();
    let job = crochet::run_in_reactor(move || async move {
        let _witness = witness;
        opens.open();
        future::pending().await
    });
    (job, dropped, begun)
}

on_each!(jobs_are_in_the_context:
    jobs_are_in_the_context_on_smol jobs_are_in_the_context_on_async_io
    jobs_are_in_the_context_on_one_thread jobs_are_in_the_context_on_two_threads
);

fn jobs_are_in_the_context(executor: &Executor) {
    let inside = executor.inside();
    let driver = crochet::no_setup().unwrap();
    let caller = thread::spawn(move || {
        let there = crochet::wait_for(LONG, async {
            let spawned = tokio::spawn(async { context() });
            sleep(Duration::from_millis(1)).await;
            Ok::<_, Error>((context(), spawned.await.unwrap()))
        });
        assert_eq!(there.unwrap(), (inside, inside));
        let (witness, dropped) = witness();
        let finished = crochet::run_in_reactor(move || async move {
            drop(witness);
            Ok::<_, Error>(())
        });
        finished.join(LONG).unwrap();
        assert_eq!(dropped.wait().context, inside);
        let (job, dropped, begun) = pending();
        begun.pass();
        job.cancel();
        assert_eq!(dropped.wait().context, inside);
    });
    let joined = driver.run(crochet::unblock(|| caller.join().unwrap()));
    executor.block_on(async { joined.await.unwrap() });
    assert_eq!(context(), None);
}

on_each!(what_is_stopped_is_dropped_in_the_context:
    what_is_stopped_is_dropped_in_the_context_on_smol
    what_is_stopped_is_dropped_in_the_context_on_async_io
    what_is_stopped_is_dropped_in_the_context_on_one_thread
    what_is_stopped_is_dropped_in_the_context_on_two_threads
);

fn what_is_stopped_is_dropped_in_the_context(executor: &Executor) {
    for midway in [false, true] {
        let driver = crochet::no_setup().unwrap();
        let (_job, job_dropped, begun) = pending();
        let (main_witness, main_dropped) = witness();
        let main = driver.run(async {
            let _witness = main_witness;
            while !begun.is_open() {
                smol::future::yield_now().await;
            }
            if midway {
                future::pending().await
            }
        });
        let mut main = Box::pin(main);
        executor.block_on(async {
            if !midway {
                return main.as_mut().await.unwrap();
            }
            while !begun.is_open() {
                assert!(smol::future::poll_once(main.as_mut()).await.is_none());
            }
        });
        assert_eq!(context(), None);
        drop(main);
        assert_eq!(job_dropped.wait().context, executor.inside());
        assert_eq!(main_dropped.wait().context, executor.inside());
        assert_eq!(context(), None);
    }
}

on_each!(a_wait_that_times_out_drops_in_the_context:
    who_times_out_drops_in_the_context_on_smol who_times_out_drops_in_the_context_on_async_io
    who_times_out_drops_in_the_context_on_one_thread
    who_times_out_drops_in_the_context_on_two_threads
);

fn a_wait_that_times_out_drops_in_the_context(executor: &Executor) {
    let inside = executor.inside();
    let driver = crochet::no_setup().unwrap();
    let (running, is_running) = mpsc::channel();
    let caller = thread::spawn(move || {
        is_running.recv().unwrap();
        assert_eq!(context(), None);
        let (witness, dropped) = witness();
        let late: Result<(), Error> = crochet::wait_for(Duration::from_millis(30), async {
            let _witness = witness;
            future::pending().await
        });
        assert!(late.unwrap_err().is_timeout());
        let dropped = dropped.wait();
        assert_eq!((dropped.context, dropped.thread), (inside, thread::current().id()));
    });
    let main = driver.run(async {
        running.send(()).unwrap();
        crochet::unblock(|| caller.join().unwrap()).await;
    });
    executor.block_on(async { main.await.unwrap() });
}

on_each!(the_application_has_its_own_context_back:
    the_application_has_its_own_context_back_on_smol
    the_application_has_its_own_context_back_on_async_io
    the_application_has_its_own_context_back_on_one_thread
    the_application_has_its_own_context_back_on_two_threads
);

fn the_application_has_its_own_context_back(executor: &Executor) {
    let driver = crochet::no_setup().unwrap();
    let mut polls = 0;
    executor.block_on(async {
        let main = driver.run(async {
            for _ in 0..3 {
                assert_eq!(context(), executor.inside());
                smol::future::yield_now().await;
            }
        });
        let mut main = pin!(main);
        poll_fn(|cx| {
            polls += 1;
            let poll = main.as_mut().poll(cx);
            assert_eq!(context(), executor.outside());
            poll.map(|end| assert!(end.is_ok()))
        })
        .await;
    });
    assert!(polls > 1);
}

#[test]
fn a_driver_that_is_dropped_unrun_drops_jobs_in_a_context() {
    own_process!();
    let application = application(1);
    let unrun = || {
        let driver = crochet::no_setup().unwrap();
        let (_job, dropped, begun) = pending();
        drop(driver);
        assert!(!begun.is_open());
        dropped.wait().context
    };
    let first = unrun();
    assert_eq!(first, Some(own()));
    let in_application = application.block_on(async { unrun() });
    assert_eq!(in_application, Some(application.handle().id()));
}

#[test]
fn a_tokio_application_that_drives_the_reactor_gets_no_second_runtime() {
    own_process!();
    let driver = crochet::no_setup().unwrap();
    let (running, is_running) = mpsc::channel();
    let caller = thread::spawn(move || {
        is_running.recv().unwrap();
        let late: Result<(), Error> =
            crochet::wait_for(Duration::from_millis(20), future::pending());
        assert!(late.unwrap_err().is_timeout());
    });
    let main = driver.run(async {
        running.send(()).unwrap();
        crochet::unblock(|| caller.join().unwrap()).await;
    });
    application(1).block_on(main).unwrap();
    #[cfg(target_os = "linux")]
    assert!(crate::support::kernel::threads_named("crochet-tokio").is_empty());
}
