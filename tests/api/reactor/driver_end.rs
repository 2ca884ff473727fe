//! How a `Driver`'s run ends: `main` done, stopped, dropped or never begun. Each test has a process
//! of its own.

use std::future::{self, Future};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock, mpsc};
use std::task::{Context, Waker};
use std::thread;

use crate::support::{Gate, LONG, never, own_process};
use crochet::{Error, EventualResult, Reactor};

type Job<T = ()> = EventualResult<T, Error>;

/// Waits when it is dropped, for a new job and for one there is, and sends what came of it.
struct WaitsOnDrop(Job, mpsc::Sender<[Result<(), Error>; 2]>);

impl Drop for WaitsOnDrop {
    fn drop(&mut self) {
        let new_job = crochet::wait_for(LONG, async { Ok(()) });
        let old_job = self.0.wait(LONG).map(|_| ()).map_err(|error| match error {
            Error::OnReactorThread => Error::OnReactorThread,
            other => panic!("{other:?}"),
        });
        self.1.send([new_job, old_job]).unwrap();
    }
}

#[test]
fn a_blocking_wait_in_the_drop_of_main_is_refused_not_stuck() {
    own_process!();
    let driver = crochet::no_setup().unwrap();
    let (waited, results) = mpsc::channel();
    let guard = WaitsOnDrop(crochet::run_in_reactor(never(())), waited);
    let main = async {
        let _guard = guard;
        future::pending::<()>().await;
    };
    let mut run = Box::pin(driver.run(main));
    assert!(run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(run);
    let [new_job, old_job] = results.recv().unwrap();
    assert!(matches!(new_job, Err(Error::OnReactorThread)), "{new_job:?}");
    assert!(matches!(old_job, Err(Error::OnReactorThread)), "{old_job:?}");
}

#[test]
fn a_blocking_wait_in_the_drop_of_a_main_that_was_shut_down_is_refused_not_stuck() {
    own_process!();
    let driver = crochet::no_setup().unwrap();
    let (waited, results) = mpsc::channel();
    let guard = WaitsOnDrop(crochet::run_in_reactor(never(())), waited);
    let main = async {
        let _guard = guard;
        // Only asks, here.
        crochet::shutdown(LONG).unwrap();
        future::pending::<()>().await;
    };
    let result = async_io::block_on(driver.run(main));
    assert!(matches!(result, Err(Error::ReactorStopped)));
    let [new_job, old_job] = results.recv().unwrap();
    // A shutdown refuses new jobs, wherever they come from.
    assert!(matches!(new_job, Err(Error::ReactorStopped)), "{new_job:?}");
    assert!(matches!(old_job, Err(Error::OnReactorThread)), "{old_job:?}");
}

#[test]
fn shutdown_ends_the_run_and_drops_main_and_jobs() {
    own_process!();
    let driver = crochet::no_setup().unwrap();
    let (main_dropped, job_dropped, running) = (Gate::new(), Gate::new(), Gate::new());
    let job = crochet::run_in_reactor(never(job_dropped.open_on_drop()));
    let stops = thread::spawn({
        let (running, main_dropped) = (running.clone(), main_dropped.clone());
        move || {
            running.pass();
            crochet::shutdown(LONG).unwrap();
            assert!(main_dropped.is_open());
        }
    });
    let on_drop = main_dropped.open_on_drop();
    let result = async_io::block_on(driver.run(async {
        let _on_drop = on_drop;
        running.open();
        future::pending::<()>().await;
    }));
    assert!(matches!(result, Err(Error::ReactorStopped)));
    assert!(job_dropped.is_open());
    assert!(job.wait(LONG).unwrap_err().is_reactor_stopped());
    stops.join().unwrap();
}

#[test]
fn the_end_of_main_drops_jobs_on_its_thread_and_frees_waiters() {
    own_process!();
    let driver = crochet::no_setup().unwrap();
    let dropped = Gate::new();
    let job = crochet::run_in_reactor(never(dropped.open_on_drop()));
    let started = Gate::new();
    let waiter = thread::spawn({
        let started = started.clone();
        move || {
            crochet::wait_for(LONG, async {
                started.open();
                future::pending::<Result<(), Error>>().await
            })
        }
    });
    let main = crochet::unblock(move || started.pass());
    async_io::block_on(driver.run(main)).unwrap();
    assert!(dropped.is_open());
    assert!(job.wait(LONG).unwrap_err().is_reactor_stopped());
    assert!(waiter.join().unwrap().unwrap_err().is_reactor_stopped());
}

#[test]
fn a_driver_dropped_unrun_frees_waiters() {
    own_process!();
    let driver = crochet::no_setup().unwrap();
    let dropped = Gate::new();
    let job = crochet::run_in_reactor(never(dropped.open_on_drop()));
    thread::scope(|scope| {
        let waiter = scope.spawn(|| job.wait(LONG).map(|_| ()).map_err(|e| e.to_string()));
        drop(driver);
        assert_eq!(waiter.join().unwrap().unwrap_err(), "the reactor has stopped");
    });
    assert!(dropped.is_open());
}

/// Asserts that jobs are refused, by each way to submit one, and that no reactor thread is started
/// for them.
fn assert_refused() {
    let waited: Result<(), Error> = crochet::wait_for(LONG, async { Ok(()) });
    assert!(matches!(waited, Err(Error::ReactorStopped)), "{waited:?}");
    let job: Job = crochet::run_in_reactor(async || Ok(()));
    assert!(job.wait(LONG).unwrap_err().is_reactor_stopped());
    assert!(matches!(Reactor::global(), Err(Error::ReactorStopped)));
    assert!(crochet::jobs().is_empty());
}

#[test]
fn after_a_driver_jobs_are_refused_until_an_explicit_start() {
    own_process!();
    let runs = |driver: crochet::Driver| async_io::block_on(driver.run(async {})).unwrap();
    let dropped = |driver: crochet::Driver| drop(driver);
    let shut_down = |driver: crochet::Driver| {
        crochet::shutdown(LONG).unwrap();
        drop(driver);
    };
    let shut_down_after = |driver: crochet::Driver| {
        async_io::block_on(driver.run(async {})).unwrap();
        crochet::shutdown(LONG).unwrap();
        crochet::shutdown(LONG).unwrap();
    };
    let starts: [fn(); 2] =
        [|| crochet::setup().unwrap(), || crochet::setup_with(Reactor::builder()).unwrap()];
    for ends in [runs, dropped, shut_down, shut_down_after] as [fn(crochet::Driver); 4] {
        for start in starts {
            ends(crochet::no_setup().unwrap());
            assert_refused();
            // A thread that has never seen the driver is refused, too.
            thread::spawn(assert_refused).join().unwrap();
            start();
            let answer: Result<_, Error> = crochet::wait_for(LONG, async { Ok(3) });
            assert_eq!(answer.unwrap(), 3);
            crochet::shutdown(LONG).unwrap();
            // After a thread of the crate's own, a job starts the next one.
            let answer: Result<_, Error> = crochet::wait_for(LONG, async { Ok(4) });
            assert_eq!(answer.unwrap(), 4);
            crochet::shutdown(LONG).unwrap();
        }
        // One driver after the other is an explicit start, as well.
        ends(crochet::no_setup().unwrap());
        runs(crochet::no_setup().unwrap());
        assert_refused();
        crochet::setup().unwrap();
        crochet::shutdown(LONG).unwrap();
    }
}

#[test]
fn a_blocking_wait_in_the_drop_of_a_job_that_was_never_run_is_refused_not_stuck() {
    own_process!();
    let driver = crochet::no_setup().unwrap();
    let (waited, results) = mpsc::channel();
    let guard = Arc::new(OnceLock::new());
    let first = crochet::run_in_reactor({
        let guard = Arc::clone(&guard);
        move || async move {
            let _guard = guard;
            Ok::<_, Error>(())
        }
    });
    // It waits for a job that is dropped after it, by the same thread.
    assert!(guard.set(WaitsOnDrop(crochet::run_in_reactor(never(())), waited)).is_ok());
    drop(guard);
    drop(driver);
    let [new_job, old_job] = results.recv().unwrap();
    assert!(matches!(new_job, Err(Error::ReactorStopped)), "{new_job:?}");
    assert!(matches!(old_job, Err(Error::OnReactorThread)), "{old_job:?}");
    assert!(first.wait(LONG).unwrap_err().is_reactor_stopped());
}

#[test]
fn a_run_that_is_dropped_unpolled_frees_waiters() {
    own_process!();
    let driver = crochet::no_setup().unwrap();
    let job = crochet::run_in_reactor(never(()));
    drop(driver.run(future::pending::<()>()));
    assert!(job.wait(LONG).unwrap_err().is_reactor_stopped());
}

#[test]
fn a_run_that_is_dropped_midway_drops_jobs_and_main_and_frees_waiters() {
    own_process!();
    let driver = crochet::no_setup().unwrap();
    let (job_dropped, main_dropped) = (Gate::new(), Gate::new());
    let job = crochet::run_in_reactor(never(job_dropped.open_on_drop()));
    let on_drop = main_dropped.open_on_drop();
    let main = async {
        let _on_drop = on_drop;
        future::pending::<()>().await
    };
    let mut run = Box::pin(driver.run(main));
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..10 {
        assert!(run.as_mut().poll(&mut cx).is_pending());
        assert!(!crochet::in_reactor(), "in between, the thread is its own");
    }
    assert!(!job_dropped.is_open() && !main_dropped.is_open() && !job.is_finished());
    drop(run);
    assert!(job_dropped.is_open() && main_dropped.is_open());
    assert!(job.wait(LONG).unwrap_err().is_reactor_stopped());
    assert!(!crochet::in_reactor());
}

#[test]
fn a_driver_that_was_shut_down_before_it_was_run_does_not_run() {
    own_process!();
    let driver = crochet::no_setup().unwrap();
    let job = crochet::run_in_reactor(never(()));
    crochet::shutdown(LONG).unwrap();
    assert!(job.wait(LONG).unwrap_err().is_reactor_stopped());
    let main = async { unreachable!("this must not be polled") };
    let result: Result<(), Error> = async_io::block_on(driver.run(main));
    assert!(matches!(result, Err(Error::ReactorStopped)));
}

#[test]
fn a_panic_of_main_goes_on_and_frees_waiters() {
    own_process!();
    let driver = crochet::no_setup().unwrap();
    let dropped = Gate::new();
    let job = crochet::run_in_reactor(never(dropped.open_on_drop()));
    let run = driver.run(async { panic!("main itself") });
    let ended: Result<Result<(), Error>, _> =
        catch_unwind(AssertUnwindSafe(|| async_io::block_on(run)));
    assert_eq!(ended.unwrap_err().downcast_ref(), Some(&"main itself"));
    assert!(dropped.is_open());
    assert!(job.wait(LONG).unwrap_err().is_reactor_stopped());
}
