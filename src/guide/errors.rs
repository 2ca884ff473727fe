//! Errors: the job's, the crate's, and how to get both through `?`.
//!
//! A call that waits for a job can fail in two ways. The job ran and returned its own error; or
//! this crate returns an [`Error`](crate::Error) instead, because the time was over or the reactor
//! has stopped. A signature has room for one error type, so one of these ways joins the two:
//!
//! | the job's error type | take | the call's error type |
//! |---|---|---|
//! | [`io::Error`](std::io::Error), or your own type with `From<crochet::Error>` | [`wait_for`](crate::wait_for()), [`join`](crate::EventualResult::join), the attributes | the job's |
//! | `anyhow::Error`, `eyre::Report`, `Box<dyn Error + Send + Sync>` | the same | the job's |
//! | that of another crate: reqwest's, sqlx's, redis's | [`wait_for_wrapped`](crate::wait_for_wrapped), [`into_result`](crate::EventualResult::into_result), `error = wrap` | [`Error<E>`](crate::Error) |
//! | several, in one job | `?` in an async block, into an enum of your own or `anyhow::Error` | that |
//!
//! When to take which:
//!
//! - In a **program** that only reports errors: `anyhow`, or `Box<dyn Error + Send + Sync>`.
//! - Around **one call of a library**: wrap. There is nothing to define, and each error keeps its
//!   type.
//! - In a **library of your own**: an enum with a variant for each, or `io::Error`. Your users need
//!   not know this crate then.
//!
//! # Wrap
//!
//! [`wait_for_wrapped`](crate::wait_for_wrapped) returns `Result<T, Error<E>>`, and asks nothing of
//! `E` but `Send`. [`Error::Job`](crate::Error::Job) holds the job's error; `Display` and
//! `source()` are those of the job's error, so a report reads as if there were no wrapper. In these
//! examples `ParseIntError` stands for an error type of another crate.
//!
//! ```
//! use crochet::{Error, wait_for_wrapped};
//! use std::{error, future, num::ParseIntError, time::Duration};
//!
//! async fn lookup(text: &str) -> Result<u32, ParseIntError> {
//!     future::ready(text.parse()).await
//! }
//!
//! fn program() -> Result<u32, Box<dyn error::Error + Send + Sync>> {
//!     let one = wait_for_wrapped(Duration::from_secs(60), lookup("1"))?; // one `?` for both
//!     Ok(one)
//! }
//! assert_eq!(program().unwrap(), 1);
//!
//! match wait_for_wrapped(Duration::from_secs(60), lookup("one")) {
//!     Err(Error::Job(error)) => assert_eq!(error.to_string(), "invalid digit found in string"),
//!     Err(other) => panic!("the call failed, not the job: {other}"), // a timeout, for example
//!     Ok(one) => panic!("{one}"),
//! }
//! ```
//!
//! The attribute does the same with `error = wrap`. The function that it makes returns
//! `Result<T, crochet::Error<E>>`:
//!
//! ```
//! use crochet::{Error, wait_for};
//! use std::num::ParseIntError;
//!
//! #[wait_for(timeout = 60.0, error = wrap)]
//! async fn lookup(text: &str) -> Result<u32, ParseIntError> {
//!     text.parse()
//! }
//!
//! let failure: Error<ParseIntError> = lookup("one").unwrap_err();
//! assert!(!failure.is_timeout());
//! ```
//!
//! A job of [`run_in_reactor`](crate::run_in_reactor()) may have any error type with `Debug`.
//! [`into_result`](crate::EventualResult::into_result) and [`wait`](crate::EventualResult::wait)
//! return it wrapped; [`join`](crate::EventualResult::join) needs `From<Error>`.
//!
//! ```
//! use crochet::Error;
//! use std::{num::ParseIntError, time::Duration};
//!
//! let job = crochet::run_in_reactor(|| async { "one".parse::<u32>() });
//! let failure: Error<ParseIntError> = job.into_result(Duration::from_secs(60)).unwrap_err();
//! assert!(matches!(failure, Error::Job(_)));
//! ```
//!
//! # An enum of your own
//!
//! Two `From`s are enough: one for the other crate's error, which the job's `?` uses, and one for
//! [`crochet::Error`](crate::Error), which [`wait_for`](crate::wait_for()) uses. (With the crate
//! thiserror, they are two fields with `#[from]`.)
//!
//! ```
//! use crochet::wait_for;
//! use std::{future, num::ParseIntError, time::Duration};
//!
//! #[derive(Debug)]
//! pub enum LookupError {
//!     Answer(ParseIntError),
//!     Call(crochet::Error),
//! }
//!
//! impl From<ParseIntError> for LookupError {
//!     fn from(error: ParseIntError) -> Self {
//!         Self::Answer(error)
//!     }
//! }
//!
//! impl From<crochet::Error> for LookupError {
//!     fn from(error: crochet::Error) -> Self {
//!         Self::Call(error)
//!     }
//! }
//!
//! fn lookup(text: &str, timeout: Duration) -> Result<u32, LookupError> {
//!     wait_for(timeout, async {
//!         if text.is_empty() {
//!             future::pending::<()>().await;
//!         }
//!         Ok(text.parse()?) // into `Answer`
//!     })
//! }
//!
//! assert_eq!(lookup("1", Duration::from_secs(60)).unwrap(), 1);
//! assert!(matches!(lookup("one", Duration::from_secs(60)), Err(LookupError::Answer(_))));
//! let late = lookup("", Duration::from_millis(20)).unwrap_err();
//! assert!(matches!(late, LookupError::Call(crochet::Error::TimedOut(_))));
//! ```
//!
//! # anyhow
//!
//! `anyhow::Error`, `eyre::Report` and `Box<dyn Error + Send + Sync>` take in every error, so a job
//! may return them, and a wrapped error goes into them:
//!
//! ```
//! use anyhow::Context;
//! use crochet::{wait_for, wait_for_wrapped};
//! use std::time::Duration;
//!
//! const TIMEOUT: Duration = Duration::from_secs(60);
//!
//! fn sum(a: &str, b: &str) -> anyhow::Result<u32> {
//!     // Several kinds of errors in one job:
//!     let a = wait_for(TIMEOUT, async { anyhow::Ok(a.parse::<u32>().context("the first number")?) })?;
//!     // One call of a library:
//!     let b = wait_for_wrapped(TIMEOUT, async { b.parse::<u32>() }).context("the second number")?;
//!     Ok(a + b)
//! }
//!
//! assert_eq!(sum("20", "22").unwrap(), 42);
//! let error = sum("20", "two").unwrap_err();
//! assert_eq!(format!("{error:#}"), "the second number: invalid digit found in string");
//! ```
//!
//! Plain `Box<dyn Error>` will not do for a job, because its result has to be `Send`.
//!
//! # io::Error
//!
//! For a library that talks to the network, [`io::Error`](std::io::Error) is often the best choice:
//! callers know it, a timeout has the kind [`TimedOut`](std::io::ErrorKind::TimedOut), and the
//! [`Error`](crate::Error) with its reason stays inside. A foreign error goes in with
//! `io::Error::other`:
//!
//! ```
//! use crochet::wait_for;
//! use std::{io, time::Duration};
//!
//! fn lookup(text: &str) -> io::Result<u32> {
//!     wait_for(Duration::from_secs(60), async { text.parse().map_err(io::Error::other) })
//! }
//!
//! assert_eq!(lookup("1").unwrap(), 1);
//! assert_eq!(lookup("one").unwrap_err().kind(), io::ErrorKind::Other);
//! ```
//!
//! # Eleven libraries
//!
//! The errors of these go through one `?` into one type, each with its `source`. The code is compiled
//! with the real libraries, and `tests/recipes/tests/errors.rs` in the repository looks at what
//! comes out; `error_ways.rs` beside it has each way of this page, with four of these libraries.
//!
#![doc = "```ignore"]
#![doc = include_str!("errors/libraries.rs")]
#![doc = "```"]
//!
//! # To find the timeout again
//!
//! | in | a timeout of the call is |
//! |---|---|
//! | `Error<E>` | [`error.is_timeout()`](crate::Error::is_timeout) |
//! | an enum of your own | `Call(error)` with `error.is_timeout()` |
//! | `io::Error` | of kind `TimedOut`; so is a timeout of the system's own, and only that of the call has a `crochet::Error` inside |
//! | `anyhow::Error`, `Box<dyn Error + Send + Sync>` | a `crochet::Error` if the job has that error type, and a `crochet::Error<E>` if it was wrapped |
//!
//! ```
//! use crochet::{Error, wait_for, wait_for_wrapped};
//! use std::{future, io, num::ParseIntError, time::Duration};
//!
//! const SHORT: Duration = Duration::from_millis(20);
//!
//! let late: io::Result<()> = wait_for(SHORT, future::pending());
//! let late = late.unwrap_err();
//! let inside = late.get_ref().and_then(|error| error.downcast_ref::<Error>());
//! assert!(inside.is_some_and(Error::is_timeout));
//!
//! let late: anyhow::Result<()> = wait_for(SHORT, future::pending());
//! let late = late.unwrap_err();
//! assert!(late.downcast_ref::<Error>().is_some_and(Error::is_timeout));
//!
//! let late = wait_for_wrapped(SHORT, future::pending::<Result<(), ParseIntError>>());
//! let late = anyhow::Error::from(late.unwrap_err()).context("the lookup");
//! assert!(late.downcast_ref::<Error<ParseIntError>>().is_some_and(Error::is_timeout));
//! ```
//!
//! [`Error::TimedOut`](crate::Error::TimedOut) says why: what the job was doing, and which job held
//! the reactor thread ([`TimedOut`](crate::TimedOut)).
//!
//! # What does not compile, and what to write
//!
//! `wait_for` with the error of another crate, because only that crate could add the `From`. Write
//! `wait_for_wrapped`.
//!
//! ```compile_fail,E0277
//! use std::time::Duration;
//!
//! let _ = crochet::wait_for(Duration::from_secs(60), async { "1".parse::<u32>() });
//! ```
//!
//! `map_err(Error::Job)` inside the job, which makes `Error<E>` the job's own error type; that has
//! no `From<Error>` either. Write `wait_for_wrapped`, without the `map_err`.
//!
//! ```compile_fail,E0277
//! use std::time::Duration;
//!
//! let _ = crochet::wait_for(Duration::from_secs(60), async {
//!     "1".parse::<u32>().map_err(crochet::Error::Job)
//! });
//! ```
//!
//! # Panics are not errors
//!
//! [`wait_for`](crate::wait_for()), [`wait_for_wrapped`](crate::wait_for_wrapped) and
//! [`join`](crate::EventualResult::join) re-raise a panic of the job in the caller, as a function
//! call would. [`wait`](crate::EventualResult::wait) and
//! [`into_result`](crate::EventualResult::into_result) return it as
//! [`Error::Panicked`](crate::Error::Panicked).
