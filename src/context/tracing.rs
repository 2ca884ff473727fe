//! The feature `tracing`: the span in which a job runs, and the subscriber that hears of it.
//!
//! A job of `wait_for` is a part of its caller's work, so it runs in the caller's span, which is open as long
//! as the call lasts. A job of `run_in_reactor` outlives the call: it gets a span of its own, without a parent,
//! that follows from the caller's, and is closed before the outcome is known.
//!
//! Both take the caller's subscriber with them, so that what a job reports goes where its caller's reports go,
//! also if that is the subscriber of one thread (`with_default`).

use std::mem;
use std::panic::Location;

use ::tracing::Level;
use ::tracing::dispatcher::{self, Dispatch};
use ::tracing::subscriber::NoSubscriber;

use crate::context::drop_in_context;
use crate::panic::catch;
use crate::sys::fork;
use crate::text::ShortLocation;

/// What is set up around each poll and drop of a job.
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
    /// The caller's span, for a job that is over before the call is.
    pub(crate) fn of_caller() -> Self {
        Self::with(::tracing::Span::current)
    }

    /// A new span, which follows from the caller's.
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
        // A subscriber is user code, too, and its panic no reason for the reactor to end.
        let entered = catch(|| {
            let default = dispatcher::set_default(subscriber);
            (span.enter(), default)
        });
        // The job may fork, and in the child the subscriber may be locked for ever.
        let entered = fork::Owned::new(entered);
        let result = user_code();
        let _ = catch(|| drop(entered));
        result
    }

    /// Lets go of the span, which closes it if it is the job's own.
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
