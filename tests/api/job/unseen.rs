//! Failures that no caller has seen are logged once each; nothing else is.
//!
//! | the handle is dropped | queued, running, waiting | done: ok | done: err | panicked | cancelled | stopped |
//! |---|---|---|---|---|---|---|
//! | … unseen | when it fails | – | logged | logged | – | – |
//! | … after a timeout | when it fails | – | logged | logged | – | – |
//! | … seen | – | – | – | – | – | – |
//! | it is stashed, at shutdown | – | – | logged | logged | – | – |
//!
//! The logger is one for the process, so each test has error texts of its own. A shutdown of the
//! reactor is what makes sure that all is logged that is going to be.

use std::fmt;
use std::future::IntoFuture;
use std::panic::{self, Location};
use std::time::Duration;

use crochet::{Error, EventualResult, Reactor, retrieve_result};

use crate::support::{LONG, PanicOnDrop, endless, held, hog, limit, log, settle, until};

const SHORT: Duration = Duration::from_millis(10);

/// An error whose `{:?}` and `{}` differ.
#[derive(Clone)]
struct Failure(&'static str);

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Failure<{}>", self.0)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("something else")
    }
}

impl From<Error> for Failure {
    fn from(_: Error) -> Self {
        Self("of the crate")
    }
}

type Job = EventualResult<(), Failure>;

/// A job that has failed, and where it was started.
#[track_caller]
fn failed(reactor: &Reactor, text: &'static str) -> (Job, &'static Location<'static>) {
    log();
    let job = reactor.run_in_reactor(move || async move { Err(Failure(text)) });
    settle(reactor);
    assert!(job.is_finished());
    (job, Location::caller())
}

/// Asserts that there is one record of the failure, whole.
#[track_caller]
fn assert_logged_once(text: &str, location: &Location<'_>) {
    let records = log().with(&format!("<{text}>"));
    assert_eq!(records.len(), 1, "{records:?}");
    assert_eq!(records[0].level, log::Level::Error);
    let place = format!("{}:{}", location.file(), location.line());
    assert_eq!(
        records[0].text,
        format!("nobody saw the failure of the job started at {place}: Failure<{text}>")
    );
}

#[test]
fn a_failure_that_was_never_waited_for_is_logged_when_its_handle_goes() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (job, at) = failed(&reactor, "never waited for");
    assert_eq!(log().with("<never waited for>"), []);
    drop(job);
    assert_logged_once("never waited for", at);
    reactor.shutdown(LONG).unwrap();
    assert_logged_once("never waited for", at);
}

#[test]
fn a_failure_that_comes_when_its_handle_is_gone_is_logged_then() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    log();
    let (leash, job) = held::<(), _>(&reactor, Err(Failure("after the drop")));
    let line = line!() - 1;
    job.detach();
    settle(&reactor);
    assert_eq!(log().with("<after the drop>"), []);
    leash.release();
    let record = log().wait_for("<after the drop>");
    assert!(record.text.contains(&format!("{}:{line}: ", file!())), "{record:?}");
    reactor.shutdown(LONG).unwrap();
    assert_eq!(log().with("<after the drop>").len(), 1);
}

#[test]
fn a_failure_that_came_after_all_waits_had_timed_out_is_logged() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    log();
    let (leash, job) = held::<(), _>(&reactor, Err(Failure("too late")));
    assert!(job.wait(SHORT).unwrap_err().is_timeout());
    assert!(job.try_wait().is_none() && job.original_failure().is_none());
    leash.release();
    until(|| job.is_finished());
    assert_eq!(log().with("<too late>"), []);
    drop(job);
    assert_eq!(log().with("<too late>").len(), 1);
    reactor.shutdown(LONG).unwrap();
    assert_eq!(log().with("<too late>").len(), 1);
}

#[test]
fn a_failure_whose_wait_was_refused_is_logged() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (job, at) = failed(&reactor, "refused");
    let refused = async { Ok::<_, Error>(matches!(job.wait(LONG), Err(Error::OnReactorThread))) };
    assert!(reactor.wait_for(LONG, refused).unwrap());
    drop(job);
    assert_logged_once("refused", at);
}

#[test]
fn to_ask_whether_it_is_finished_is_not_to_see_it() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (job, at) = failed(&reactor, "only finished");
    assert!(job.is_finished());
    assert!(format!("{job:?}").contains("finished: true"));
    job.cancel();
    drop(job);
    assert_logged_once("only finished", at);
}

#[test]
fn a_panic_that_no_caller_saw_is_logged() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    log();
    let start = || reactor.run_in_reactor(|| async { panic!("<unseen panic>") });
    let (line, job): (_, Job) = (line!() - 1, start());
    settle(&reactor);
    drop(job);
    let records = log().with("<unseen panic>");
    assert_eq!(records.len(), 1, "{records:?}");
    assert_eq!(records[0].level, log::Level::Error);
    let start = format!("nobody saw the failure of the job started at {}:{line}: ", file!());
    assert!(records[0].text.starts_with(&start), "{records:?}");
    let job: Job = reactor.run_in_reactor(|| async { panic!("<detached panic>") });
    job.detach();
    settle(&reactor);
    assert_eq!(log().with("<detached panic>").len(), 1);
}

