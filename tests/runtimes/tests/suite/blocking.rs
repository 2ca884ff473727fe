//! Blocking calls inside tokio's runtimes: they work, and never panic, where tokio's own `block_on`
//! does.

use std::future;
use std::time::Duration;

use crochet::{Error, Reactor};

use crate::support::{LONG, limit, own_process, until};
use crate::{block, current_thread, drop_handles, multi_thread};

const SHORT: Duration = Duration::from_millis(20);

#[test]
fn blocking_calls_work_inside_tasks() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for runtime in [multi_thread(), current_thread()] {
        runtime.block_on(async {
            let tasks: Vec<_> = (0..8)
                .map(|_| {
                    let reactor = reactor.clone();
                    tokio::spawn(async move {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                        block(&reactor);
                        drop_handles(&reactor);
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
    }
}

#[test]
fn blocking_calls_work_inside_spawn_blocking() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for runtime in [multi_thread(), current_thread()] {
        let reactor = reactor.clone();
        runtime
            .block_on(async { tokio::task::spawn_blocking(move || block(&reactor)).await })
            .unwrap();
    }
}

#[test]
fn a_task_can_await_the_result_of_a_job() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for runtime in [multi_thread(), current_thread()] {
        let reactor = reactor.clone();
        let sum = runtime.block_on(async move {
            let job = reactor.run_in_reactor(|| async {
                async_io::Timer::after(Duration::from_millis(5)).await;
                Ok::<_, Error>(20)
            });
            let late = reactor.run_in_reactor(future::pending::<Result<(), Error>>);
            tokio::time::timeout(SHORT, late).await.unwrap_err();
            let (a, b) = tokio::join!(job, tokio::spawn(async { 1 }));
            a.unwrap() + b.unwrap()
        });
        assert_eq!(sum, 21);
    }
}

#[test]
fn reactors_can_be_started_and_stopped_inside_a_runtime() {
    let _limit = limit(LONG);
    for runtime in [multi_thread(), current_thread()] {
        runtime.block_on(async {
            let reactor = Reactor::new().unwrap();
            block(&reactor);
            reactor.shutdown(LONG).unwrap();
            // The last handle stops it, without waiting.
            let reactor = Reactor::new().unwrap();
            let job = reactor.run_in_reactor(future::pending::<Result<(), Error>>);
            drop(reactor);
            until(|| job.is_finished());
            assert!(job.await.unwrap_err().is_reactor_stopped());
        });
    }
}

#[test]
fn the_free_functions_work_inside_a_runtime() {
    own_process!();
    for runtime in [multi_thread(), current_thread()] {
        runtime.block_on(async {
            crochet::setup().unwrap();
            block(&Reactor::global().unwrap());
            assert_eq!(crochet::wait_for(LONG, async { Ok::<_, Error>(3) }).unwrap(), 3);
            crochet::shutdown(LONG).unwrap();
        });
    }
}
