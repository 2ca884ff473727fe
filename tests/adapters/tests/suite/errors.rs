//! `Error<E>` goes through `?` into the error types that programs use, and its source stays what it
//! was.

use std::error::Error as _;
use std::future;
use std::num::ParseIntError;
use std::time::Duration;

use crochet::{Error, wait_for_wrapped};

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(20);

/// An error of another crate, with a source.
#[derive(Debug, thiserror::Error)]
#[error("the answer is not a number")]
struct Foreign(#[from] ParseIntError);

async fn fails() -> Result<u32, Foreign> {
    Ok("many".parse::<u32>()?)
}

async fn never() -> Result<u32, Foreign> {
    future::pending().await
}

#[test]
fn into_anyhow() {
    let calls = |late: bool| -> anyhow::Result<u32> {
        Ok(if late { wait_for_wrapped(SHORT, never())? } else { wait_for_wrapped(LONG, fails())? })
    };
    let own = calls(false).unwrap_err();
    assert_eq!(format!("{own:#}"), "the answer is not a number: invalid digit found in string");
    assert!(own.root_cause().is::<ParseIntError>());
    let late = calls(true).unwrap_err();
    assert!(late.downcast_ref::<Error<Foreign>>().unwrap().is_timeout());
}

#[test]
fn into_eyre() {
    let calls = |late: bool| -> eyre::Result<u32> {
        Ok(if late { wait_for_wrapped(SHORT, never())? } else { wait_for_wrapped(LONG, fails())? })
    };
    let own = calls(false).unwrap_err();
    assert_eq!(format!("{own:#}"), "the answer is not a number: invalid digit found in string");
    assert!(own.root_cause().is::<ParseIntError>());
    let late = calls(true).unwrap_err();
    assert!(late.downcast_ref::<Error<Foreign>>().unwrap().is_timeout());
}

/// One variant for the whole of `Error<E>`.
#[derive(Debug, thiserror::Error)]
enum Wrapping {
    #[error("the lookup failed")]
    Lookup(#[from] Error<Foreign>),
}

#[test]
fn into_one_variant_of_an_enum() {
    let calls = |late: bool| -> Result<u32, Wrapping> {
        Ok(if late { wait_for_wrapped(SHORT, never())? } else { wait_for_wrapped(LONG, fails())? })
    };
    let own = calls(false).unwrap_err();
    let lookup = own.source().unwrap();
    assert_eq!(lookup.to_string(), "the answer is not a number");
    assert!(lookup.source().unwrap().is::<ParseIntError>());
    let Wrapping::Lookup(late) = calls(true).unwrap_err();
    assert!(late.is_timeout());
}

/// Two variants, one for the job's own error and one for the crate's; `wait_for` itself does
/// without a wrapper.
#[derive(Debug, thiserror::Error)]
enum Flat {
    #[error("the lookup failed")]
    Lookup(#[from] Foreign),
    #[error(transparent)]
    Crochet(#[from] Error),
}

#[test]
fn into_two_variants_of_an_enum() {
    let own = crochet::wait_for(LONG, async { Ok::<_, Flat>(fails().await?) }).unwrap_err();
    assert!(matches!(own, Flat::Lookup(_)));
    assert!(own.source().unwrap().source().unwrap().is::<ParseIntError>());
    let late = crochet::wait_for(SHORT, async { Ok::<_, Flat>(never().await?) }).unwrap_err();
    assert!(matches!(late, Flat::Crochet(Error::TimedOut(_))));
}
