//! Blocking calls, and the `Driver`, beside other runtimes.

mod blocking;
mod driver;
mod inside;
mod no_setup;
mod support;

use std::future;
use std::thread;
use std::time::Duration;

use crochet::{Error, EventualResult, Reactor};
use tokio::runtime::{Builder, Runtime};

use crate::support::LONG;

type Job<T = ()> = EventualResult<T, Error>;

const SHORT: Duration = Duration::from_millis(50);

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

async fn late(value: i32) -> Result<i32, Error> {
    async_io::Timer::after(Duration::from_millis(2)).await;
    Ok(value)
}

/// Every blocking call, with a job in time and a late one.
#[track_caller]
fn block(reactor: &Reactor) {
    let here = thread::current().id();
    let mut borrowed = 1;
    let there = reactor.wait_for(LONG, async {
        borrowed += late(1).await?;
        Ok::<_, Error>(thread::current().id())
    });
    assert_ne!(there.unwrap(), here);
    assert_eq!(borrowed, 2);
    let never: Result<(), Error> = reactor.wait_for(SHORT, future::pending());
    assert!(never.unwrap_err().is_timeout());
    let job = reactor.run_in_reactor(|| late(5));
    assert_eq!(*job.wait(LONG).unwrap(), 5);
    assert_eq!(job.join(LONG).unwrap(), 5);
    let never: Job = reactor.run_in_reactor(future::pending);
    assert!(never.wait(SHORT).unwrap_err().is_timeout());
    assert!(never.join(SHORT).unwrap_err().is_timeout());
}

/// The drop of every handle.
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
