//! The functions that the attributes' output calls: those of the public API, with bounds whose errors say
//! what to write. No part of the public API.

mod twin;

use std::future::Future;
use std::time::Duration;

use crate::error::Error;
use crate::reactor::global_jobs;
use crate::reactor::handle::Reactor;

#[cfg(feature = "macros")]
pub use crochet_macros::{
    in_a_trait_call_a_function_outside_it, in_an_impl_mention_the_self_type_once,
};
pub use twin::*;

/// A `Result`, under whatever name.
#[diagnostic::on_unimplemented(
    message = "a job returns a `Result`, so that no error is lost; this one returns `{Self}`",
    label = "not a `Result`",
    note = "write `-> Result<{Self}, E>`, or an alias such as `std::io::Result<{Self}>`"
)]
pub trait JobResult: Sized {
    type Value;
    type Error;

    fn wait<F>(reactor: Option<&Reactor>, timeout: Duration, job: F) -> Self
    where
        F: Future<Output = Self> + Send,
        Self::Value: Send,
        Self::Error: FromCrochet + Send;

    fn wait_wrapped<F>(reactor: Option<&Reactor>, timeout: Duration, job: F) -> Wrapped<Self>
    where
        F: Future<Output = Self> + Send,
        Self::Value: Send,
        Self::Error: Send;
}

impl<T, E> JobResult for Result<T, E> {
    type Value = T;
    type Error = E;

    #[track_caller]
    fn wait<F>(reactor: Option<&Reactor>, timeout: Duration, job: F) -> Self
    where
        F: Future<Output = Self> + Send,
        T: Send,
        E: FromCrochet + Send,
    {
        match reactor {
            Some(reactor) => reactor.wait_for(timeout, job),
            None => global_jobs::wait_for(timeout, job),
        }
    }

    #[track_caller]
    fn wait_wrapped<F>(reactor: Option<&Reactor>, timeout: Duration, job: F) -> Result<T, Error<E>>
    where
        F: Future<Output = Self> + Send,
        T: Send,
        E: Send,
    {
        match reactor {
            Some(reactor) => reactor.wait_for_wrapped(timeout, job),
            None => global_jobs::wait_for_wrapped(timeout, job),
        }
    }
}

/// The `Result` of `#[wait_for(error = wrap)]`.
pub type Wrapped<R> = Result<<R as JobResult>::Value, Error<<R as JobResult>::Error>>;

/// An error type that can carry a failure of the crate.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be made from `crochet::Error`, as a timeout would have to be",
    label = "this error type has no room for a timeout",
    note = "if the type is your own: write `impl From<crochet::Error> for {Self}`",
    note = "if the type is another crate's: add `error = wrap` to the attribute, which makes the error `crochet::Error<{Self}>`; or use an `enum` of your own, `anyhow::Error` or `Box<dyn Error + Send + Sync>`"
)]
pub trait FromCrochet: From<Error> {}

#[diagnostic::do_not_recommend]
impl<E: From<Error>> FromCrochet for E {}

/// An error that can come back from the reactor thread.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent from the reactor thread to the caller",
    label = "this error type is not `Send`",
    note = "for `Box<dyn Error>` write `Box<dyn Error + Send + Sync>`"
)]
pub trait SendError: Send {}

#[diagnostic::do_not_recommend]
impl<E: Send> SendError for E {}

/// A timeout: a `Duration`, or a borrowed one.
#[diagnostic::on_unimplemented(
    message = "a timeout is a number of seconds, written out, or a `Duration`; this is `{Self}`",
    label = "not a `Duration`",
    note = "write `timeout = 5.0`, or `timeout = Duration::from_secs_f64(..)` around a number that is computed"
)]
pub trait Timeout {
    fn duration(self) -> Duration;
}

impl Timeout for Duration {
    fn duration(self) -> Duration {
        self
    }
}

impl Timeout for &Duration {
    fn duration(self) -> Duration {
        *self
    }
}

pub fn timeout(timeout: impl Timeout) -> Duration {
    timeout.duration()
}

/// Clones the handle: the value that it was borrowed from may be moved into the job.
pub fn reactor(reactor: &Reactor) -> Reactor {
    reactor.clone()
}

#[track_caller]
pub fn wait_for<F>(timeout: Duration, job: F) -> F::Output
where
    F: Future + Send, // if not: `#[run_in_reactor]` and `.join(timeout)`; in a trait: a function outside it
    F::Output: JobResult<Value: Send, Error: FromCrochet + SendError>,
{
    F::Output::wait(None, timeout, job)
}

#[track_caller]
pub fn wait_for_on<F>(reactor: Reactor, timeout: Duration, job: F) -> F::Output
where
    F: Future + Send, // if not: `#[run_in_reactor]` and `.join(timeout)`; in a trait: a function outside it
    F::Output: JobResult<Value: Send, Error: FromCrochet + SendError>,
{
    F::Output::wait(Some(&reactor), timeout, job)
}

#[track_caller]
pub fn wait_for_wrapped<F>(timeout: Duration, job: F) -> Wrapped<F::Output>
where
    F: Future + Send, // if not: `#[run_in_reactor]` and `.into_result(timeout)`; in a trait: a function outside it
    F::Output: JobResult<Value: Send, Error: SendError>,
{
    F::Output::wait_wrapped(None, timeout, job)
}

#[track_caller]
pub fn wait_for_wrapped_on<F>(reactor: Reactor, timeout: Duration, job: F) -> Wrapped<F::Output>
where
    F: Future + Send, // if not: `#[run_in_reactor]` and `.into_result(timeout)`; in a trait: a function outside it
    F::Output: JobResult<Value: Send, Error: SendError>,
{
    F::Output::wait_wrapped(Some(&reactor), timeout, job)
}
