//! The end of a value that stays on the reactor thread, and calls that are refused.
//!
//! | | made late | its handle dropped | the reactor stopped | reactor thread | forked |
//! |---|---|---|---|---|---|
//! | the value | dropped there | dropped there | dropped there | – | the parent's |
//! | `new`, `on` | late | – | refused | refused | refused |
//! | `with` | – | late ones are never called | ended; then refused | refused | refused |

use std::future::pending;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::{self};
use std::time::Duration;

use crochet::{Error, InReactor, Reactor};

use crate::support::{
    Gate, LONG, PanicOnDrop, Probe, Witness, here, hog, limit, log, never, own_process, settle,
    thread_of, until,
};

const SHORT: Duration = Duration::from_millis(50);

/// A value with a witness, on this reactor.
fn witnessed(reactor: &Reactor, drops: &Probe) -> InReactor<(Rc<()>, Witness)> {
    let witness = drops.witness();
    InReactor::on(reactor, LONG, move || async move { Ok::<_, Error>((Rc::new(()), witness)) })
        .unwrap()
}

#[test]
fn what_is_made_too_late_is_dropped_on_the_reactor_thread() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let there = thread_of(&reactor);
    let drops = Probe::new();
    // While it is being made:
    let witness = drops.witness();
    let late: io::Result<InReactor<Witness>> = InReactor::on(&reactor, SHORT, move || async move {
        pending::<()>().await;
        Ok(witness)
    });
    assert_eq!(late.unwrap_err().kind(), io::ErrorKind::TimedOut);
    settle(&reactor);
    assert_eq!(drops.threads(), [there]);
    // When it was just made, in the very poll during which the time was over:
    let (witness, ends) = (drops.witness(), Gate::new());
    let end = ends.clone();
    let late: io::Result<InReactor<Witness>> = InReactor::on(&reactor, SHORT, move || async move {
        ends.pass();
        Ok(witness)
    });
    assert_eq!(late.unwrap_err().kind(), io::ErrorKind::TimedOut);
    end.open();
    settle(&reactor);
    assert_eq!(drops.threads(), [there, there]);
}

#[test]
fn dropping_it_does_not_wait_and_calls_that_were_late_are_never_called() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let there = thread_of(&reactor);
    let drops = Probe::new();
    let value = witnessed(&reactor, &drops);
    let hog = hog(&reactor);
    for _ in 0..3 {
        let late = value.with(SHORT, async |_| -> Result<(), Error> { panic!("it is late") });
        assert!(late.unwrap_err().is_timeout());
    }
    drop(value);
    assert_eq!(drops.count(), 0);
    hog.release();
    settle(&reactor);
    assert_eq!(drops.threads(), [there]);
}

#[test]
fn it_may_be_dropped_on_the_reactor_thread_and_within_another_value() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let there = thread_of(&reactor);
    let drops = Probe::new();
    let value = witnessed(&reactor, &drops);
    let outer =
        InReactor::on(&reactor, LONG, move || async move { Ok::<_, Error>((Rc::new(()), value)) });
    drop(outer.unwrap());
    until(|| drops.count() > 0);
    assert_eq!(drops.threads(), [there]);
    let value = witnessed(&reactor, &drops);
    let drop_it = async move {
        drop(value);
        Ok::<_, Error>(())
    };
    reactor.wait_for(LONG, drop_it).unwrap();
    settle(&reactor);
    assert_eq!(drops.threads(), [there, there]);
}

#[test]
fn a_panic_in_the_values_drop_is_logged() {
    let _limit = limit(LONG);
    let log = log();
    let reactor = Reactor::new().unwrap();
    let make = || async { Ok::<_, Error>(PanicOnDrop("a stitch was dropped")) };
    let value = InReactor::on(&reactor, LONG, make).unwrap();
    drop(value);
    settle(&reactor);
    let records = log.with("a stitch was dropped");
    assert_eq!(records.len(), 1, "{records:?}");
    assert_eq!(records[0].level, log::Level::Error);
}

