//! Jobs that panic, wherever they do: the panic is the outcome, and the reactor goes on.
//!
//! | the panic is in … | outcome |
//! |---|---|
//! | the closure, the first poll, a later poll | `Panicked` |
//! | the `Drop` of the future after it was ready, whatever it returned | `Panicked` |
//! | the `Drop` of the future at cancel | `Panicked` |
//! | the `Drop` of the closure, uncalled, at cancel | `Panicked` |
//! | the `Drop` of either at shutdown, or of the closure where it is refused | `Panicked` |
//! | the `Drop` of a value that no caller takes | it has succeeded |
//! | the `Drop` of a panic's own payload | that of the first panic |

use std::fmt;
use std::future::{pending, poll_fn, ready};
use std::panic::panic_any;
use std::task::Poll;

use crochet::{Error, EventualResult, Reactor};
use futures_lite::future::yield_now;

use crate::support::{LONG, PanicOnDrop, Probe, endless, held, hog, limit, log, settle};

#[track_caller]
fn assert_panicked<T: fmt::Debug, E: fmt::Debug>(job: &EventualResult<T, E>, message: &str) {
    match job.wait(LONG) {
        Err(Error::Panicked(panic)) => {
            assert_eq!(panic.message(), Some(message));
            assert!(panic.location().is_some());
        }
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn assert_alive(reactor: &Reactor) {
    let job = reactor.run_in_reactor(|| async {
        yield_now().await;
        Ok::<_, Error>(7)
    });
    assert_eq!(job.join(LONG).unwrap(), 7);
}

#[test]
fn a_panic_in_the_closure_is_the_outcome() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let job = reactor.run_in_reactor(|| {
        if true {
            panic!("in the closure");
        }
        ready(Ok::<_, Error>(()))
    });
    assert_panicked(&job, "in the closure");
    assert_alive(&reactor);
}

#[test]
fn a_panic_in_the_first_poll_is_the_outcome() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let job: EventualResult<()> = reactor.run_in_reactor(|| async { panic!("in the first poll") });
    assert_panicked(&job, "in the first poll");
    assert_alive(&reactor);
}

#[test]
fn a_panic_in_a_later_poll_is_the_outcome() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for polls in [1, 2, 10] {
        let job: EventualResult<()> = reactor.run_in_reactor(move || async move {
            for _ in 0..polls {
                yield_now().await;
            }
            panic!("in a later poll")
        });
        assert_panicked(&job, "in a later poll");
        assert_alive(&reactor);
    }
}

#[test]
fn a_job_that_panicked_is_dropped_before_that_is_known() {
    let _limit = limit(LONG);
    let (reactor, drops) = (Reactor::new().unwrap(), Probe::new());
    let witness = drops.witness();
    let job: EventualResult<()> = reactor.run_in_reactor(move || {
        poll_fn(move |_| {
            let _in_the_future = &witness;
            panic!("out of yarn")
        })
    });
    assert_panicked(&job, "out of yarn");
    assert_eq!(drops.count(), 1);
}

#[test]
fn a_panic_in_the_drop_of_a_ready_future_is_the_outcome_whatever_it_returned() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for result in [Ok(7), Err("no luck")] {
        let bomb = PanicOnDrop("in the drop");
        let job = reactor.run_in_reactor(move || {
            poll_fn(move |_| {
                let _in_the_future = &bomb;
                Poll::Ready(result)
            })
        });
        assert_panicked(&job, "in the drop");
        assert_alive(&reactor);
    }
}

#[test]
fn a_panic_in_the_drop_of_a_future_at_cancel_is_the_outcome() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let job = endless(&reactor, PanicOnDrop("at cancel"));
    job.cancel();
    assert_panicked(&job, "at cancel");
    assert_alive(&reactor);
}

#[test]
fn a_panic_in_the_drop_of_an_uncalled_closure_is_the_outcome() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let hog = hog(&reactor);
    let bomb = PanicOnDrop("uncalled");
    let job: EventualResult<()> = reactor.run_in_reactor(move || async move {
        drop(bomb);
        Ok(())
    });
    job.cancel();
    hog.release();
    assert_panicked(&job, "uncalled");
    assert_alive(&reactor);
}

