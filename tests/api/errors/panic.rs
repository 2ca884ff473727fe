//! What is kept of a job's panic, and the panic hook. Tests of the hook have a process of their
//! own.

use std::any::Any;
use std::fmt;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::support::{LONG, own_process};
use crochet::{Error, EventualResult, Panic, Reactor};

type Job<T = ()> = EventualResult<T, Error>;

/// The panic of a job that calls `body`.
fn panic_of(reactor: &Reactor, body: impl FnOnce() + Send + 'static) -> Panic {
    let job: Job = reactor.run_in_reactor(move || async move {
        body();
        Ok(())
    });
    panic_in(&job)
}

fn panic_in(job: &Job) -> Panic {
    match job.wait(LONG) {
        Err(Error::Panicked(panic)) => panic,
        other => panic!("{other:?}"),
    }
}

fn payload_of(body: impl FnOnce()) -> Box<dyn Any + Send> {
    catch_unwind(AssertUnwindSafe(body)).expect_err("it should have panicked")
}

#[test]
fn the_message_is_that_of_the_panic() {
    let reactor = Reactor::new().unwrap();
    let literal = panic_of(&reactor, || panic!("plain"));
    assert_eq!(literal.message(), Some("plain"));
    let five = 5;
    let formatted = panic_of(&reactor, move || panic!("number {five}"));
    assert_eq!(formatted.message(), Some("number 5"));
    let other = panic_of(&reactor, || panic::panic_any(5_u32));
    assert_eq!(other.message(), None);
}

#[test]
fn the_location_is_that_of_the_panic() {
    let reactor = Reactor::new().unwrap();
    let line = line!() + 1;
    let panic = panic_of(&reactor, || panic!("here"));
    let at = panic.location().unwrap();
    assert_eq!((at.file(), at.line()), (file!(), line));
    assert_eq!(at.column(), 39);
    assert_eq!(at.to_string(), format!("{}:{line}:39", file!()));
    let any = panic_of(&reactor, || panic::panic_any(5_u32));
    assert_eq!(any.location().unwrap().line(), line!() - 1);
}

#[test]
fn a_panic_without_a_hook_has_no_location() {
    let reactor = Reactor::new().unwrap();
    let panic = panic_of(&reactor, || panic::resume_unwind(Box::new("resumed")));
    assert_eq!(panic.message(), Some("resumed"));
    assert!(panic.location().is_none());
    assert!(panic.backtrace().is_none());
}

#[test]
fn a_panic_that_a_job_caught_itself_is_not_taken_for_another() {
    let reactor = Reactor::new().unwrap();
    let caught: Job = reactor.run_in_reactor(|| async {
        payload_of(|| panic!("same words"));
        Ok(())
    });
    caught.join(LONG).unwrap();
    let panic = panic_of(&reactor, || panic::resume_unwind(Box::new("same words")));
    assert!(panic.location().is_none(), "{panic:?}");
    let panic = panic_of(&reactor, || {
        payload_of(|| panic!("some words"));
        panic::resume_unwind(Box::new("other words"));
    });
    assert!(panic.location().is_none(), "{panic:?}");
}

#[test]
fn a_panic_that_a_job_caught_and_resumed_keeps_its_location() {
    let reactor = Reactor::new().unwrap();
    let panic = panic_of(&reactor, || {
        let payload = payload_of(|| panic!("passed on"));
        panic::resume_unwind(payload);
    });
    assert_eq!(panic.location().unwrap().line(), line!() - 3);
}

#[test]
fn a_drop_that_uses_the_crate_while_a_job_panics_costs_nothing_of_its_panic() {
    struct UsesTheCrate;
    impl Drop for UsesTheCrate {
        fn drop(&mut self) {
            // Each of them runs user code inside a boundary of its own.
            let refused = Reactor::new().unwrap();
            refused.shutdown(LONG).unwrap();
            let job: Job = refused.run_in_reactor(|| async { Ok(()) });
            assert!(job.is_finished());
        }
    }

    let reactor = Reactor::new().unwrap();
    let panic = panic_of(&reactor, || {
        let _uses = UsesTheCrate;
        panic!("the first");
    });
    assert_eq!(panic.message(), Some("the first"));
    assert_eq!(panic.location().unwrap().line(), line!() - 3);
}

#[test]
fn the_text_is_one_line_with_place_and_message() {
    let reactor = Reactor::new().unwrap();
    let panic = panic_of(&reactor, || panic!("first\n    second\n"));
    let place = format!("{}:{}", file!(), line!() - 1);
    assert_eq!(panic.to_string(), format!("the job panicked at {place}: first second"));
    assert_eq!(Error::<fmt::Error>::Panicked(panic.clone()).to_string(), panic.to_string());
    let silent = panic_of(&reactor, || panic::panic_any(5_u32));
    let place = format!("{}:{}", file!(), line!() - 1);
    assert_eq!(silent.to_string(), format!("the job panicked at {place}"));
}

#[test]
fn debug_shows_message_and_place() {
    let reactor = Reactor::new().unwrap();
    let panic = panic_of(&reactor, || panic!("look"));
    let place = format!("{}:{}", file!(), line!() - 1);
    let text = format!("{panic:?}");
    assert!(text.contains("\"look\"") && text.contains(&place), "{text}");
}

