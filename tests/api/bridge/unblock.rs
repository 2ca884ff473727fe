//! `unblock`: blocking code, off the reactor thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use crate::support::{Gate, LONG, limit};
use crochet::{Error, Reactor};

#[test]
fn it_runs_off_the_reactor_thread() {
    let reactor = Reactor::new().unwrap();
    let (job, unblocked) = reactor
        .wait_for(LONG, async {
            let there = crochet::unblock(|| (thread::current().id(), crochet::in_reactor())).await;
            Ok::<_, Error>((thread::current().id(), there))
        })
        .unwrap();
    assert_ne!(unblocked.0, job);
    assert!(!unblocked.1);
}

#[test]
fn other_jobs_run_meanwhile() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let gate = Gate::new();
    let blocked = reactor.run_in_reactor({
        let gate = gate.clone();
        move || async move {
            crochet::unblock(move || gate.pass()).await;
            Ok::<_, Error>(())
        }
    });
    let other: Result<_, Error> = reactor.wait_for(LONG, async { Ok(7) });
    assert_eq!(other.unwrap(), 7);
    assert!(!blocked.is_finished());
    gate.open();
    blocked.join(LONG).unwrap();
}

#[test]
fn it_may_wait_for_jobs_of_the_reactor() {
    let reactor = Reactor::new().unwrap();
    let inner = reactor.clone();
    let job = reactor.run_in_reactor(|| async {
        crochet::unblock(move || inner.wait_for(LONG, async { Ok::<_, Error>(9) })).await
    });
    assert_eq!(job.join(LONG).unwrap(), 9);
}

#[test]
fn its_panic_is_raised_again_in_the_job() {
    let reactor = Reactor::new().unwrap();
    let job = reactor.run_in_reactor(|| async {
        crochet::unblock(|| panic!("off the thread")).await;
        Ok::<_, Error>(())
    });
    let payload = catch_unwind(AssertUnwindSafe(|| job.join(LONG))).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"off the thread"));
}

#[test]
fn it_works_on_any_executor() {
    let there = async_io::block_on(crochet::unblock(|| thread::current().id()));
    assert_ne!(there, thread::current().id());
}

#[test]
fn dropped_before_it_was_polled_it_is_never_called() {
    let dropped = Gate::new();
    let on_drop = dropped.open_on_drop();
    let future = crochet::unblock(move || {
        let _called = &on_drop;
        unreachable!("the future was not polled")
    });
    drop::<std::pin::Pin<Box<dyn Future<Output = ()>>>>(Box::pin(future));
    assert!(dropped.is_open());
}

#[test]
fn dropped_while_it_runs_it_runs_to_its_end() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (started, go_on, ended) = (Gate::new(), Gate::new(), Gate::new());
    let job = reactor.run_in_reactor({
        let (started, go_on, ended) = (started.clone(), go_on.clone(), ended.clone());
        move || async move {
            crochet::unblock(move || {
                started.open();
                go_on.pass();
                ended.open();
            })
            .await;
            Ok::<_, Error>(())
        }
    });
    started.pass();
    job.cancel();
    assert!(job.wait(LONG).unwrap_err().is_cancelled());
    assert!(!ended.pass_within(Duration::ZERO));
    go_on.open();
    ended.pass();
}