#[test]
fn a_panic_in_a_drop_at_shutdown_is_the_outcome_and_the_other_jobs_are_stopped() {
    let _limit = limit(LONG);
    let (reactor, drops) = (Reactor::new().unwrap(), Probe::new());
    let start = |bomb: Option<PanicOnDrop>| -> EventualResult<()> {
        let witness = drops.witness();
        reactor.run_in_reactor(move || async move {
            let _both = (bomb, witness);
            pending().await
        })
    };
    let waiting = [start(None), start(Some(PanicOnDrop("waiting"))), start(None)];
    settle(&reactor);
    let hog = hog(&reactor);
    let queued = [start(None), start(Some(PanicOnDrop("queued"))), start(None)];
    assert!(reactor.shutdown(std::time::Duration::ZERO).unwrap_err().is_timeout());
    // The hog ends by itself: it is inside `poll`.
    hog.release();
    reactor.shutdown(LONG).unwrap();
    for (jobs, message) in [(&waiting, "waiting"), (&queued, "queued")] {
        assert!(jobs[0].wait(LONG).unwrap_err().is_reactor_stopped());
        assert_panicked(&jobs[1], message);
        assert!(jobs[2].wait(LONG).unwrap_err().is_reactor_stopped());
    }
    assert_eq!(drops.count(), 6);
}

#[test]
fn a_panic_in_the_drop_of_a_refused_closure_is_the_outcome() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    reactor.shutdown(LONG).unwrap();
    let bomb = PanicOnDrop("refused");
    let job: EventualResult<()> = reactor.run_in_reactor(move || async move {
        drop(bomb);
        Ok(())
    });
    assert_panicked(&job, "refused");
}

#[test]
fn a_panic_in_the_drop_of_a_value_that_no_caller_takes_harms_nothing() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    log();
    let (leash, job) = held(&reactor, Ok::<_, Error>(PanicOnDrop("<unwanted>")));
    job.detach();
    leash.release();
    settle(&reactor);
    assert_alive(&reactor);
    reactor.shutdown(LONG).unwrap();
    // The panic hook has told of it; it is not a failure of the job.
    assert_eq!(log().with("<unwanted>"), []);
}

/// Panics when it is dropped, with itself as the payload, `0` more times.
struct Matryoshka(u32);

impl Drop for Matryoshka {
    fn drop(&mut self) {
        if self.0 > 0 {
            panic_any(Self(self.0 - 1));
        }
    }
}

#[test]
fn a_payload_that_panics_in_its_drop_harms_nothing_where_it_is_seen() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for depth in [1, 3] {
        let job: EventualResult<()> =
            reactor.run_in_reactor(move || async move { panic_any(Matryoshka(depth)) });
        assert!(job.wait(LONG).unwrap_err().is_panic());
        drop(job);
        assert_alive(&reactor);
    }
}

#[test]
fn a_payload_that_panics_in_its_drop_harms_nothing_where_no_caller_sees_it() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for depth in [1, 3] {
        let (leash, panicked) = held(&reactor, Ok::<_, Error>(()));
        let outer = reactor.run_in_reactor(move || async move {
            let _ = panicked.await;
            panic_any(Matryoshka(depth));
            #[expect(unreachable_code, reason = "says what the job would return")]
            Ok::<(), Error>(())
        });
        outer.detach();
        leash.release();
        settle(&reactor);
        assert_alive(&reactor);
    }
}

#[test]
fn a_payload_that_panics_in_its_drop_harms_nothing_where_a_value_is_dropped() {
    struct Value(u32);
    impl Drop for Value {
        fn drop(&mut self) {
            panic_any(Matryoshka(self.0));
        }
    }

    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for depth in [1, 3] {
        let (leash, job) = held(&reactor, Ok::<_, Error>(Value(depth)));
        job.detach();
        leash.release();
        settle(&reactor);
        assert_alive(&reactor);
    }
}

#[test]
fn of_two_panics_the_first_is_the_outcome() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for polls in [1, 2] {
        // Each poll leaves the future whole, to panic once more when it is dropped.
        let (bomb, mut left) = (PanicOnDrop("second"), polls);
        let job: EventualResult<()> = reactor.run_in_reactor(move || {
            poll_fn(move |cx| {
                let _in_the_future = &bomb;
                left -= 1;
                assert!(left > 0, "first");
                cx.waker().wake_by_ref();
                Poll::Pending
            })
        });
        assert_panicked(&job, "first");
        assert_alive(&reactor);
    }
}

#[test]
fn a_result_that_is_lost_to_a_panic_in_the_drop_of_its_future_is_dropped() {
    let _limit = limit(LONG);
    let (reactor, drops) = (Reactor::new().unwrap(), Probe::new());
    let (bomb, mut witness) = (PanicOnDrop("in the drop"), Some(drops.witness()));
    let job = reactor.run_in_reactor(move || {
        poll_fn(move |_| {
            let _in_the_future = &bomb;
            Poll::Ready(Ok::<_, Error>(witness.take()))
        })
    });
    assert_panicked(&job, "in the drop");
    assert_eq!(drops.count(), 1);
}