#[test]
fn resume_goes_on_with_the_same_payload() {
    #[derive(Debug, PartialEq)]
    struct Payload(u64);

    let reactor = Reactor::new().unwrap();
    let panic = panic_of(&reactor, || panic::panic_any(Payload(7)));
    let payload = payload_of(|| panic.resume());
    assert_eq!(payload.downcast_ref(), Some(&Payload(7)));

    let job: Job = reactor.run_in_reactor(|| async { panic::panic_any(Payload(8)) });
    let payload = payload_of(|| drop(job.join(LONG)));
    assert_eq!(payload.downcast_ref(), Some(&Payload(8)));

    let payload = payload_of(|| {
        let _: Result<(), Error> = reactor.wait_for(LONG, async { panic::panic_any(Payload(9)) });
    });
    assert_eq!(payload.downcast_ref(), Some(&Payload(9)));
}

#[test]
fn of_clones_the_first_resumes_with_the_payload_and_the_others_with_the_message() {
    let reactor = Reactor::new().unwrap();
    let panic = panic_of(&reactor, || panic!("once"));
    let clone = panic.clone();
    assert_eq!(payload_of(|| clone.resume()).downcast_ref(), Some(&"once"));
    assert_eq!(panic.message(), Some("once"));
    let second = payload_of(|| panic.resume());
    assert_eq!(second.downcast_ref(), Some(&String::from("once")));
}

/// Sets these variables, and no other of their kind.
fn backtraces(variables: &[(&str, &str)]) -> impl FnOnce(&mut Command) {
    move |command| {
        command.env_remove("RUST_BACKTRACE").env_remove("RUST_LIB_BACKTRACE");
        command.envs(variables.iter().copied());
    }
}

#[inline(never)]
fn deep_inside() {
    panic!("with a trace");
}

fn assert_has_backtrace() {
    let panic = panic_of(&Reactor::new().unwrap(), deep_inside);
    let trace = panic.backtrace().expect("it was asked for").to_string();
    assert!(trace.contains("deep_inside"), "it is not that of the panic itself:\n{trace}");
}

fn assert_has_no_backtrace() {
    let panic = panic_of(&Reactor::new().unwrap(), deep_inside);
    assert!(panic.backtrace().is_none());
    assert!(panic.location().is_some());
}

#[test]
fn there_is_no_backtrace_unless_asked_for() {
    own_process!(backtraces(&[]));
    assert_has_no_backtrace();
}

#[test]
fn rust_backtrace_asks_for_one() {
    own_process!(backtraces(&[("RUST_BACKTRACE", "1")]));
    assert_has_backtrace();
}

#[test]
fn rust_lib_backtrace_asks_for_one() {
    own_process!(backtraces(&[("RUST_LIB_BACKTRACE", "1")]));
    assert_has_backtrace();
}

#[test]
fn rust_lib_backtrace_has_the_last_word() {
    own_process!(backtraces(&[("RUST_BACKTRACE", "1"), ("RUST_LIB_BACKTRACE", "0")]));
    assert_has_no_backtrace();
}

static SEEN: AtomicUsize = AtomicUsize::new(0);

/// Installs a hook that counts, in place of the one that prints.
fn count_panics() {
    panic::set_hook(Box::new(|info| {
        assert!(info.location().is_some());
        SEEN.fetch_add(1, Ordering::Relaxed);
    }));
}

fn seen() -> usize {
    SEEN.load(Ordering::Relaxed)
}

#[test]
fn a_hook_from_before_the_start_sees_every_panic_once() {
    own_process!();
    count_panics();
    // However many reactors there have been.
    let reactors = [(); 3].map(|()| Reactor::new().unwrap());
    let panic = panic_of(&reactors[0], || panic!("in a job"));
    assert_eq!(panic.location().unwrap().file(), file!());
    assert_eq!(seen(), 1);
    payload_of(|| panic!("elsewhere"));
    assert_eq!(seen(), 2);
    thread::spawn(|| panic!("on another thread")).join().unwrap_err();
    assert_eq!(seen(), 3);
    // No panic is made of an old one.
    payload_of(|| panic.resume());
    assert_eq!(seen(), 3);
    let _ = panic::take_hook();
}

#[test]
fn a_hook_from_after_the_start_replaces_that_of_the_reactor() {
    own_process!();
    let reactor = Reactor::new().unwrap();
    count_panics();
    let panic = panic_of(&reactor, || panic!("in a job"));
    assert_eq!(seen(), 1);
    assert_eq!(panic.message(), Some("in a job"));
    assert!(panic.location().is_none());
    let _ = panic::take_hook();
}

#[test]
fn a_hook_can_be_left_alone() {
    own_process!();
    count_panics();
    crochet::setup_with(Reactor::builder().panic_hook(false)).unwrap();
    let panic = panic_of(&Reactor::global().unwrap(), || panic!("in a job"));
    assert_eq!(seen(), 1);
    assert_eq!(panic.message(), Some("in a job"));
    assert!(panic.location().is_none() && panic.backtrace().is_none());
    assert_eq!(panic.to_string(), "the job panicked: in a job");
    let _ = panic::take_hook();
}

#[test]
fn the_first_reactor_that_may_installs_the_hook() {
    own_process!();
    let without = Reactor::builder().panic_hook(false).build().unwrap();
    assert!(panic_of(&without, || panic!("one")).location().is_none());
    let _with = Reactor::new().unwrap();
    assert!(panic_of(&without, || panic!("two")).location().is_some());
}

#[test]
fn a_start_while_panicking_works() {
    struct StartsOnDrop;
    impl Drop for StartsOnDrop {
        fn drop(&mut self) {
            let five: Result<_, Error> = crochet::wait_for(LONG, async { Ok(5) });
            assert_eq!(five.unwrap(), 5);
        }
    }

    own_process!();
    let payload = payload_of(|| {
        let _starts = StartsOnDrop;
        panic!("already");
    });
    assert_eq!(payload.downcast_ref(), Some(&"already"));
}
