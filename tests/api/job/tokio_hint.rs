//! Without the feature `tokio`, a job that uses tokio panics with a text of tokio's, and is told of
//! the feature.
//!
//! That this is tokio's text, `tests/tokio` sees to.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::support::{LONG, child_command, child_output, is_child, limit, log, test_name};
use crochet::{Error, Reactor};

const TOKIOS: &str =
    "there is no reactor running, must be called from the context of a Tokio 1.x runtime";
const HINT: &str = "enable crochet-rs's feature `tokio`";

async fn use_tokio() -> Result<(), Error> {
    panic!("{TOKIOS}")
}

#[test]
fn the_panics_text_names_the_feature_and_its_message_is_tokios() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let job = reactor.run_in_reactor(use_tokio);
    let failure = job.wait(LONG).unwrap_err();
    let place = file!();
    let text = failure.to_string();
    assert!(text.starts_with(&format!("the job panicked at {place}:")), "{text}");
    assert!(text.ends_with(&format!(": {TOKIOS} ({HINT})")), "{text}");
    let Error::Panicked(panic) = failure else { panic!("{failure:?}") };
    assert_eq!(panic.message(), Some(TOKIOS));
}

#[test]
fn the_log_of_a_failure_that_no_caller_saw_names_the_feature() {
    let _limit = limit(LONG);
    let (log, reactor) = (log(), Reactor::new().unwrap());
    let line = line!() + 1;
    reactor.run_in_reactor(use_tokio).detach();
    let text = log.wait_for(&format!("started at {}:{line}: ", file!())).text;
    assert!(text.contains(&format!("hint: {HINT:?}")), "{text}");
}

#[test]
fn the_panic_of_sqlx_names_the_feature_too() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let job = reactor.run_in_reactor(|| async {
        if true {
            panic!("this functionality requires a Tokio context");
        }
        Ok::<_, Error>(())
    });
    let text = job.wait(LONG).unwrap_err().to_string();
    assert!(text.ends_with(&format!("requires a Tokio context ({HINT})")), "{text}");
}

#[test]
fn the_log_of_an_unseen_error_names_the_feature_where_a_library_returns_one() {
    /// As zbus has it.
    #[derive(Debug)]
    struct Unsupported;
    let _limit = limit(LONG);
    let (log, reactor) = (log(), Reactor::new().unwrap());
    let line = line!() + 1;
    reactor.run_in_reactor(|| async { Err::<(), _>(Unsupported) }).detach();
    let text = log.wait_for(&format!("started at {}:{line}: ", file!())).text;
    let advice = format!("Unsupported (if the library is built on tokio, {HINT})");
    assert!(text.ends_with(&advice), "{text}");
}

#[test]
fn other_panics_are_left_alone() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let job = reactor.run_in_reactor(|| async {
        if true {
            panic!("there is no wool");
        }
        Ok::<_, Error>(())
    });
    let text = job.wait(LONG).unwrap_err().to_string();
    assert!(text.ends_with(": there is no wool"), "{text}");
}

#[test]
fn a_panic_that_goes_on_in_the_caller_is_explained_where_it_is_reported() {
    if is_child() {
        let reactor = Reactor::new().unwrap();
        let call = || reactor.wait_for(LONG, use_tokio());
        let payload = catch_unwind(AssertUnwindSafe(call)).unwrap_err();
        assert_eq!(payload.downcast_ref::<String>().map(String::as_str), Some(TOKIOS));
        // A panic outside of any job is none of the library's business.
        let _ = catch_unwind(|| panic!("{TOKIOS}"));
        return;
    }
    let output = child_output(&mut child_command(test_name!()));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let (before, after) = stderr.split_once(&format!("note: {HINT}\n")).expect(&stderr);
    assert!(before.contains(TOKIOS), "{stderr}");
    assert!(after.contains(TOKIOS) && !after.contains(HINT), "{stderr}");
}
