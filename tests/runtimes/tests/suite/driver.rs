//! `Driver::run` under tokio's `block_on`: the runtime's own thread is the reactor thread.

use std::thread;
use std::time::Duration;

use crochet::Error;
use tokio::runtime::Runtime;

use crate::support::{Gate, LONG, own_process};
use crate::{current_thread, multi_thread};

/// Runs the driver with `main`, jobs from another thread, and tokio's own timers and tasks beside
/// them.
fn drive(runtime: &Runtime) {
    let driver = crochet::no_setup().unwrap();
    let worker = thread::spawn(|| {
        let thread = crochet::wait_for(LONG, async {
            // The job is polled inside the runtime, so all of tokio works in it.
            tokio::time::sleep(Duration::from_millis(5)).await;
            async_io::Timer::after(Duration::from_millis(5)).await;
            let task = tokio::spawn(async { 5 }).await.unwrap();
            assert_eq!(task, 5);
            Ok::<_, Error>(thread::current().id())
        });
        let job = crochet::run_in_reactor(|| async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            Ok::<_, Error>(thread::current().id())
        });
        assert_eq!(job.join(LONG).unwrap(), *thread.as_ref().unwrap());
        let mut borrowed = 1;
        let late: Result<(), Error> = crochet::wait_for(Duration::from_millis(20), async {
            borrowed += 1;
            tokio::time::sleep(LONG).await;
            Ok(())
        });
        assert!(late.unwrap_err().is_timeout());
        assert_eq!(borrowed, 2);
        thread.unwrap()
    });
    let main = async {
        assert!(crochet::in_reactor());
        let refused = crochet::wait_for(LONG, async { Ok::<(), Error>(()) });
        assert!(matches!(refused, Err(Error::OnReactorThread)));
        tokio::task::spawn_blocking(|| worker.join().unwrap()).await.unwrap()
    };
    let there = runtime.block_on(driver.run(main)).unwrap();
    assert_eq!(there, thread::current().id());
    assert!(!crochet::in_reactor());
}

#[test]
fn a_driver_runs_under_the_block_on_of_a_current_thread_runtime() {
    own_process!();
    drive(&current_thread());
}

#[test]
fn a_driver_runs_under_the_block_on_of_a_multi_thread_runtime() {
    own_process!();
    drive(&multi_thread());
}

#[test]
fn a_shutdown_ends_a_driver_under_tokio() {
    own_process!();
    let runtime = multi_thread();
    let driver = crochet::no_setup().unwrap();
    let running = Gate::new();
    let job = crochet::run_in_reactor({
        let running = running.clone();
        move || async move {
            running.open();
            std::future::pending::<Result<(), Error>>().await
        }
    });
    let stopper = thread::spawn(move || {
        running.pass();
        crochet::shutdown(LONG).unwrap();
        job.wait(Duration::ZERO).unwrap_err().is_reactor_stopped()
    });
    let main = runtime.block_on(driver.run(std::future::pending::<()>()));
    assert!(matches!(main, Err(Error::ReactorStopped)));
    assert!(stopper.join().unwrap());
}
