//! A timeout says why: the job's state and which job held the reactor thread, as values and in
//! words.
//!
//! The text for a `Driver` that has not been run is in `reactor/driver.rs`.

use std::future;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Gate, LONG, hog, limit, never, own_process};
use crochet::{Error, EventualResult, JobState, Reactor, TimedOut};

type Job<T = ()> = EventualResult<T, Error>;

const SHORT: Duration = Duration::from_millis(50);

fn late<T>(job: &Job<T>, timeout: Duration) -> TimedOut {
    match job.wait(timeout) {
        Err(Error::TimedOut(why)) => why,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it was in time"),
    }
}

/// What follows `timed out after 50.1ms: `; that part is checked.
fn reason(why: TimedOut) -> String {
    let text = why.to_string();
    let (head, tail) = text.split_once(": ").unwrap();
    check_duration(head.strip_prefix("timed out after ").unwrap(), why.waited());
    tail.to_owned()
}

/// Durations have one decimal at the most, and none that is zero.
fn check_duration(text: &str, exact: Duration) {
    let number: f64 = text.trim_end_matches(char::is_alphabetic).parse().unwrap();
    let unit = match text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.') {
        "s" => 1.0,
        "ms" => 1e-3,
        "µs" => 1e-6,
        "ns" => 1e-9,
        _ => panic!("{text:?}"),
    };
    assert!(!text.contains(".0"), "{text:?}");
    assert!((number * unit - exact.as_secs_f64()).abs() <= 0.051 * unit, "{text:?} is {exact:?}");
}

/// The whole text about a thread that is held, but for the time.
fn check_held(why: TimedOut, line: u32) {
    let by = why.blocked_by().unwrap();
    assert_eq!((by.location().file(), by.location().line()), (file!(), line));
    let text = reason(why);
    let rest = text.strip_prefix("the reactor thread has been held for ").unwrap();
    let (held, place) = rest.split_once(' ').unwrap();
    check_duration(held, by.held());
    assert_eq!(place, format!("by the job started at {}:{line}", file!()));
}

#[test]
fn a_job_that_awaits_something_is_waiting() {
    let reactor = Reactor::new().unwrap();
    let job: Job = reactor.run_in_reactor(future::pending);
    let polled: Job = reactor.run_in_reactor(|| async { Ok(()) });
    polled.join(LONG).unwrap();
    let why = late(&job, SHORT);
    assert_eq!(why.job(), JobState::Waiting);
    assert_eq!(reason(why), "the job is waiting");
}

#[test]
fn a_job_behind_a_hog_names_the_hog_and_how_long_it_has_held_the_thread() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let hog = hog(&reactor);
    let start = Instant::now();
    let job: Job = reactor.run_in_reactor(|| async { Ok(()) });
    let why = late(&job, SHORT);
    assert_eq!(why.job(), JobState::Queued);
    let held = why.blocked_by().unwrap().held();
    assert!(held >= SHORT, "{held:?}");
    // It goes on counting.
    let again = late(&job, SHORT).blocked_by().unwrap().held();
    assert!(again >= held + SHORT && again <= start.elapsed() + LONG, "{again:?}");
    check_held(why, hog.location.line());
    hog.release();
    job.join(LONG).unwrap();
}

#[test]
fn a_job_that_awaits_while_a_hog_holds_the_thread_names_the_hog() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let job: Job = reactor.run_in_reactor(future::pending);
    let hog = hog(&reactor);
    let why = late(&job, SHORT);
    assert_eq!(why.job(), JobState::Waiting);
    check_held(why, hog.location.line());
    hog.release();
}

#[test]
fn a_job_that_holds_the_thread_itself_names_itself() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let hog = hog(&reactor);
    let why = late(&hog.job, SHORT);
    assert_eq!(why.job(), JobState::Running);
    check_held(why, hog.location.line());
    hog.release();
}

#[test]
fn a_hog_in_a_drop_is_named_too() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (held, release) = (Gate::new(), Gate::new());
    struct Holds(Gate, Gate);
    impl Drop for Holds {
        fn drop(&mut self) {
            self.0.open();
            self.1.pass();
        }
    }
    let line = line!() + 1;
    let job: Job = reactor.run_in_reactor(never(Holds(held.clone(), release.clone())));
    job.cancel();
    held.pass();
    let other: Job = reactor.run_in_reactor(|| async { Ok(()) });
    let why = late(&other, SHORT);
    release.open();
    check_held(why, line);
}

