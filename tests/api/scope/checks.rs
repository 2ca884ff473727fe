//! When `interruptible` asks its check, and what the check may do.
//!
//! | a call that | asks |
//! |---|---|
//! | need not sleep | never |
//! | sleeps | on its own thread, each time that the period has passed since the last check or the start of the scope |
//! | sleeps, with the period `ZERO` | all the time |
//! | sleeps, with the period `MAX` | never |
//! | ends at once, because a deadline around it has passed | if the check is due |

use std::cell::{Cell, RefCell};
use std::io::Read;
use std::thread;
use std::time::{Duration, Instant};

use async_io::Timer;
use crochet::io::Blocking;
use crochet::{Error, Iter, Reactor, interruptible, wait_all, wait_any, within};
use futures_lite::stream;

use super::calls::{CALLS, Call, Ended, When};
use crate::support::{self, Gate, LONG, Probe, endless, held, here, limit, settle, until};

const TICK: Duration = Duration::from_millis(20);

fn sleep_for(reactor: &Reactor, time: Duration) -> Result<(), Error> {
    reactor.wait_for(LONG, async move {
        Timer::after(time).await;
        Ok(())
    })
}

#[test]
fn a_call_that_need_not_sleep_asks_nothing() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let job = reactor.run_in_reactor(|| async { Ok::<_, Error>(1) });
    let other = reactor.run_in_reactor(|| async { Ok::<_, Error>(2) });
    let mut ahead = Iter::on(&reactor, stream::iter([3, 4])).read_ahead(2);
    wait_all(&[&job, &other], LONG).unwrap();
    settle(&reactor);
    let mut bytes = Blocking::on(&reactor, &b"knit"[..]);
    let check = || -> Result<(), ()> { panic!("asked") };
    interruptible(Duration::ZERO, check, || {
        job.wait(LONG).unwrap();
        wait_all(&[&job, &other], LONG).unwrap();
        wait_any(&[&job, &other], LONG).unwrap();
        assert_eq!(other.into_result(LONG).unwrap(), 2);
        bytes.read_exact(&mut [0; 4]).unwrap();
        assert_eq!(ahead.next().unwrap().unwrap(), 3);
    })
    .unwrap();
}

#[test]
fn the_check_is_asked_on_the_same_thread_again_and_again() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let start = Instant::now();
    let asked = RefCell::new(Vec::new());
    let check = || {
        asked.borrow_mut().push((start.elapsed(), here()));
        Ok::<_, ()>(())
    };
    interruptible(TICK, check, || sleep_for(&reactor, 10 * TICK)).unwrap().unwrap();
    let asked = asked.into_inner();
    assert!((2..=10).contains(&asked.len()), "{asked:?}");
    for (n, (at, thread)) in (1..).zip(asked) {
        assert!(at >= n * TICK, "check {n} came after {at:?}");
        assert_eq!(thread, here());
    }
}

#[test]
fn the_period_goes_on_from_call_to_call() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let calls = Cell::new(0);
    let stopped = interruptible(
        TICK,
        || Err("stop"),
        || {
            while !matches!(sleep_for(&reactor, TICK / 5), Err(Error::Interrupted)) {
                calls.set(calls.get() + 1);
            }
        },
    );
    assert_eq!(stopped, Err("stop"));
    assert!(calls.get() > 0);
}

#[test]
fn with_a_zero_period_it_is_asked_all_the_time() {
    let _limit = limit(LONG);
    for &call in CALLS {
        let asked = Cell::new(0);
        let check = || {
            asked.set(asked.get() + 1);
            Ok::<_, ()>(())
        };
        let mut site = call.on(When::Soon, LONG);
        assert_eq!(interruptible(Duration::ZERO, check, || site.make()), Ok(Ended::Done));
        assert!(asked.get() > 3, "{call:?} asked {} times", asked.get());
    }
}

#[test]
fn with_the_longest_period_it_is_never_asked() {
    let _limit = limit(LONG);
    for &call in CALLS {
        let mut site = call.on(When::Soon, LONG);
        let check = || -> Result<(), ()> { panic!("asked") };
        assert_eq!(interruptible(Duration::MAX, check, || site.make()), Ok(Ended::Done));
    }
}

/// The check's period does not make a result late.
#[test]
fn a_result_wakes_the_thread_between_two_checks() {
    let _limit = limit(LONG);
    for &call in CALLS {
        support::within(Duration::from_secs(2), || {
            let mut site = call.on(When::Soon, LONG);
            let check = || -> Result<(), ()> { panic!("asked") };
            let ended = interruptible(LONG, check, || site.make());
            assert_eq!(ended, Ok(Ended::Done), "{call:?}");
        });
    }
}

/// Otherwise a deadline that has passed would make a loop of attempts deaf.
#[test]
fn attempts_after_a_deadline_can_be_interrupted() {
    let _limit = limit(LONG);
    for &call in CALLS {
        let mut site = call.on(When::Never, LONG);
        let stopped = interruptible(
            TICK,
            || Err("stop"),
            || {
                within(Duration::ZERO, || while site.make() != Ended::Interrupted {});
            },
        );
        assert_eq!(stopped, Err("stop"), "{call:?}");
    }
}

