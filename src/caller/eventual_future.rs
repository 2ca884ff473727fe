//! [`EventualFuture`]: an [`EventualResult`] in async code.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::caller::eventual::EventualResult;
use crate::error::Error;
use crate::sys::fork::check_not_forked;

impl<T, E> IntoFuture for EventualResult<T, E> {
    type Output = Result<T, Error<E>>;
    type IntoFuture = EventualFuture<T, E>;

    fn into_future(self) -> EventualFuture<T, E> {
        EventualFuture { result: Some(self) }
    }
}

/// The future of an [`EventualResult`]: made by `.await`, on any executor.
///
/// Dropping it lets the job run on, as dropping the `EventualResult` does.
///
/// # Panics
///
/// When it is polled again after it was ready.
#[must_use = "futures do nothing unless polled; the job runs anyway"]
pub struct EventualFuture<T, E = Error> {
    /// `None` once ready.
    result: Option<EventualResult<T, E>>,
}

// Nothing in it is pinned.
impl<T, E> Unpin for EventualFuture<T, E> {}

impl<T, E> Future for EventualFuture<T, E> {
    type Output = Result<T, Error<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let result = self.result.as_mut().expect("`EventualFuture` polled after completion");
        if let Err(forked) = check_not_forked() {
            return Poll::Ready(Err(forked.widen()));
        }
        let poll = result.poll_take(cx);
        if poll.is_ready() {
            self.result = None;
        }
        poll
    }
}

impl<T, E> fmt::Debug for EventualFuture<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EventualFuture").field(&self.result).finish()
    }
}
