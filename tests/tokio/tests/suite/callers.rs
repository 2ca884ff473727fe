//! Callers that are inside a tokio runtime of their own.
//!
//! Their jobs run in the crate's context, not in theirs, which stands still while they wait; and
//! their own context is what it was afterwards.

use std::future;
use std::time::Duration;

use crochet::{Error, Reactor};
use crochet_tokio_tests::{application, context, own, witness};
use tokio::runtime::{Handle, Id};
use tokio::time::sleep;

use crate::support::{Gate, LONG, limit};

const SHORT: Duration = Duration::from_millis(30);

/// A blocking library, called in the context of the application's runtime `here`, if any.
fn library(here: Option<Id>) {
    let reactor = Reactor::new().unwrap();
    assert_eq!(context(), here);
    let there = reactor.wait_for(LONG, async {
        sleep(Duration::from_millis(1)).await;
        Ok::<_, Error>(context())
    });
    assert_eq!(there.unwrap(), Some(own()));
    let there = reactor.run_in_reactor(|| async { Ok::<_, Error>(context()) });
    assert_eq!(there.join(LONG).unwrap(), Some(own()));

    let (witness, dropped) = witness();
    let late: Result<(), Error> = reactor.wait_for(SHORT, async move {
        let _witness = witness;
        future::pending().await
    });
    assert!(late.unwrap_err().is_timeout());
    assert_eq!(dropped.wait().context, Some(own()));

    assert_eq!(context(), here);
    reactor.shutdown(LONG).unwrap();
}

#[test]
fn a_call_inside_block_on_works() {
    let _limit = limit(LONG);
    for threads in [1, 2] {
        let application = application(threads);
        let here = Some(application.handle().id());
        application.block_on(async {
            library(here);
            // The application's own timers go on.
            sleep(Duration::from_millis(1)).await;
        });
        library(None);
    }
}

#[test]
fn a_call_inside_spawn_blocking_works() {
    let _limit = limit(LONG);
    for threads in [1, 2] {
        let application = application(threads);
        let here = Some(application.handle().id());
        let calls = (0..4).map(|_| application.spawn_blocking(move || library(here)));
        let calls: Vec<_> = calls.collect();
        application.block_on(async {
            for call in calls {
                call.await.unwrap();
            }
        });
    }
}

#[test]
fn a_call_inside_a_task_works() {
    let _limit = limit(LONG);
    let application = application(2);
    let here = Some(application.handle().id());
    application.block_on(application.spawn(async move { library(here) })).unwrap();
}

#[test]
fn a_job_may_start_a_task_in_the_callers_runtime() {
    let _limit = limit(LONG);
    let (application, started) = (application(1), Gate::new());
    let id = application.block_on(async {
        let (reactor, callers) = (Reactor::new().unwrap(), Handle::current());
        let task = reactor.wait_for(LONG, async {
            let started = started.open_on_drop();
            Ok::<_, Error>(callers.spawn(async move {
                drop(started);
                context()
            }))
        });
        // That has to wait, as this thread was in the call.
        assert!(!started.is_open());
        task.unwrap().await.unwrap()
    });
    assert_eq!(id, Some(application.handle().id()));
}