#[test]
fn a_result_that_comes_with_the_failure_is_returned() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    // Of a job.
    let (leash, job) = held(&reactor, Ok::<_, Error>(7));
    let mut leash = Some(leash);
    let check = || {
        leash.take().unwrap().release();
        until(|| job.is_finished());
        Err("stop")
    };
    let stopped = interruptible(TICK, check, || assert_eq!(*job.wait(LONG).unwrap(), 7));
    assert_eq!(stopped, Err("stop"));
    // Of a call.
    let (probe, go) = (Probe::new(), async_channel::bounded::<()>(1));
    let check = || {
        go.0.try_send(()).unwrap();
        until(|| probe.count() == 1);
        Err("stop")
    };
    let stopped = interruptible(TICK, check, || {
        let future = probe.of(async { Ok::<_, Error>(go.1.recv().await) });
        assert!(reactor.wait_for(LONG, future).is_ok());
    });
    assert_eq!(stopped, Err("stop"));
}

#[test]
fn the_failure_is_returned_and_the_result_of_the_closure_dropped() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let probe = Probe::new();
    let stopped = interruptible(
        TICK,
        || Err("stop"),
        || {
            sleep_for(&reactor, LONG).unwrap_err();
            probe.witness()
        },
    );
    assert_eq!(stopped.unwrap_err(), "stop");
    assert_eq!(probe.count(), 1);
}

#[test]
fn a_check_that_has_failed_is_not_asked_again() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let asked = Cell::new(0);
    let check = || {
        asked.set(asked.get() + 1);
        Err("stop")
    };
    let stopped = interruptible(Duration::ZERO, check, || {
        for _ in 0..3 {
            assert!(sleep_for(&reactor, LONG).unwrap_err().is_interrupted());
        }
    });
    assert_eq!((stopped, asked.get()), (Err("stop"), 1));
}

#[test]
fn a_check_may_use_the_crate_under_the_outer_scopes_only() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let never = endless(&reactor, ());
    let texts = RefCell::new(Vec::new());
    let asked = Cell::new(0);
    let check = || {
        // Its own scope does not ask it in here, or end its calls.
        for _ in 0..2 {
            sleep_for(&reactor, 2 * TICK).unwrap();
        }
        // Scopes of its own are as any others.
        let late = within(Duration::from_millis(1), || never.wait(LONG).unwrap_err().to_string());
        texts.borrow_mut().push(late);
        asked.set(asked.get() + 1);
        if asked.get() == 2 { Err("stop") } else { Ok(()) }
    };
    let stopped = within(LONG, || {
        interruptible(TICK, check, || {
            // Not a limit of the check's.
            within(LONG / 2, || assert!(sleep_for(&reactor, LONG).unwrap_err().is_interrupted()));
        })
    });
    assert_eq!(stopped, Err("stop"));
    assert!(texts.into_inner().iter().all(|text| text.contains("at the deadline of 1ms")));

    // The outer deadline holds for the check, the inner one does not.
    let text = RefCell::new(String::new());
    let check = || {
        thread::sleep(4 * TICK);
        *text.borrow_mut() = never.wait(LONG).unwrap_err().to_string();
        Err("stop")
    };
    let stopped = within(4 * TICK, || {
        interruptible(TICK, check, || {
            within(2 * TICK, || never.wait(LONG).unwrap_err().to_string())
        })
    });
    assert_eq!(stopped, Err("stop"));
    assert!(text.into_inner().contains("at the deadline of 80ms"));
}

/// While the inner check runs, the outer one is still asked.
#[test]
fn a_check_can_be_interrupted_by_the_outer_one() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (mut call, inner_asked) = (Call::Wait.on(When::Never, Duration::MAX), Gate::new());
    let outer = || if inner_asked.is_open() { Err("outer") } else { Ok(()) };
    let inner = || {
        inner_asked.open();
        sleep_for(&reactor, LONG).map_err(|error| error.to_string())
    };
    let stopped = interruptible(TICK, outer, || {
        let stopped = interruptible(TICK, inner, || assert_eq!(call.make(), Ended::Interrupted));
        assert_eq!(stopped.unwrap_err(), "the wait was interrupted");
    });
    assert_eq!(stopped, Err("outer"));
}

#[test]
fn no_item_is_lost_to_an_interruption() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (sender, items) = async_channel::bounded(16);
    let mut items = Iter::on(&reactor, Box::pin(items));
    let stopped = interruptible(
        TICK,
        || Err("stop"),
        || {
            assert!(items.next().unwrap().unwrap_err().is_interrupted());
            sender.try_send(7).unwrap();
            assert!(items.next().unwrap().unwrap_err().is_interrupted());
        },
    );
    assert_eq!(stopped, Err("stop"));
    assert_eq!(items.next().unwrap().unwrap(), 7);
    drop(sender);
    assert!(items.next().is_none());
}
