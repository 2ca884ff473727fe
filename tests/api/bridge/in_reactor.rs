//! A value that stays on the reactor thread, and is used from others. Its end is in
//! `in_reactor_end.rs`.
//!
//! | | works | job's error | panic | late |
//! |---|---|---|---|---|
//! | `on` | made there | returned | raised again | gone |
//! | `with` | one at a time | returned | raised again; the value stays | dropped at its `await`, or never called |

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::io;
use std::panic::{UnwindSafe, catch_unwind};
use std::rc::Rc;
use std::thread::{self};
use std::time::{Duration, Instant};

use crochet::{Error, InReactor, JobState, Reactor};
use futures_lite::future::yield_now;

use crate::support::{Gate, LONG, Probe, here, hog, limit, settle, thread_of};

const SHORT: Duration = Duration::from_millis(50);

/// Two owners of one number: it is not `Send`, and tells when it is used by two at once.
type Wool = (Rc<Cell<usize>>, Rc<Cell<usize>>);

fn wool(reactor: &Reactor) -> InReactor<Wool> {
    let make = || async {
        let length = Rc::new(Cell::new(0));
        Ok::<_, Error>((Rc::clone(&length), length))
    };
    InReactor::on(reactor, LONG, make).unwrap()
}

fn length(wool: &InReactor<Wool>) -> usize {
    wool.with(LONG, async |wool| Ok::<_, Error>(wool.1.get())).unwrap()
}

#[test]
fn it_can_be_used_by_all_threads_whatever_is_in_it() {
    fn usable<T: Send + Sync + UnwindSafe + 'static>() {}
    usable::<InReactor<Rc<RefCell<*const u8>>>>();
}

#[test]
fn the_value_is_made_used_and_dropped_on_the_reactor_thread() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let there = thread_of(&reactor);
    let drops = Probe::new();
    let witness = drops.witness();
    let make = move || {
        let called_on = here();
        async move {
            yield_now().await;
            Ok::<_, Error>((Rc::new((called_on, here())), witness))
        }
    };
    let value = InReactor::on(&reactor, LONG, make).unwrap();
    let made_on = value.with(LONG, async |(made_on, _)| Ok::<_, Error>(**made_on)).unwrap();
    assert_eq!(made_on, (there, there));
    let used_on = value.with(Duration::MAX, async |_| Ok::<_, Error>(here())).unwrap();
    assert_eq!(used_on, there);
    assert_eq!(drops.count(), 0);
    drop(value);
    settle(&reactor);
    assert_eq!(drops.threads(), [there]);
}

#[test]
fn one_call_at_a_time_has_the_value_across_its_awaits() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let wool = wool(&reactor);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..100 {
                    let knit = async |(one, other): &mut Wool| {
                        let length = one.get();
                        yield_now().await;
                        other.set(length + 1);
                        Ok::<_, Error>(())
                    };
                    wool.with(LONG, knit).unwrap();
                }
            });
        }
    });
    assert_eq!(length(&wool), 800);
}

#[test]
fn other_jobs_and_other_values_do_not_wait_for_a_call() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (one, other) = (wool(&reactor), wool(&reactor));
    let (begun, (end, ended)) = (Gate::new(), async_channel::bounded::<()>(1));
    thread::scope(|scope| {
        let begins = begun.clone();
        let call = scope.spawn(|| {
            one.with(LONG, async move |wool| {
                begins.open();
                let _ = ended.recv().await;
                wool.0.set(1);
                Ok::<_, Error>(())
            })
        });
        begun.pass();
        other.with(LONG, async |wool| Ok::<_, Error>(wool.0.replace(2))).unwrap();
        settle(&reactor);
        drop(end);
        call.join().unwrap().unwrap();
    });
    assert_eq!((length(&one), length(&other)), (1, 2));
}

#[test]
fn an_error_is_the_calls_own() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let wool = wool(&reactor);
    let error =
        wool.with(LONG, async |_| Err::<(), _>(io::Error::other("no needles"))).unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (io::ErrorKind::Other, "no needles"));
    assert_eq!(length(&wool), 0);
}

#[test]
fn a_late_call_is_dropped_at_its_await_on_the_reactor_thread_and_the_value_stays() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let wool = wool(&reactor);
    let drops = Probe::new();
    let witness = drops.witness();
    let start = Instant::now();
    // Long enough for it to begin.
    let timeout = Duration::from_secs(1);
    let late = wool.with(timeout, async move |wool| {
        let _witness = witness;
        wool.0.set(3);
        pending::<()>().await;
        wool.0.set(4);
        Ok::<_, Error>(())
    });
    assert!(start.elapsed() >= timeout);
    let Err(Error::TimedOut(why)) = late else { panic!("{late:?}") };
    assert_eq!(why.job(), JobState::Waiting);
    assert_eq!(length(&wool), 3);
    assert_eq!(drops.threads(), [thread_of(&reactor)]);
}

