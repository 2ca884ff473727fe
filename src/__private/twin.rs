//! The functions that the output of `#[blocking]` calls.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

pub use futures_lite::Stream;
use futures_lite::StreamExt;

use super::{JobResult, wait_for_wrapped, wait_for_wrapped_on};
use crate::bridge::iter::{Iter, MergeErrors};
use crate::context::held::Held;
use crate::error::Error;
use crate::reactor::handle::Reactor;

/// The field of a twin that holds the async value `T`.
#[diagnostic::on_unimplemented(
    message = "the first field of a twin holds the async value: `{T}`, `crochet::Held<{T}>` or `Arc<{T}>`; this is `{Self}`",
    label = "not made from `{T}`",
    note = "write `make = path` where the twin is made in another way"
)]
pub trait FromAsync<T>: Sized {
    fn from_async(value: T) -> Self;
}

/// A field from which the async value can be taken.
#[diagnostic::on_unimplemented(
    message = "the async value `{T}` cannot be moved out of a twin that holds `{Self}`",
    note = "write `#[blocking(skip)]` above the function"
)]
pub trait IntoAsync<T> {
    fn into_async(self) -> T;
}

/// A field that can share the async value with a call: in its `Arc`, or as a clone.
#[diagnostic::on_unimplemented(
    message = "`self: Arc<Self>` needs a value that twins can share, and `{Self}` is none",
    label = "neither `Clone` nor in an `Arc`",
    note = "write `Arc<{T}>` as the first field of the twin, or `#[blocking(skip)]` above the function"
)]
pub trait ShareAsync<T>: Sized {
    fn into_shared(self) -> Arc<T>;
    fn to_shared(&self) -> Arc<T>;
}

impl<T> FromAsync<T> for T {
    fn from_async(value: T) -> Self {
        value
    }
}

impl<T> IntoAsync<T> for T {
    fn into_async(self) -> T {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<T: Clone> ShareAsync<T> for T {
    fn into_shared(self) -> Arc<T> {
        Arc::new(self)
    }

    fn to_shared(&self) -> Arc<T> {
        Arc::new(self.clone())
    }
}

impl<T> FromAsync<T> for Held<T> {
    fn from_async(value: T) -> Self {
        Self::new(value)
    }
}

impl<T> FromAsync<T> for Held<Arc<T>> {
    fn from_async(value: T) -> Self {
        Self::new(Arc::new(value))
    }
}

impl<T> IntoAsync<T> for Held<T> {
    fn into_async(self) -> T {
        self.into_inner()
    }
}

#[diagnostic::do_not_recommend]
impl<T: Clone> ShareAsync<T> for Held<T> {
    fn into_shared(self) -> Arc<T> {
        Arc::new(self.into_inner())
    }

    fn to_shared(&self) -> Arc<T> {
        Arc::new(T::clone(self))
    }
}

impl<T> ShareAsync<T> for Held<Arc<T>> {
    fn into_shared(self) -> Arc<T> {
        self.into_inner()
    }

    fn to_shared(&self) -> Arc<T> {
        Arc::clone(self)
    }
}

impl<T> FromAsync<T> for Arc<T> {
    fn from_async(value: T) -> Self {
        Self::new(value)
    }
}

impl<T> ShareAsync<T> for Arc<T> {
    fn into_shared(self) -> Arc<T> {
        self
    }

    fn to_shared(&self) -> Arc<T> {
        Self::clone(self)
    }
}

pub fn from_async<T, F: FromAsync<T>>(value: T) -> F {
    F::from_async(value)
}

pub fn into_async<T, F: IntoAsync<T>>(field: F) -> T {
    field.into_async()
}

/// Makes the original's `Arc<Self>` of the twin's: takes the value out of the only handle, or
/// shares it.
pub fn share<W, F, T>(
    twin: Arc<W>,
    into_field: impl FnOnce(W) -> F,
    field: impl FnOnce(&W) -> &F,
) -> Arc<T>
where
    F: ShareAsync<T>,
{
    match Arc::try_unwrap(twin) {
        Ok(twin) => into_field(twin).into_shared(),
        Err(twin) => field(&twin).to_shared(),
    }
}

pub fn map_all<T, U>(values: Vec<T>, convert: impl FnMut(T) -> U) -> Vec<U> {
    values.into_iter().map(convert).collect()
}

pub fn map_stream<S: Stream, U>(
    stream: S,
    convert: impl FnMut(S::Item) -> U + Send,
) -> impl Stream<Item = U> {
    stream.map(convert)
}

pub fn merge_errors<S, T, E>(iter: Iter<S>, convert: fn(Error) -> E) -> MergeErrors<S>
where
    S: Stream<Item = Result<T, E>> + Send,
{
    MergeErrors::new(iter, convert)
}

#[track_caller]
pub fn wait_for_value<F>(timeout: Duration, job: F) -> Result<F::Output, Error>
where
    F: Future<Output: Send> + Send,
{
    Result::wait(None, timeout, async { Ok(job.await) })
}

#[track_caller]
pub fn wait_for_value_on<F>(reactor: Reactor, timeout: Duration, job: F) -> Result<F::Output, Error>
where
    F: Future<Output: Send> + Send,
{
    Result::wait(Some(&reactor), timeout, async { Ok(job.await) })
}

#[track_caller]
pub fn wait_for_or<F, T, E>(
    timeout: Duration,
    job: F,
    convert: impl FnOnce(Error) -> E,
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>> + Send,
    T: Send,
    E: Send,
{
    wait_for_wrapped(timeout, job).map_err(|error| error.flatten_with(convert))
}

#[track_caller]
pub fn wait_for_or_on<F, T, E>(
    reactor: Reactor,
    timeout: Duration,
    job: F,
    convert: impl FnOnce(Error) -> E,
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>> + Send,
    T: Send,
    E: Send,
{
    wait_for_wrapped_on(reactor, timeout, job).map_err(|error| error.flatten_with(convert))
}