#[test]
fn a_job_that_was_never_begun_because_the_driver_is_not_polled() {
    // A driver that is being run, by an executor that polls it once.
    own_process!();
    let mut run = Box::pin(crochet::no_setup().unwrap().run(future::pending::<()>()));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(run.as_mut().poll(&mut cx).is_pending());
    let job: Job = crochet::run_in_reactor(|| async { Ok(()) });
    let why = late(&job, SHORT);
    assert_eq!(why.job(), JobState::Queued);
    assert!(why.blocked_by().is_none());
    assert_eq!(reason(why), "nobody is polling the Driver");
}

#[test]
fn a_job_that_never_started_says_how_many_are_before_it() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    // None of them holds the thread for long.
    let before = (0..100).map(|_| -> Job {
        reactor.run_in_reactor(|| async {
            thread::sleep(Duration::from_millis(20));
            Ok(())
        })
    });
    let before: Vec<Job> = before.collect();
    let last: Job = reactor.run_in_reactor(|| async { Ok(()) });
    let count = || {
        let text = reason(late(&last, Duration::from_millis(500)));
        let count = text.strip_prefix("the job never started, ").unwrap();
        count.strip_suffix(" before it").unwrap().parse::<usize>().unwrap()
    };
    let first = count();
    let at_once = reason(late(&last, Duration::ZERO));
    assert!((1..100).contains(&first), "{first}");
    let second = count();
    assert!(second < first, "{first}, then {second}");
    // One that has been begun, and is not done, counts as none of them.
    let unfinished = before.iter().filter(|job| !job.is_finished()).count();
    assert!(unfinished <= second + 1, "{unfinished} of {second}");
    // A call without any time of its own has no time to count, unless that is known by now.
    assert!(at_once.ends_with(" before it") || at_once.contains("has been held"), "{at_once}");
    reactor.shutdown(LONG).unwrap();
}

#[test]
fn waited_is_the_timeout_at_least() {
    let reactor = Reactor::new().unwrap();
    let job: Job = reactor.run_in_reactor(future::pending);
    for timeout in [Duration::ZERO, Duration::from_millis(1), SHORT] {
        let start = Instant::now();
        let waited = late(&job, timeout).waited();
        assert!(waited >= timeout && waited <= start.elapsed(), "{timeout:?}: {waited:?}");
    }
}

#[test]
fn debug_shows_what_the_methods_return_and_no_more() {
    let reactor = Reactor::new().unwrap();
    let job: Job = reactor.run_in_reactor(future::pending);
    let why = late(&job, Duration::ZERO);
    let (waited, state, by) = (why.waited(), why.job(), why.blocked_by());
    let shown = format!("{why:?}");
    assert_eq!(
        shown,
        format!("TimedOut {{ waited: {waited:?}, job: {state:?}, blocked_by: {by:?}, .. }}")
    );
}

#[test]
fn into_result_and_join_say_the_same() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let hog = hog(&reactor);
    let queued = || -> Job { reactor.run_in_reactor(|| async { unreachable!("cancelled") }) };
    let Err(Error::TimedOut(why)) = queued().into_result(SHORT) else { panic!("it is held") };
    check_held(why, hog.location.line());
    let Err(Error::TimedOut(why)) = queued().join(SHORT) else { panic!("it is held") };
    check_held(why, hog.location.line());
    hog.release();
}

#[test]
fn the_place_is_that_of_the_users_call_not_the_crates() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (held, release) = (Gate::new(), Gate::new());
    thread::scope(|scope| {
        let line = line!() + 2;
        let holds = scope.spawn(|| {
            reactor.wait_for(LONG, async {
                held.open();
                release.pass();
                Ok::<_, Error>(())
            })
        });
        held.pass();
        let job: Job = reactor.run_in_reactor(|| async { Ok(()) });
        let why = late(&job, SHORT);
        release.open();
        check_held(why, line);
        holds.join().unwrap().unwrap();
    });
}
