//! What scopes leave alone, and what they leave behind.
//!
//! | | test |
//! |---|---|
//! | a scope that has returned, or unwound | `nothing_stays_behind` |
//! | the shortest and the longest deadline | `a_zero_deadline_..`, `the_longest_deadline_..` |
//! | the drop of an iterator | `an_iterator_is_dropped_on_the_reactor_thread_..`, `.._asks_nothing_..` |
//! | an iterator's end | `the_end_of_a_stream_is_no_timeout` |
//! | what a panic of the check leaves | `after_a_check_has_panicked_all_goes_on` |
//! | a shutdown that is interrupted | `a_shutdown_that_is_interrupted_goes_on_stopping` |
//! | on a reactor thread | `on_a_reactor_thread_scopes_are_nothing_special` |
//! | in a forked child | `in_a_forked_child_calls_are_refused_as_ever` |
//! | in a destructor of a thread-local | `scopes_work_in_destructors_of_thread_locals` |

use std::cell::RefCell;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
#[cfg(unix)]
use std::process;
use std::thread;
use std::time::Duration;

use crochet::{Error, Iter, Reactor, interruptible, within};
use futures_lite::stream;

use super::calls::{CALLS, Call, Ended, When};
use crate::support::{LONG, Probe, endless, hog, limit, settle, thread_of};
#[cfg(unix)]
use crate::support::{fork, own_process};

const TICK: Duration = Duration::from_millis(10);

/// Calls `f` where a check has failed.
fn interrupted<R>(f: impl FnOnce() -> R) -> R {
    let mut result = None;
    let stopped = interruptible(
        TICK,
        || Err("stop"),
        || {
            let mut never = Call::WaitFor.on(When::Never, Duration::MAX);
            assert_eq!(never.make(), Ended::Interrupted);
            result = Some(f());
        },
    );
    assert_eq!(stopped, Err("stop"));
    result.unwrap()
}

#[test]
fn nothing_stays_behind() {
    let _limit = limit(LONG);
    let done = || assert_eq!(Call::WaitFor.on(When::Soon, LONG).make(), Ended::Done);
    within(Duration::ZERO, || {});
    done();
    interrupted(|| {});
    done();
    let unwound = catch_unwind(|| within(Duration::ZERO, || resume_unwind(Box::new(1))));
    assert!(unwound.is_err());
    done();
    let unwound = catch_unwind(|| {
        let _ = interruptible(TICK, || Ok::<_, ()>(()), || -> () { resume_unwind(Box::new(1)) });
    });
    assert!(unwound.is_err());
    done();
}

#[test]
fn a_zero_deadline_leaves_what_is_there() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let job = reactor.run_in_reactor(|| async { Ok::<_, Error>(1) });
    settle(&reactor);
    let mut ahead = Iter::on(&reactor, stream::iter([2])).read_ahead(1);
    settle(&reactor);
    within(Duration::ZERO, || {
        assert_eq!(*job.wait(LONG).unwrap(), 1);
        assert_eq!(job.into_result(LONG).unwrap(), 1);
        assert_eq!(ahead.next().unwrap().unwrap(), 2);
        // A future that is ready at its one poll. A busy machine may give it none.
        let polled = || reactor.wait_for(LONG, async { Ok::<_, Error>(3) });
        let polled = std::iter::repeat_with(polled).find_map(Result::ok);
        assert_eq!(polled, Some(3));
    });
}

#[test]
fn the_longest_deadline_is_none() {
    let _limit = limit(LONG);
    for &call in CALLS {
        let ended = within(Duration::MAX, || call.on(When::Soon, Duration::MAX).make());
        assert_eq!(ended, Ended::Done, "{call:?}");
    }
}

/// Its clean-up has a time limit of its own, and so none of the scopes' is needed, or wanted.
#[test]
fn an_iterator_is_dropped_on_the_reactor_thread_whatever_the_scopes() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let begun = |probe: &Probe| {
        let items = Box::pin(stream::once_future(probe.pending::<(), Error>()));
        let mut items = Iter::on(&reactor, items).timeout(TICK);
        assert!(items.next().unwrap().unwrap_err().is_timeout());
        items
    };
    let probes = [Probe::new(), Probe::new()];
    let items = begun(&probes[0]);
    within(Duration::ZERO, || drop(items));
    let items = begun(&probes[1]);
    interrupted(|| drop(items));
    for probe in probes {
        assert_eq!(probe.threads(), [thread_of(&reactor)]);
    }
}