#[test]
fn a_call_that_is_late_before_it_has_the_lock_is_never_called_and_the_next_one_is() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let wool = wool(&reactor);
    let (begun, (end, ended)) = (Gate::new(), async_channel::bounded::<()>(1));
    let drops = Probe::new();
    thread::scope(|scope| {
        let begins = begun.clone();
        let call = scope.spawn(|| {
            wool.with(LONG, async move |wool| {
                begins.open();
                let _ = ended.recv().await;
                wool.0.set(1);
                Ok::<_, Error>(())
            })
        });
        begun.pass();
        let witness = drops.witness();
        let late = wool.with(SHORT, async move |_| -> io::Result<()> {
            drop(witness);
            panic!("another call has the lock")
        });
        assert_eq!(late.unwrap_err().kind(), io::ErrorKind::TimedOut);
        let next = scope.spawn(|| wool.with(LONG, async |wool| Ok::<_, Error>(wool.0.replace(2))));
        settle(&reactor);
        assert_eq!(drops.threads(), [thread_of(&reactor)]);
        drop(end);
        call.join().unwrap().unwrap();
        assert_eq!(next.join().unwrap().unwrap(), 1);
    });
}

#[test]
fn a_timeout_names_the_call_that_holds_the_thread() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let wool = wool(&reactor);
    let (begun, end) = (Gate::new(), Gate::new());
    thread::scope(|scope| {
        let (begins, ends) = (begun.clone(), end.clone());
        let (wool, line) = (&wool, line!() + 2);
        let call = scope.spawn(move || {
            wool.with(LONG, async move |_| {
                begins.open();
                ends.pass();
                Ok::<_, Error>(())
            })
        });
        begun.pass();
        let late = wool.with(SHORT, async |_| -> Result<(), Error> { panic!("it is late") });
        let Err(Error::TimedOut(why)) = late else { panic!("{late:?}") };
        assert_eq!(why.job(), JobState::Queued);
        let by = why.blocked_by().unwrap().location();
        assert_eq!((by.file(), by.line()), (file!(), line));
        end.open();
        call.join().unwrap().unwrap();
    });
    assert_eq!(length(&wool), 0);
}

#[test]
fn a_panic_is_raised_again_in_its_caller_only() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let wool = wool(&reactor);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..25 {
                    wool.with(LONG, async |wool| {
                        let length = wool.0.get();
                        yield_now().await;
                        wool.1.set(length + 1);
                        Ok::<_, Error>(())
                    })
                    .unwrap();
                }
            });
        }
        for n in 0..10 {
            let call = async move |wool: &mut Wool| -> Result<(), Error> {
                wool.0.set(wool.0.get() + 1);
                yield_now().await;
                std::panic::panic_any(n)
            };
            let panic = catch_unwind(|| wool.with(LONG, call)).unwrap_err();
            assert_eq!(panic.downcast_ref(), Some(&n));
        }
    });
    assert_eq!(length(&wool), 4 * 25 + 10);
}

#[test]
fn what_makes_the_value_may_fail() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    type Made = io::Result<InReactor<Rc<()>>>;
    let make = || async { Err(io::Error::other("no wool")) };
    let failed: Made = InReactor::on(&reactor, LONG, make);
    assert_eq!(failed.unwrap_err().to_string(), "no wool");
    let panic = catch_unwind(|| -> Made {
        InReactor::on(&reactor, LONG, || async { std::panic::panic_any("moths") })
    });
    assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"moths"));
    let hog = hog(&reactor);
    let late: Made = InReactor::on(&reactor, Duration::ZERO, || async { panic!("it is late") });
    assert_eq!(late.unwrap_err().kind(), io::ErrorKind::TimedOut);
    hog.release();
    settle(&reactor);
}

#[test]
fn many_values_are_told_apart() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let make = |n: usize| move || async move { Ok::<_, Error>(Rc::new(n)) };
    let values: Vec<_> =
        (0..200).map(|n| InReactor::on(&reactor, LONG, make(n)).unwrap()).collect();
    for (n, value) in values.iter().enumerate().rev() {
        assert_eq!(value.with(LONG, async |value| Ok::<_, Error>(**value)).unwrap(), n);
    }
}
