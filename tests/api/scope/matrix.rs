//! Each call in each state of the scopes around it.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::{Duration, Instant};

use crochet::{interruptible, within};

use super::calls::{CALLS, Call, Ended, Fate, Site, When};
use crate::support::{LONG, limit, settle, until};

const SHORT: Duration = Duration::from_millis(40);
const TICK: Duration = Duration::from_millis(5);

/// Runs one state with each of the calls.
fn each(test: impl Fn(Call)) {
    for &call in CALLS {
        let _limit = limit(LONG);
        println!("{call:?}");
        test(call);
    }
}

/// Checks that what the call waited for has gone the way of a timeout.
#[track_caller]
fn check_fate(call: Call, site: &mut Site) {
    match call.fate() {
        Fate::Dropped => assert_eq!(site.probe.count(), 1),
        Fate::Cancelled => until(|| site.probe.count() == 1),
        Fate::Stays => {
            if call != Call::Shutdown {
                settle(&site.reactor);
            }
            assert_eq!(site.probe.count(), 0);
        }
    }
}

fn never(call: Call, timeout: Duration) -> Site {
    call.on(When::Never, timeout)
}

/// A check that fails when it is asked the third time.
fn fails_third() -> impl FnMut() -> Result<(), &'static str> {
    let mut asked = 0;
    move || {
        asked += 1;
        if asked == 3 { Err("stop") } else { Ok(()) }
    }
}

#[test]
fn a_result_in_time_is_returned() {
    each(|call| {
        let mut site = call.on(When::Soon, LONG);
        let asked = Cell::new(0);
        let check = || {
            asked.set(asked.get() + 1);
            Ok::<_, ()>(())
        };
        let ended = within(LONG, || interruptible(TICK, check, || site.make()));
        assert_eq!(ended, Ok(Ended::Done));
        assert!(asked.get() > 0, "the call slept, and asked nothing");
    });
}

#[test]
fn a_call_that_is_late_by_itself_names_no_scope() {
    each(|call| {
        let mut site = never(call, SHORT);
        let ended = within(LONG, || interruptible(TICK, || Ok::<_, ()>(()), || site.make()));
        let text = ended.unwrap().text();
        assert!(text.starts_with("timed out after") && !text.contains("deadline"), "{text}");
        check_fate(call, &mut site);
    });
}

#[test]
fn a_deadline_ends_calls() {
    each(|call| {
        let mut site = never(call, LONG);
        let start = Instant::now();
        let (ended, line) = (within(SHORT, || site.make()), line!());
        assert!(start.elapsed() >= SHORT);
        let text = ended.text();
        let scope = format!(", at the deadline of 40ms set at {}:{line}: ", file!());
        assert!(text.contains(&scope), "{text}");
        check_fate(call, &mut site);
    });
}

#[test]
fn after_the_deadline_calls_take_what_is_there() {
    each(|call| {
        let mut site = never(call, LONG);
        within(SHORT, || {
            thread::sleep(SHORT);
            let start = Instant::now();
            let text = site.make().text();
            assert!(text.contains("at the deadline of 40ms set at"), "{text}");
            assert!(start.elapsed() < LONG / 2);
        });
        check_fate(call, &mut site);
    });
}

#[test]
fn a_check_that_fails_ends_calls() {
    each(|call| {
        let mut site = never(call, Duration::MAX);
        let start = Instant::now();
        let result = interruptible(TICK, fails_third(), || {
            assert_eq!(site.make(), Ended::Interrupted);
        });
        assert_eq!(result, Err("stop"));
        assert!(start.elapsed() >= 3 * TICK);
        check_fate(call, &mut site);
    });
}

#[test]
fn after_a_failed_check_every_call_ends_at_once() {
    each(|call| {
        let mut site = call.on(When::Soon, Duration::MAX);
        let mut other = never(Call::WaitFor, Duration::MAX);
        let result = interruptible(TICK, fails_third(), || {
            assert_eq!(other.make(), Ended::Interrupted);
            // Let what is to come be there.
            thread::sleep(SHORT);
            assert_eq!(site.make(), Ended::Interrupted);
            assert_eq!(site.make(), Ended::Interrupted);
        });
        assert_eq!(result, Err("stop"));
        if call.fate() == Fate::Dropped {
            assert_eq!((site.probe.polls(), site.probe.count()), (0, 2));
        }
        // Nothing stays behind.
        assert_eq!(site.make(), Ended::Done);
    });
}

#[test]
fn a_check_that_panics_unwinds_through_calls() {
    each(|call| {
        let mut site = never(call, Duration::MAX);
        let calls = || {
            let check = || -> Result<(), ()> { panic!("from the check") };
            let _ = interruptible(TICK, check, || site.make());
        };
        let panic = catch_unwind(AssertUnwindSafe(calls)).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"from the check"));
        check_fate(call, &mut site);
    });
}

#[test]
fn of_nested_deadlines_the_earliest_ends_calls() {
    each(|call| {
        for inner_first in [true, false] {
            let mut site = never(call, LONG);
            let (outer, inner) = if inner_first { (LONG, SHORT) } else { (SHORT, LONG) };
            let text = within(outer, || within(inner, || site.make())).text();
            assert!(text.contains("at the deadline of 40ms"), "{text}");
            check_fate(call, &mut site);
        }
    });
}

#[test]
fn nested_checks_are_all_asked() {
    each(|call| {
        for inner_fails in [true, false] {
            let mut site = never(call, Duration::MAX);
            let outer = {
                let mut fails = fails_third();
                move || if inner_fails { Ok(()) } else { fails() }
            };
            let inner = {
                let mut fails = fails_third();
                move || if inner_fails { fails() } else { Ok(()) }
            };
            let result = interruptible(TICK, outer, || {
                interruptible(TICK, inner, || assert_eq!(site.make(), Ended::Interrupted))
            });
            // The scope whose check failed returns the failure; the other knows of none.
            assert_eq!(result, if inner_fails { Ok(Err("stop")) } else { Err("stop") });
            check_fate(call, &mut site);
        }
    });
}

#[test]
fn another_thread_is_not_limited() {
    each(|call| {
        let result = interruptible(
            TICK,
            || Err("stop"),
            || {
                assert_eq!(never(Call::Wait, Duration::MAX).make(), Ended::Interrupted);
                within(Duration::ZERO, || {
                    thread::scope(|threads| {
                        threads.spawn(|| assert_eq!(call.on(When::Soon, LONG).make(), Ended::Done));
                    });
                });
            },
        );
        assert_eq!(result, Err("stop"));
    });
}
