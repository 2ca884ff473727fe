//! The error types as values: texts, sources, conversions, bounds.

use std::error::Error as StdError;
use std::fmt;
use std::future;
use std::io;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::support::LONG;
use crochet::{BlockedBy, Error, JobState, Panic, PanicLocation, Reactor, TimedOut};

/// An error with a source.
#[derive(Clone, Debug, PartialEq)]
struct Own(fmt::Error);

impl fmt::Display for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "my own, padded [{:>4}]", 7)
    }
}

impl StdError for Own {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}

/// An application's error: its own, or the crate's.
#[derive(Debug)]
enum App {
    Own(Own),
    Crochet(Error),
}

impl From<Error> for App {
    fn from(error: Error) -> Self {
        Self::Crochet(error)
    }
}

fn timed_out() -> TimedOut {
    let reactor = Reactor::new().unwrap();
    let waited = reactor.wait_for(Duration::ZERO, future::pending::<Result<(), Error>>());
    let Err(Error::TimedOut(why)) = waited else { panic!("{waited:?}") };
    why
}

fn panicked() -> Panic {
    let reactor = Reactor::new().unwrap();
    let job = reactor.run_in_reactor(|| async {
        if true {
            panic!("Oh.");
        }
        Ok::<_, Error>(())
    });
    let Err(Error::Panicked(panic)) = job.wait(LONG) else { panic!("it did panic") };
    panic
}

fn no_such_reactor() -> Arc<io::Error> {
    let result = Reactor::builder().name("\0").build();
    let Err(Error::Setup(reason)) = result else { panic!("{result:?}") };
    reason
}

/// One of each that can be made from outside. `Error::Forked` is in `fork/refused.rs`.
fn all<E>() -> Vec<Error<E>> {
    vec![
        Error::TimedOut(timed_out()),
        Error::Cancelled,
        Error::ReactorStopped,
        Error::Panicked(panicked()),
        Error::OnReactorThread,
        Error::AlreadySetUp(Location::caller()),
        Error::Setup(no_such_reactor()),
        Error::Interrupted,
        Error::Full,
    ]
}

#[test]
fn texts_are_one_line_in_lower_case_without_a_full_stop() {
    for error in all::<Own>() {
        let text = error.to_string();
        // The words of a panic are its own; what comes before them is the crate's.
        let own = text.strip_suffix(": Oh.").unwrap_or(&text);
        assert!(!own.is_empty());
        assert!(own.starts_with(|first: char| first.is_ascii_lowercase()), "{own:?}");
        assert!(!own.ends_with('.'), "{own:?}");
        assert!(!text.contains('\n'), "{text:?}");
    }
}

#[test]
fn texts_say_what_happened() {
    let text = |error: Error| error.to_string();
    assert_eq!(text(Error::Cancelled), "the job was cancelled");
    assert_eq!(text(Error::ReactorStopped), "the reactor has stopped");
    assert_eq!(
        text(Error::OnReactorThread),
        "a wait on the reactor's own thread would block the job it waits for: in a job, await the \
         async original instead"
    );
    assert_eq!(text(Error::Interrupted), "the wait was interrupted");
    assert_eq!(text(Error::Full), "the reactor has as many unfinished jobs as it may have");
    assert_eq!(text(Error::Setup(no_such_reactor())), "the reactor could not be started");
    let at = Location::caller();
    assert_eq!(
        text(Error::AlreadySetUp(at)),
        format!("the reactor is already set up, by the call at {}:{}", file!(), at.line())
    );
}

#[test]
fn a_jobs_state_prints_as_one_word() {
    let states = [JobState::Queued, JobState::Running, JobState::Waiting];
    assert_eq!(states.map(|state| state.to_string()), ["queued", "running", "waiting"]);
    assert_eq!(format!("[{:>8}]", JobState::Queued), "[  queued]");
}

#[test]
fn no_text_repeats_its_source() {
    let mut with_source = 0;
    for error in all::<Own>() {
        if let Some(source) = error.source() {
            let (text, source) = (error.to_string(), source.to_string());
            assert!(!text.contains(&source), "{text:?} repeats {source:?}");
            with_source += 1;
        }
    }
    assert_eq!(with_source, 1);
}

#[test]
fn a_failed_setup_has_the_systems_reason_as_its_source() {
    let reason = no_such_reactor();
    let error: Error = Error::Setup(Arc::clone(&reason));
    let source = error.source().unwrap().downcast_ref::<io::Error>().unwrap();
    assert!(std::ptr::eq(source, &*reason));
    assert_eq!(source.kind(), io::ErrorKind::InvalidInput);
}

#[test]
fn a_jobs_own_error_is_transparent_in_display_and_source() {
    let own = Own(fmt::Error);
    let error = Error::Job(own.clone());
    assert_eq!(error.to_string(), own.to_string());
    assert_eq!(format!("[{:>9}]", Error::Job("padded")), "[   padded]");
    let source = error.source().unwrap();
    assert!(source.is::<fmt::Error>(), "the source is that of the job's error, not the error");
    assert!(Error::Job(fmt::Error).source().is_none());
}