#[test]
fn the_drop_of_an_iterator_asks_nothing_and_is_bounded() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let probe = Probe::new();
    let mut items = Iter::on(&reactor, Box::pin(stream::once_future(probe.pending::<(), Error>())))
        .timeout(TICK);
    assert!(items.next().unwrap().unwrap_err().is_timeout());
    let hog = hog(&reactor);
    let check = || -> Result<(), ()> { panic!("asked") };
    interruptible(TICK, check, || drop(items)).unwrap();
    assert_eq!(probe.count(), 1);
    hog.release();
}

#[test]
fn the_end_of_a_stream_is_no_timeout() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for _ in 0..100 {
        let mut items = Iter::on(&reactor, stream::iter([1])).read_ahead(4);
        settle(&reactor);
        within(Duration::ZERO, || {
            assert_eq!(items.next().unwrap().unwrap(), 1);
            assert!(items.next().is_none());
        });
    }
}

#[test]
fn after_a_check_has_panicked_all_goes_on() {
    let _limit = limit(LONG);
    for call in [Call::Wait, Call::Read, Call::Next, Call::NextAhead] {
        let mut site = call.on(When::Soon, LONG);
        let mut asked = 0;
        let check = || {
            asked += 1;
            if asked == 1 {
                // As a panic, but without a hook that prints: what is read meanwhile would be lost
                // with the call.
                resume_unwind(Box::new("from the check"))
            }
            Ok::<_, ()>(())
        };
        let ended = interruptible(TICK, check, || {
            catch_unwind(AssertUnwindSafe(|| site.make())).unwrap_err();
            site.make()
        });
        assert_eq!(ended, Ok(Ended::Done), "{call:?}");
        assert!(asked > 0);
    }
}

#[test]
fn a_shutdown_that_is_interrupted_goes_on_stopping() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let job = endless(&reactor, ());
    let holder = hog(&reactor);
    interrupted(|| assert!(reactor.shutdown(LONG).unwrap_err().is_interrupted()));
    holder.release();
    assert!(job.wait(LONG).unwrap_err().is_reactor_stopped());
    reactor.shutdown(LONG).unwrap();
}

#[test]
fn on_a_reactor_thread_scopes_are_nothing_special() {
    let _limit = limit(LONG);
    let (reactor, other) = (Reactor::new().unwrap(), Reactor::new().unwrap());
    let never = endless(&other, ());
    let own = reactor.clone();
    let job = reactor.run_in_reactor(move || async move {
        within(TICK, || {
            let refused = own.wait_for(LONG, async { Ok::<_, Error>(()) }).unwrap_err();
            assert!(matches!(refused, Error::OnReactorThread));
            let late = never.wait(LONG).unwrap_err().to_string();
            assert!(late.contains("at the deadline of 10ms"), "{late}");
        });
        interrupted(|| assert!(never.wait(LONG).unwrap_err().is_interrupted()));
        Ok::<_, Error>(())
    });
    job.join(LONG).unwrap();
}

#[cfg(unix)]
#[test]
fn in_a_forked_child_calls_are_refused_as_ever() {
    own_process!();
    let _limit = limit(LONG);
    crochet::setup().unwrap();
    let parent = process::id();
    let check = || -> Result<(), ()> { panic!("asked") };
    let refused = interruptible(TICK, check, || {
        within(LONG, || {
            fork::in_fork(|| {
                let call = || crochet::wait_for(LONG, async { Ok::<_, Error>(()) });
                fork::refused(parent, call);
            });
        });
    });
    refused.unwrap();
}

#[test]
fn scopes_work_in_destructors_of_thread_locals() {
    struct Last(Reactor);
    impl Drop for Last {
        fn drop(&mut self) {
            let never = self.0.run_in_reactor(pending::<Result<(), Error>>);
            let late = within(TICK, || never.wait(LONG).unwrap_err().to_string());
            assert!(late.contains("at the deadline of 10ms"), "{late}");
            interrupted(|| assert!(never.wait(LONG).unwrap_err().is_interrupted()));
        }
    }
    thread_local! {
        static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
    }

    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    // The reactor has its jobs dropped in the end: both waits were late, and are done.
    let probe = Probe::new();
    let job = endless(&reactor, probe.witness());
    let own = reactor.clone();
    thread::spawn(move || LAST.set(Some(Last(own)))).join().unwrap();
    assert_eq!(reactor.jobs().len(), 2, "the destructor has not come to its end");
    drop(job);
}
