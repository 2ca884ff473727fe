//! Blocking calls inside other runtimes: `wait_for`, `join`, and the drop of any handle. They work,
//! and never panic; `blocking.rs` has more of tokio. All of this is as true in a release build.
//!
//! The one honest limit: a job that needs the very thread that it blocks waits until its timeout.

use std::future;
use std::pin::{Pin, pin};
use std::time::{Duration, Instant};

use crochet::{Error, Reactor};

use crate::support::{LONG, limit};
use crate::{SHORT, block, current_thread, drop_handles, late, multi_thread};

type Main<'a> = Pin<&'a mut dyn Future<Output = ()>>;
type BlockOn = fn(Main<'_>);

/// Each way to block on a future.
fn runtimes() -> [(&'static str, BlockOn); 6] {
    [
        ("tokio, current thread", |main| current_thread().block_on(main)),
        ("tokio, multi-thread", |main| multi_thread().block_on(main)),
        ("smol", |main| smol::block_on(main)),
        ("futures", |main| futures_executor::block_on(main)),
        ("futures' pool", |main| {
            let mut pool = futures_executor::LocalPool::new();
            pool.run_until(main);
        }),
        ("smol's executor", |main| {
            let executor = smol::LocalExecutor::new();
            smol::block_on(executor.run(main));
        }),
    ]
}

#[test]
fn blocking_calls_work_inside_any_runtime_and_never_panic() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for (name, block_on) in runtimes() {
        println!("{name}");
        let mut ran = false;
        block_on(pin!(async {
            block(&reactor);
            drop_handles(&reactor);
            ran = true;
        }));
        assert!(ran);
    }
}

#[test]
fn results_can_be_awaited_inside_any_runtime() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for (name, block_on) in runtimes() {
        println!("{name}");
        let mut sum = 0;
        block_on(pin!(async {
            for value in 0..10 {
                sum += reactor.run_in_reactor(move || late(value)).await.unwrap();
            }
        }));
        assert_eq!(sum, 45);
    }
}

#[test]
fn blocking_calls_work_inside_tasks_of_smol_and_of_the_pool_of_futures() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let global = smol::Executor::new();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let reactor = reactor.clone();
            global.spawn(async move {
                block(&reactor);
                smol::Timer::after(Duration::from_millis(1)).await;
                drop_handles(&reactor);
            })
        })
        .collect();
    smol::block_on(global.run(async {
        for task in tasks {
            task.await;
        }
    }));
}

/// Blocks this thread on a job that needs this thread to go on; only the timeout ends that.
fn deadlock(reactor: &Reactor, needs_this_thread: impl Future<Output = ()> + Send) {
    let start = Instant::now();
    let waited: Result<(), Error> = reactor.wait_for(SHORT, async {
        needs_this_thread.await;
        Ok(())
    });
    let error = waited.unwrap_err();
    assert!(error.is_timeout() && start.elapsed() >= SHORT);
    assert!(error.to_string().ends_with("the job is waiting"), "{error}");
}

#[test]
fn a_job_that_needs_the_thread_that_it_blocks_waits_until_its_timeout() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    current_thread().block_on(async {
        let task = tokio::spawn(async {});
        deadlock(&reactor, async { task.await.unwrap() });
    });
    let executor = smol::LocalExecutor::new();
    smol::block_on(executor.run(async {
        let (done, wait) = async_channel::bounded(1);
        let task = executor.spawn(async move { done.send(()).await.unwrap() });
        deadlock(&reactor, async { wait.recv().await.unwrap() });
        task.await;
    }));
    // With another thread to run the task, it works.
    multi_thread().block_on(async {
        let task = tokio::spawn(async { 5 });
        let five = reactor.wait_for(LONG, async { Ok::<_, Error>(task.await.unwrap()) });
        assert_eq!(five.unwrap(), 5);
    });
}

#[test]
fn a_job_may_block_on_any_runtime_of_its_own() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for (name, block_on) in runtimes() {
        println!("{name}");
        let job = reactor.run_in_reactor(move || async move {
            let mut ran = false;
            block_on(pin!(async { ran = true }));
            Ok::<_, Error>(ran)
        });
        assert!(job.join(LONG).unwrap());
    }
}

#[test]
fn handles_may_be_dropped_with_the_runtime_that_holds_them() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for runtime in [current_thread(), multi_thread()] {
        for _ in 0..4 {
            let own = Reactor::new().unwrap();
            let (job, awaited) =
                (own.run_in_reactor(|| late(1)), reactor.run_in_reactor(|| late(2)));
            runtime.spawn(async move {
                let _held = (own, job);
                let _ = awaited.await;
                future::pending::<()>().await;
            });
        }
        drop(runtime);
    }
    // The reactor that had no handle in a runtime works on.
    assert_eq!(reactor.run_in_reactor(|| late(3)).join(LONG).unwrap(), 3);
}
