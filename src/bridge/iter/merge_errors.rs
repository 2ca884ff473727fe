//! [`MergeErrors`]: an iterator over a stream of `Result`s, with one level of error.

use std::fmt;
use std::iter::FusedIterator;
use std::time::Duration;

use futures_lite::Stream;

use super::Iter;
use crate::error::Error;

/// A `Result`, for its error type.
pub trait AnyResult {
    type Error;
}

impl<T, E> AnyResult for Result<T, E> {
    type Error = E;
}

/// Iterates over an async stream of `Result`s whose errors can hold those of the reactor; `next`
/// blocks. Made by [`Iter::merge_errors`].
///
/// Otherwise it is an [`Iter`]: the table there says which errors come when, here converted by
/// `E::from`. Dropping it drops that iterator.
#[must_use = "an iterator does nothing unless it is asked for items"]
pub struct MergeErrors<S: Stream<Item: AnyResult> + Send> {
    iter: Iter<S>,
    convert: fn(Error) -> <S::Item as AnyResult>::Error,
}

impl<S, T, E> MergeErrors<S>
where
    S: Stream<Item = Result<T, E>> + Send,
{
    pub(crate) fn new(iter: Iter<S>, convert: fn(Error) -> E) -> Self {
        Self { iter, convert }
    }
}

impl<S, T, E> MergeErrors<S>
where
    S: Stream<Item = Result<T, E>> + Send,
    T: Send,
    E: Send,
{
    /// Sets how long `next` waits for an item at most. Never blocks. Like [`Iter::timeout`].
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { iter: self.iter.timeout(timeout), ..self }
    }

    /// Starts a job that reads up to `n` items ahead. Does not wait for it. Like
    /// [`Iter::read_ahead`].
    #[track_caller]
    pub fn read_ahead(self, n: usize) -> Self
    where
        S: 'static,
        T: 'static,
        E: 'static,
    {
        Self { iter: self.iter.read_ahead(n), ..self }
    }
}

impl<S, T, E> Iterator for MergeErrors<S>
where
    S: Stream<Item = Result<T, E>> + Send,
    T: Send,
    E: Send,
{
    type Item = Result<T, E>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.iter.next()?;
        Some(next.unwrap_or_else(|error| Err((self.convert)(error))))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.iter.size_hint()
    }
}

impl<S, T, E> FusedIterator for MergeErrors<S>
where
    S: Stream<Item = Result<T, E>> + Send,
    T: Send,
    E: Send,
{
}

impl<S: Stream<Item: AnyResult> + Send> fmt::Debug for MergeErrors<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MergeErrors").field(&self.iter).finish()
    }
}