#[test]
fn questions_tell_the_variants_apart() {
    let answers: Vec<_> = all::<Own>()
        .iter()
        .map(|e| {
            [
                e.is_timeout(),
                e.is_cancelled(),
                e.is_reactor_stopped(),
                e.is_panic(),
                e.is_interrupted(),
            ]
        })
        .collect();
    let none = [false; 5];
    let only = |i| std::array::from_fn(|k| k == i);
    let first = [only(0), only(1), only(2), only(3)];
    assert_eq!(answers[..4], first);
    assert_eq!(answers[4..], [none, none, none, only(4), none]);
    let own = Error::Job(Own(fmt::Error));
    assert!(!own.is_timeout() && !own.is_cancelled());
    assert!(!own.is_reactor_stopped() && !own.is_panic());
}

#[test]
fn flatten_gives_the_jobs_own_error_as_it_is() {
    let own = Own(fmt::Error);
    let App::Own(kept) = Error::Job(App::Own(own.clone())).flatten() else { panic!() };
    assert_eq!(kept, own);
}

#[test]
fn flatten_converts_every_other_error_and_loses_nothing() {
    for (error, same) in all::<App>().into_iter().zip(all::<App>()) {
        let variant = std::mem::discriminant(&same);
        let App::Crochet(inner) = error.flatten() else { panic!("it is none of the job's") };
        // Back in the type of the original, to compare: these have no `Job` to lose.
        let back: Error<App> = match inner {
            Error::TimedOut(why) => Error::TimedOut(why),
            Error::Cancelled => Error::Cancelled,
            Error::ReactorStopped => Error::ReactorStopped,
            Error::Panicked(panic) => {
                assert_eq!(panic.message(), Some("Oh."));
                Error::Panicked(panic)
            }
            Error::OnReactorThread => Error::OnReactorThread,
            Error::AlreadySetUp(at) => Error::AlreadySetUp(at),
            Error::Setup(reason) => Error::Setup(reason),
            Error::Interrupted => Error::Interrupted,
            Error::Full => Error::Full,
            other => panic!("{other:?}"),
        };
        assert_eq!(std::mem::discriminant(&back), variant);
    }
}

#[test]
fn into_io_error_chooses_the_kind_and_keeps_the_error() {
    for error in all() {
        let kind = match error {
            Error::TimedOut(_) => io::ErrorKind::TimedOut,
            Error::OnReactorThread => io::ErrorKind::Deadlock,
            _ => io::ErrorKind::Other,
        };
        let (text, variant) = (error.to_string(), std::mem::discriminant(&error));
        let converted = io::Error::from(error);
        assert_eq!(converted.kind(), kind, "{text}");
        assert_eq!(converted.to_string(), text);
        let inside = converted.get_ref().unwrap().downcast_ref::<Error>().unwrap();
        assert_eq!(std::mem::discriminant(inside), variant);
    }
}

#[test]
fn the_error_type_of_a_job_may_be_io_or_boxed_or_the_crates_own() {
    let reactor = Reactor::new().unwrap();
    let late: io::Result<()> = reactor.wait_for(Duration::ZERO, future::pending());
    assert_eq!(late.unwrap_err().kind(), io::ErrorKind::TimedOut);
    let late: Result<(), Box<dyn StdError + Send + Sync>> =
        reactor.wait_for(Duration::ZERO, future::pending());
    assert!(late.unwrap_err().downcast_ref::<Error>().unwrap().is_timeout());
    let late: crochet::Result<()> = reactor.wait_for(Duration::ZERO, future::pending());
    assert!(late.unwrap_err().is_timeout());
}

#[test]
fn errors_are_cloned_where_the_jobs_own_can_be() {
    let error = Error::Job(Own(fmt::Error));
    assert!(matches!(error.clone(), Error::Job(own) if own == Own(fmt::Error)));
    for error in all::<Own>() {
        let clone = error.clone();
        assert_eq!(std::mem::discriminant(&clone), std::mem::discriminant(&error));
        assert_eq!(clone.to_string(), error.to_string());
    }
}

#[test]
fn error_types_are_send_sync_and_static() {
    fn check<T: Send + Sync + 'static>() {}
    fn check_error<T: StdError + Send + Sync + 'static>() {}
    check_error::<Error>();
    check_error::<Error<io::Error>>();
    check_error::<crochet::RetrieveError>();
    check_error::<crochet::ParseResultIdError>();
    check::<TimedOut>();
    check::<BlockedBy>();
    check::<JobState>();
    check::<Panic>();
    check::<PanicLocation>();
}

#[test]
fn the_crates_own_error_has_no_job_error_to_handle() {
    // It compiles without an arm for `Error::Job`, which would need a value of no type.
    let error: Error = Error::Cancelled;
    let text = match error {
        Error::Job(never) => match never {},
        Error::Cancelled => "cancelled",
        _ => "another",
    };
    assert_eq!(text, "cancelled");
}
