//! A value that stays on the reactor thread, and is used from others.
//!
//! | | works | job's error | panic | late | stopped | reactor thread | forked |
//! |---|---|---|---|---|---|---|---|
//! | `new`, `on` | made there | returned | goes on | gone | refused | refused | refused |
//! | `with` | in turn | returned | goes on; the value stays | dropped at its `await`, or never called | refused | refused | refused |
//! | drop | dropped there | – | logged | – | dropped by the stop | dropped there | the parent's |

mod support;

#[cfg(unix)]
#[path = "support/fork.rs"]
mod fork;

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::panic::{AssertUnwindSafe, UnwindSafe, catch_unwind};
use std::rc::Rc;
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};
use std::{io, process};

use crochet::{Error, InReactor, JobState, Reactor};
use futures_lite::future::yield_now;

use support::witness::{Drops, PanicOnDrop, Witness, settle, thread_of};
use support::{Gate, LONG, hog, in_child, limit, log, until};

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

fn here() -> ThreadId {
    thread::current().id()
}

/// A value with a witness, on this reactor.
fn witnessed(reactor: &Reactor, drops: &Drops) -> InReactor<(Rc<()>, Witness)> {
    let witness = drops.witness();
    InReactor::on(reactor, LONG, move || async move { Ok::<_, Error>((Rc::new(()), witness)) })
        .unwrap()
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
    let drops = Drops::new();
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
fn calls_of_many_threads_take_turns_across_their_awaits() {
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
    let drops = Drops::new();
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
fn a_call_that_is_late_before_its_turn_is_never_called_and_the_next_one_is() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let wool = wool(&reactor);
    let (begun, (end, ended)) = (Gate::new(), async_channel::bounded::<()>(1));
    let drops = Drops::new();
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
            panic!("it is not its turn")
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
fn a_panic_goes_on_in_its_caller_and_nowhere_else() {
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
fn what_is_made_too_late_is_dropped_on_the_reactor_thread() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let there = thread_of(&reactor);
    let drops = Drops::new();
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
    let drops = Drops::new();
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
    let drops = Drops::new();
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
    let drops = Drops::new();
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
                    value
                        .with(Duration::MAX, async |_| -> Result<(), Error> { panic!("its turn?") })
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
    let wool = wool(&reactor);
    let drops = Drops::new();
    let witness = drops.witness();
    let job = reactor.run_in_reactor(move || async move {
        let _witness = witness;
        pending::<Result<(), Error>>().await
    });
    drop(reactor);
    let used_on = wool.with(LONG, async |_| Ok::<_, Error>(here())).unwrap();
    assert_eq!(used_on, there);
    drop(wool);
    assert!(job.wait(LONG).unwrap_err().is_reactor_stopped());
    assert_eq!(drops.threads(), [there]);
}

#[test]
fn on_the_reactor_thread_calls_are_refused_at_once() {
    let _limit = limit(LONG);
    let (reactor, other) = (Reactor::new().unwrap(), Reactor::new().unwrap());
    let wool = wool(&reactor);
    let refused = reactor.wait_for(LONG, async {
        let used = wool.with(Duration::MAX, async |_| -> Result<(), Error> { panic!("called") });
        assert!(matches!(used, Err(Error::OnReactorThread)), "{used:?}");
        let made = InReactor::on(&reactor, Duration::MAX, || async { Ok::<_, Error>(()) });
        assert!(matches!(made, Err(Error::OnReactorThread)), "{made:?}");
        Ok::<_, Error>(())
    });
    refused.unwrap();
    // Its own turn would never come to an end, either.
    let shared = std::sync::Arc::new(wool);
    let within = std::sync::Arc::clone(&shared);
    let nested = shared.with(LONG, async move |_| {
        within.with(Duration::MAX, async |_| -> Result<(), Error> { panic!("called") })
    });
    assert!(matches!(nested, Err(Error::OnReactorThread)), "{nested:?}");
    // Another reactor's thread may wait.
    let length = other.wait_for(LONG, async { Ok::<_, Error>(length(&shared)) });
    assert_eq!(length.unwrap(), 0);
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

#[test]
fn without_a_reactor_of_its_own_it_is_on_the_global_one_and_stays_stopped_with_it() {
    in_child(
        "without_a_reactor_of_its_own_it_is_on_the_global_one_and_stays_stopped_with_it",
        || {
            let _limit = limit(LONG);
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
        },
    );
}

#[test]
fn it_works_on_the_applications_own_executor() {
    in_child("it_works_on_the_applications_own_executor", || {
        let _limit = limit(LONG);
        let driver = crochet::no_setup().unwrap();
        let drops = Drops::new();
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
    });
}

#[cfg(unix)]
#[test]
fn in_a_forked_child_it_is_refused_and_the_parent_goes_on() {
    in_child("in_a_forked_child_it_is_refused_and_the_parent_goes_on", || {
        let _limit = limit(LONG);
        let drops = Drops::new();
        let witness = drops.witness();
        let make = move || async move { Ok::<_, Error>((Rc::new(5), witness)) };
        let value = InReactor::new(LONG, make).unwrap();
        let reactor = Reactor::global().unwrap();
        let parent = process::id();
        let mut value = Some(value);
        fork::in_fork(AssertUnwindSafe(|| {
            let value = value.take().unwrap();
            fork::refused(parent, || value.with(LONG, async |_| Ok::<_, Error>(())));
            let make = || async { Ok::<_, Error>(()) };
            fork::refused(parent, || InReactor::new(LONG, make));
            fork::refused(parent, || InReactor::on(&reactor, LONG, make));
            fork::at_once(|| drop(value));
        }));
        let value = value.take().unwrap();
        assert_eq!(value.with(LONG, async |value| Ok::<_, Error>(*value.0)).unwrap(), 5);
        assert_eq!(drops.count(), 0);
    });
}

/// The thread that forks is the one that has the value. When the child ends, so do the thread-locals there.
#[cfg(unix)]
#[test]
fn a_fork_inside_of_a_call_leaves_the_value_to_the_parent() {
    struct ParentsOnly(u32);
    impl Drop for ParentsOnly {
        fn drop(&mut self) {
            if process::id() != self.0 {
                eprintln!("the child has dropped it");
                process::abort();
            }
        }
    }

    in_child("a_fork_inside_of_a_call_leaves_the_value_to_the_parent", || {
        let _limit = limit(LONG);
        let parent = process::id();
        let make = move || async move { Ok::<_, Error>(ParentsOnly(parent)) };
        let value = InReactor::new(LONG, make).unwrap();
        let forks = async |_: &mut ParentsOnly| {
            fork::in_fork_ending(fork::End::Normally, || ());
            Ok::<_, Error>(())
        };
        value.with(LONG, forks).unwrap();
        assert_eq!(value.with(LONG, async |value| Ok::<_, Error>(value.0)).unwrap(), parent);
    });
}