#[test]
fn a_panic_in_the_drop_of_a_future_is_logged_though_there_was_a_result() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    log();
    let hog = hog(&reactor);
    // The result, which no caller gets, would panic as well.
    let job: EventualResult<_> = reactor.run_in_reactor(|| {
        let bomb = PanicOnDrop("<bomb in the future>");
        std::future::poll_fn(move |_| {
            let _in_the_future = &bomb;
            std::task::Poll::Ready(Ok(PanicOnDrop("<bomb in the result>")))
        })
    });
    job.detach();
    hog.release();
    settle(&reactor);
    assert_eq!(log().with("<bomb in the future>").len(), 1);
}

#[test]
fn a_failure_that_a_caller_has_seen_is_not_logged() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let ways: [fn(Job); 6] = [
        |job| assert!(matches!(job.wait(LONG), Err(Error::Job(_)))),
        |job| assert!(matches!(job.try_wait(), Some(Err(Error::Job(_))))),
        |job| assert!(matches!(job.into_result(LONG), Err(Error::Job(_)))),
        |job| assert_eq!(job.join(LONG).unwrap_err().0, "seen"),
        |job| assert!(matches!(job.original_failure(), Some(Error::Job(_)))),
        |job| assert!(matches!(async_io::block_on(job.into_future()), Err(Error::Job(_)))),
    ];
    for see in ways {
        see(failed(&reactor, "seen").0);
    }
    reactor.shutdown(LONG).unwrap();
    assert_eq!(log().with("<seen>"), []);
}

#[test]
fn a_panic_that_a_caller_has_seen_is_not_logged() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    log();
    let ways: [fn(Job); 3] = [
        |job| assert!(job.wait(LONG).unwrap_err().is_panic()),
        |job| assert!(job.original_failure().unwrap().is_panic()),
        |job| assert!(panic::catch_unwind(panic::AssertUnwindSafe(|| job.join(LONG))).is_err()),
    ];
    for see in ways {
        let job = reactor.run_in_reactor(|| async { panic!("<seen panic>") });
        settle(&reactor);
        see(job);
    }
    reactor.shutdown(LONG).unwrap();
    assert_eq!(log().with("<seen panic>"), []);
}

#[test]
fn a_future_of_a_result_that_is_dropped_unready_has_shown_nothing() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (job, at) = failed(&reactor, "not awaited");
    drop(job.into_future());
    assert_logged_once("not awaited", at);
}

#[test]
fn a_stashed_failure_is_logged_at_shutdown_and_can_be_retrieved_still() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (job, at) = failed(&reactor, "stashed");
    let id = job.stash();
    assert_eq!(log().with("<stashed>"), []);
    reactor.shutdown(LONG).unwrap();
    assert_logged_once("stashed", at);
    let job = retrieve_result::<(), Failure>(id).unwrap();
    assert!(matches!(job.wait(LONG), Err(Error::Job(Failure("stashed")))));
    drop(job);
    assert_logged_once("stashed", at);
}

#[test]
fn a_stashed_failure_that_was_logged_is_not_logged_again_by_the_drop_of_its_handle() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (job, at) = failed(&reactor, "stashed, dropped");
    let id = job.stash();
    reactor.shutdown(LONG).unwrap();
    drop(retrieve_result::<(), Failure>(id).unwrap());
    assert_logged_once("stashed, dropped", at);
}

#[test]
fn a_stashed_failure_is_not_logged_at_the_shutdown_of_another_reactor() {
    let _limit = limit(LONG);
    let (reactor, other) = (Reactor::new().unwrap(), Reactor::new().unwrap());
    let id = failed(&reactor, "of another reactor").0.stash();
    other.shutdown(LONG).unwrap();
    assert_eq!(log().with("<of another reactor>"), []);
    let job = retrieve_result::<(), Failure>(id).unwrap();
    let _ = job.wait(LONG);
}

#[test]
fn a_stashed_failure_that_was_seen_before_is_not_logged() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (job, _) = failed(&reactor, "seen, then stashed");
    let _ = job.wait(LONG);
    let _id = job.stash();
    reactor.shutdown(LONG).unwrap();
    assert_eq!(log().with("<seen, then stashed>"), []);
}

#[test]
fn cancelled_and_stopped_jobs_and_successes_are_never_logged() {
    let _limit = limit(LONG);
    log();
    let reactor = Reactor::new().unwrap();
    let started = line!();
    for _ in 0..2 {
        let cancelled = endless(&reactor, ());
        cancelled.cancel();
        cancelled.detach();
        reactor.run_in_reactor(|| async { Ok::<_, Failure>(7) }).detach();
        let late = endless(&reactor, ());
        assert!(late.into_result(SHORT).unwrap_err().is_timeout());
        let _stopped = endless(&reactor, ()).stash();
        endless(&reactor, ()).detach();
    }
    let ended = line!();
    let unseen = endless(&reactor, ());
    reactor.shutdown(LONG).unwrap();
    drop(unseen);
    let refused = reactor.run_in_reactor(|| async { Ok::<_, Failure>(7) });
    let last = line!();
    drop(refused);
    for line in started..=last {
        assert_eq!(log().with(&format!("{}:{line}: ", file!())), []);
    }
    assert!(ended < last);
}

#[test]
fn an_errors_control_characters_are_escaped_in_the_log() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (forged, at) = failed(&reactor, "\x1b[2Kfine>\nnobody saw the failure of the job <forged");
    drop(forged);
    let records = log().with("forged");
    let place = format!("{}:{}", at.file(), at.line());
    let text = format!(
        "nobody saw the failure of the job started at {place}: \
         Failure<\\u{{1b}}[2Kfine>\\nnobody saw the failure of the job <forged>"
    );
    assert_eq!(records.iter().map(|record| &record.text).collect::<Vec<_>>(), [&text]);
}
