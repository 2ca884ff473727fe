//! Blocking calls inside other runtimes: `wait_for`, `join`, and the drop of any handle. They work, and never
//! panic; `blocking.rs` has more of tokio. All of this is as true in a release build.
//!
//! The one honest limit: a job that needs the very thread that it blocks waits until its timeout.

use std::future;
use std::pin::{Pin, pin};
use std::time::{Duration, Instant};

use crochet::{Error, EventualResult, Reactor};

use crate::support::{LONG, limit};
use crate::{current_thread, multi_thread};

type Job<T = ()> = EventualResult<T, Error>;
type Main<'a> = Pin<&'a mut dyn Future<Output = ()>>;
type BlockOn = fn(Main<'_>);

const SHORT: Duration = Duration::from_millis(50);

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

async fn late(value: i32) -> Result<i32, Error> {
    async_io::Timer::after(Duration::from_millis(2)).await;
    Ok(value)
}

/// All that blocks, and the drop of all handles.
fn block(reactor: &Reactor) {
    let mut borrowed = 1;
    let waited = reactor.wait_for(LONG, async {
        borrowed += late(1).await?;
        Ok::<_, Error>(())
    });
    waited.unwrap();
    assert_eq!(borrowed, 2);
    let never: Result<(), Error> = reactor.wait_for(SHORT, future::pending());
    assert!(never.unwrap_err().is_timeout());
    let job = reactor.run_in_reactor(|| late(5));
    assert_eq!(*job.wait(LONG).unwrap(), 5);
    assert_eq!(job.join(LONG).unwrap(), 5);
    let never: Job = reactor.run_in_reactor(future::pending);
    assert!(never.join(SHORT).unwrap_err().is_timeout());
}

fn drop_handles(reactor: &Reactor) {
    drop(reactor.run_in_reactor(|| late(6)));
    drop(reactor.run_in_reactor(future::pending::<Result<(), Error>>));
    drop(reactor.run_in_reactor(|| late(7)).into_future());
    drop(reactor.clone());
    let own = Reactor::new().unwrap();
    let never: Job = own.run_in_reactor(future::pending);
    // The last handle: it stops, without waiting for that.
    drop(own);
    assert!(never.join(LONG).unwrap_err().is_reactor_stopped());
    let own = Reactor::new().unwrap();
    own.shutdown(LONG).unwrap();
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
