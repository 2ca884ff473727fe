//! The feature `tracing`: the span and the subscriber of a job.
//!
//! A job of `wait_for` is part of its caller's work, so it runs in the caller's span, which is open
//! during the call. A job of `run_in_reactor` outlives the call. It gets a span of its own, which
//! has no parent, follows from the caller's span, and is closed before the outcome is published.
//!
//! Both kinds keep the caller's subscriber, so that a job's events go where its caller's events go,
//! even if that is the subscriber of one thread (`with_default`).

use std::mem;
use std::panic::Location;

use ::tracing::Level;
use ::tracing::dispatcher::{self, Dispatch};
use ::tracing::subscriber::NoSubscriber;

use crate::context::drop_in_context;
use crate::panic::catch;
use crate::sys::fork;
use crate::text::ShortLocation;

/// The span and the subscriber that are set around each poll and drop of a job.
#[derive(Default)]
pub(crate) struct Span {
    /// `None` where the caller has no subscriber.
    inner: Option<fork::Owned<Inner>>,
}

struct Inner {
    span: ::tracing::Span,
    subscriber: Dispatch,
}

impl Span {
    /// Returns the caller's span, for a job that ends before the call returns.
    pub(crate) fn of_caller() -> Self {
        Self::with(::tracing::Span::current)
    }

    /// Makes a span that follows from the caller's.
    pub(crate) fn of_job(location: &'static Location<'static>) -> Self {
        Self::with(|| {
            let location = ShortLocation(location);
            let span = ::tracing::span!(
                target: "crochet", parent: None, Level::INFO, "job", %location
            );
            span.follows_from(::tracing::Span::current());
            span
        })
    }

    fn with(span: impl FnOnce() -> ::tracing::Span) -> Self {
        // One load, in a process without any subscriber.
        if !dispatcher::has_been_set() {
            return Self::default();
        }
        let subscriber = dispatcher::get_default(Dispatch::clone);
        if subscriber.is::<NoSubscriber>() {
            return Self::default();
        }
        Self { inner: Some(fork::Owned::new(Inner { span: span(), subscriber })) }
    }

    /// Runs user code in the span. The code does not unwind.
    pub(crate) fn within<R>(&self, user_code: impl FnOnce() -> R) -> R {
        let Some(inner) = &self.inner else { return user_code() };
        let Inner { span, subscriber } = &**inner;
        // A subscriber is user code, too; the reactor survives its panic.
        let entered = catch(|| {
            let default = dispatcher::set_default(subscriber);
            (span.enter(), default)
        });
        // If the job forks, another thread's lock in the subscriber stays locked in the child.
        let entered = fork::Owned::new(entered);
        let result = user_code();
        let _ = catch(|| drop(entered));
        result
    }

    /// Releases the span, which closes it if it is the job's own.
    pub(crate) fn close(&mut self) {
        drop(mem::take(self));
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        let Some(inner) = self.inner.take() else { return };
        let _ = catch(|| drop_in_context(inner));
    }
}
