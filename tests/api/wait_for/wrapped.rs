//! `wait_for_wrapped`: `wait_for` for error types that have no room for this crate's errors.

use std::error;
use std::fmt;
use std::future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;
use std::time::Duration;

use crochet::{Error, Reactor, wait_for_wrapped};

use crate::support::{LONG, Probe, hog, limit, until};

/// Long enough for a job to be begun, on a busy machine.
const SHORT: Duration = Duration::from_millis(100);

/// An error as another crate may have it: with a source, and without `From<crochet::Error>`.
#[derive(Debug)]
struct Foreign(fmt::Error);

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the table is locked")
    }
}

impl error::Error for Foreign {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&self.0)
    }
}

async fn fails() -> Result<(), Foreign> {
    Err(Foreign(fmt::Error))
}

async fn never() -> Result<(), Foreign> {
    future::pending().await
}

#[test]
fn the_jobs_own_error_stays_apart_from_the_crates() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    assert!(matches!(wait_for_wrapped(LONG, fails()), Err(Error::Job(Foreign(_)))));
    assert!(matches!(reactor.wait_for_wrapped(LONG, fails()), Err(Error::Job(Foreign(_)))));
    assert!(matches!(wait_for_wrapped(SHORT, never()), Err(Error::TimedOut(_))));
    assert!(matches!(wait_for_wrapped(Duration::ZERO, never()), Err(Error::TimedOut(_))));
    let here =
        reactor.wait_for(LONG, async { Ok::<_, Error>(reactor.wait_for_wrapped(LONG, never())) });
    assert!(matches!(here.unwrap(), Err(Error::OnReactorThread)));
    reactor.shutdown(LONG).unwrap();
    assert!(matches!(reactor.wait_for_wrapped(LONG, fails()), Err(Error::ReactorStopped)));
}

#[test]
fn nothing_is_asked_of_the_error_but_that_it_can_be_sent() {
    let _limit = limit(LONG);
    /// Neither `Debug`, nor `'static`, nor `Sync`.
    struct Odd<'a>(std::cell::Cell<&'a str>);
    let text = String::from("borrowed by the job and by its error");
    let odd = wait_for_wrapped(LONG, async { Err::<(), _>(Odd(text.as_str().into())) });
    let Err(Error::Job(odd)) = odd else { panic!("the job returns an error") };
    assert_eq!(odd.0.get(), text);
}

#[test]
fn the_operator_passes_both_kinds_on_as_a_boxed_error() {
    let _limit = limit(LONG);
    type Boxed = Box<dyn error::Error + Send + Sync>;
    let own = || -> Result<(), Boxed> { Ok(wait_for_wrapped(LONG, fails())?) };
    let own = own().unwrap_err();
    assert_eq!(own.to_string(), "the table is locked");
    assert!(own.source().unwrap().is::<fmt::Error>());
    assert!(matches!(own.downcast_ref::<Error<Foreign>>(), Some(Error::Job(_))));
    let late = || -> Result<(), Box<dyn error::Error>> { Ok(wait_for_wrapped(SHORT, never())?) };
    let late = late().unwrap_err();
    assert!(late.downcast_ref::<Error<Foreign>>().unwrap().is_timeout());
    assert!(late.to_string().ends_with("the job is waiting"), "{late}");
}

#[test]
fn a_late_job_is_dropped_before_the_call_returns() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for held in [false, true] {
        let hog = held.then(|| hog(&reactor));
        let drops = Probe::new();
        let witness = drops.witness();
        let late = reactor.wait_for_wrapped(SHORT, async {
            let _witness = witness;
            never().await
        });
        assert!(late.unwrap_err().is_timeout());
        assert_eq!(drops.threads(), [thread::current().id()]);
        hog.into_iter().for_each(|hog| hog.release());
    }
}

#[test]
fn a_panic_of_the_job_is_raised_again_with_its_payload() {
    let _limit = limit(LONG);
    let panics = || {
        let job = async { resume_unwind(Box::new(7_u8)) };
        let _: Result<(), Error<Foreign>> = wait_for_wrapped(LONG, job);
    };
    let payload = catch_unwind(AssertUnwindSafe(panics)).unwrap_err();
    assert_eq!(payload.downcast_ref::<u8>(), Some(&7));
}

#[test]
fn the_job_has_the_place_of_the_call() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    thread::scope(|scope| {
        let line = line!() + 2;
        let call = |timeout| {
            let _ = reactor.wait_for_wrapped(timeout, never());
        };
        scope.spawn(move || call(LONG));
        let listed = || reactor.jobs().first().map(|job| job.location());
        until(|| listed().is_some());
        let location = listed().unwrap();
        assert_eq!((location.file(), location.line()), (file!(), line));
        reactor.shutdown(LONG).unwrap();
    });
}
