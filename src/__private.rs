//! What the attributes' output calls, and not for anyone else: the crate's functions, with bounds that explain
//! themselves.

mod twin;

use std::future::Future;
use std::time::Duration;

use crate::error::Error;
use crate::reactor::global;
use crate::reactor::handle::Reactor;

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

    fn into_result(self) -> Result<Self::Value, Self::Error>;

    fn wait<F>(reactor: Option<&Reactor>, timeout: Duration, job: F) -> Self
    where
        F: Future<Output = Self> + Send,
        Self::Value: Send,
        Self::Error: FromCrochet + Send;
}

impl<T, E> JobResult for Result<T, E> {
    type Value = T;
    type Error = E;

    fn into_result(self) -> Self {
        self
    }

    #[track_caller]
    fn wait<F>(reactor: Option<&Reactor>, timeout: Duration, job: F) -> Self
    where
        F: Future<Output = Self> + Send,
        T: Send,
        E: FromCrochet + Send,
    {
        match reactor {
            Some(reactor) => reactor.wait_for(timeout, job),
            None => global::wait_for(timeout, job),
        }
    }
}

/// An error type that has room for the crate's own failures.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be made from `crochet::Error`, as a timeout would have to be",
    label = "this error type has no room for a timeout",
    note = "write `impl From<crochet::Error> for {Self}`"
)]
pub trait FromCrochet: From<Error> {}

#[diagnostic::do_not_recommend]
impl<E: From<Error>> FromCrochet for E {}

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

/// A handle of one's own: what the reactor was borrowed from may be moved into the job.
pub fn reactor(reactor: &Reactor) -> Reactor {
    reactor.clone()
}

#[track_caller]
pub fn wait_for<F>(timeout: Duration, job: F) -> F::Output
where
    F: Future + Send, // if not: `#[run_in_reactor]`, and `.join(timeout)` on what that returns
    F::Output: JobResult<Value: Send, Error: FromCrochet + Send>,
{
    F::Output::wait(None, timeout, job)
}

#[track_caller]
pub fn wait_for_on<F>(reactor: Reactor, timeout: Duration, job: F) -> F::Output
where
    F: Future + Send, // if not: `#[run_in_reactor]`, and `.join(timeout)` on what that returns
    F::Output: JobResult<Value: Send, Error: FromCrochet + Send>,
{
    F::Output::wait(Some(&reactor), timeout, job)
}
