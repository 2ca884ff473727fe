//! `wait_for` inside other executors: it works there, and blocks the thread that calls it.

use std::thread;
use std::time::Duration;

use async_io::Timer;
use crochet::{Error, Reactor};
use futures_lite::future::{self, yield_now};

use crate::support::{LONG, Probe, here, limit, thread_of};

const SHORT: Duration = Duration::from_millis(20);

/// Waits for a job that is ready, for one that needs the reactor's timers, and for one that is
/// late.
#[track_caller]
fn assert_works(reactor: &Reactor) {
    let mut borrowed = 1;
    let ready = reactor.wait_for(LONG, async {
        borrowed += 1;
        Ok::<_, Error>(here())
    });
    assert_ne!(ready.unwrap(), here());
    let slept = reactor.wait_for(LONG, async {
        Timer::after(Duration::from_millis(5)).await;
        borrowed += 1;
        Ok::<_, Error>(here())
    });
    assert_ne!(slept.unwrap(), here());
    assert_eq!(borrowed, 3);
    let trace = Probe::new();
    let late = reactor.wait_for(SHORT, trace.pending::<(), Error>());
    assert!(late.unwrap_err().is_timeout());
    assert_eq!(trace.threads(), [here()]);
}

#[test]
fn it_works_inside_the_block_on_of_futures_lite() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    future::block_on(async {
        yield_now().await;
        assert_works(&reactor);
        yield_now().await;
        future::block_on(async { assert_works(&reactor) });
    });
    thread_of(&reactor);
}

#[test]
fn it_works_inside_the_block_on_of_async_io() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    // This `block_on` may be the one that drives the timers of the whole process; while it is
    // blocked, the reactor's own does.
    for _ in 0..10 {
        async_io::block_on(async {
            Timer::after(Duration::from_millis(1)).await;
            assert_works(&reactor);
            Timer::after(Duration::from_millis(1)).await;
        });
    }
    thread_of(&reactor);
}

#[test]
fn it_works_inside_many_block_ons_at_once() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                async_io::block_on(async {
                    for _ in 0..5 {
                        assert_works(&reactor);
                        Timer::after(Duration::from_millis(1)).await;
                    }
                });
            });
        }
    });
}

#[test]
fn it_works_inside_a_job_of_another_reactor() {
    let _limit = limit(LONG);
    let (outer, reactor) = (Reactor::new().unwrap(), Reactor::new().unwrap());
    outer
        .wait_for(LONG, async {
            yield_now().await;
            assert_works(&reactor);
            Ok::<_, Error>(())
        })
        .unwrap();
    let inner = reactor.clone();
    let job = outer.run_in_reactor(move || async move {
        assert_works(&inner);
        Ok::<_, Error>(())
    });
    job.join(LONG).unwrap();
}

#[test]
fn it_works_inside_unblock() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let inner = reactor.clone();
    // A job of the very reactor that the blocking code waits for: it is not blocked meanwhile.
    reactor
        .wait_for(LONG, async {
            crochet::unblock(move || assert_works(&inner)).await;
            Ok::<_, Error>(())
        })
        .unwrap();
}