#[test]
fn a_shutdown_ends_its_calls_and_drops_the_value_there() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let there = thread_of(&reactor);
    let drops = Probe::new();
    let value = witnessed(&reactor, &drops);
    let begun = Gate::new();
    thread::scope(|scope| {
        let begins = begun.clone();
        let calls = [
            scope.spawn(|| {
                value.with(Duration::MAX, async move |_| {
                    begins.open();
                    pending::<Result<(), Error>>().await
                })
            }),
            {
                begun.pass();
                scope.spawn(|| {
                    value.with(Duration::MAX, async |_| -> Result<(), Error> {
                        panic!("another call has the lock")
                    })
                })
            },
        ];
        reactor.shutdown(LONG).unwrap();
        for call in calls {
            assert!(call.join().unwrap().unwrap_err().is_reactor_stopped());
        }
    });
    assert_eq!(drops.threads(), [there]);
    let late = value.with(LONG, async |_| Ok::<_, Error>(()));
    assert!(late.unwrap_err().is_reactor_stopped());
    let made: Result<InReactor<()>, Error> = InReactor::on(&reactor, LONG, || async { Ok(()) });
    assert!(made.unwrap_err().is_reactor_stopped());
}

#[test]
fn it_keeps_its_reactor_and_lets_go_of_it() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let there = thread_of(&reactor);
    let value = InReactor::on(&reactor, LONG, || async { Ok::<_, Error>(Rc::new(())) }).unwrap();
    let drops = Probe::new();
    let job = reactor.run_in_reactor(never(drops.witness()));
    drop(reactor);
    let used_on = value.with(LONG, async |_| Ok::<_, Error>(here())).unwrap();
    assert_eq!(used_on, there);
    drop(value);
    assert!(job.wait(LONG).unwrap_err().is_reactor_stopped());
    assert_eq!(drops.threads(), [there]);
}

#[test]
fn on_the_reactor_thread_calls_are_refused_at_once() {
    let _limit = limit(LONG);
    let (reactor, other) = (Reactor::new().unwrap(), Reactor::new().unwrap());
    let value = Arc::new(witnessed(&reactor, &Probe::new()));
    let refused = reactor.wait_for(LONG, async {
        let used = value.with(Duration::MAX, async |_| -> Result<(), Error> { panic!("called") });
        assert!(matches!(used, Err(Error::OnReactorThread)), "{used:?}");
        let made = InReactor::on(&reactor, Duration::MAX, || async { Ok::<_, Error>(()) });
        assert!(matches!(made, Err(Error::OnReactorThread)), "{made:?}");
        Ok::<_, Error>(())
    });
    refused.unwrap();
    // A call inside a call would wait for the lock that the outer one holds.
    let within = Arc::clone(&value);
    let nested = value.with(LONG, async move |_| {
        within.with(Duration::MAX, async |_| -> Result<(), Error> { panic!("called") })
    });
    assert!(matches!(nested, Err(Error::OnReactorThread)), "{nested:?}");
    // Another reactor's thread may wait.
    let used_on =
        other.wait_for(LONG, async { value.with(LONG, async |_| Ok::<_, Error>(here())) });
    assert_eq!(used_on.unwrap(), thread_of(&reactor));
    settle(&reactor);
}

#[test]
fn without_a_reactor_of_its_own_it_is_on_the_global_one_and_stays_stopped_with_it() {
    own_process!();
    let value = InReactor::new(LONG, || async { Ok::<_, Error>(Rc::new(here())) }).unwrap();
    let there = crochet::wait_for(LONG, async { Ok::<_, Error>(here()) }).unwrap();
    assert_eq!(value.with(LONG, async |value| Ok::<_, Error>(**value)).unwrap(), there);
    crochet::shutdown(LONG).unwrap();
    crochet::setup().unwrap();
    let stopped = value.with(LONG, async |_| Ok::<_, Error>(()));
    assert!(stopped.unwrap_err().is_reactor_stopped());
    drop(value);
    let fresh = InReactor::new(LONG, || async { Ok::<_, Error>(Rc::new(5)) }).unwrap();
    assert_eq!(fresh.with(LONG, async |value| Ok::<_, Error>(**value)).unwrap(), 5);
}

#[test]
fn it_works_on_the_applications_own_executor() {
    own_process!();
    let driver = crochet::no_setup().unwrap();
    let drops = Probe::new();
    let witness = drops.witness();
    let user = thread::spawn(move || {
        let make = || async move { Ok::<_, Error>((Rc::new(here()), witness)) };
        let value = InReactor::new(LONG, make).unwrap();
        let there = value.with(LONG, async |value| Ok::<_, Error>(*value.0)).unwrap();
        (value, there)
    });
    let joined = async_io::block_on(driver.run(crochet::unblock(|| user.join().unwrap())));
    let (value, there) = joined.unwrap();
    assert_eq!(there, here());
    assert_eq!(drops.threads(), [here()]);
    let stopped = value.with(LONG, async |_| Ok::<_, Error>(()));
    assert!(stopped.unwrap_err().is_reactor_stopped());
}
