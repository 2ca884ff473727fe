//! [`OwnedJob`]: a job that owns all it uses, as `run_in_reactor` starts it.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Context;

use crate::context::drop_in_context;
use crate::error::Error;
use crate::handoff::outcome::Outcome;
use crate::job::diagnostics;
use crate::job::header::Header;
use crate::job::{End, Job, JobFuture, poll_job};
use crate::panic::{catch, hint_for_error, poll_and_drop};
use crate::sync::lock;
use crate::text::ShortLocation;

/// A job's outcome, as the handle stores it.
pub(crate) type Settled<T, E> = Result<T, Error<E>>;

/// A job that owns all it uses. `C` is the place of the closure, a type that the handle need not
/// know.
pub(crate) struct OwnedJob<T, E, C: ?Sized = dyn Send + Sync> {
    pub(crate) header: Header,
    pub(crate) outcome: Outcome<Settled<T, E>>,
    /// The `Debug` of `E`, stored here because the handle does not ask for that bound.
    debug: fn(&E, &mut fmt::Formatter<'_>) -> fmt::Result,
    /// `None` once the job has begun or has been dropped. LOCKING: held to move the closure out.
    closure: C,
}

impl<C, F, T, E> Job for OwnedJob<T, E, Mutex<Option<C>>>
where
    C: FnOnce() -> F + Send + 'static,
    F: Future<Output = Result<T, E>> + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    fn header(&self) -> &Header {
        &self.header
    }

    fn begin(self: Arc<Self>, cx: &mut Context<'_>) -> Result<End, JobFuture> {
        let closure = lock(&self.closure).take();
        let future = Box::pin(async move {
            let Some(closure) = closure else { return };
            let mut future = pin!(Some(closure()));
            let result = poll_fn(|cx| poll_and_drop(future.as_mut(), cx)).await;
            self.outcome.put(match result {
                Ok(result) => result.map_err(Error::Job),
                Err(panic) => Err(Error::Panicked(panic)),
            });
        });
        poll_job(future, cx)
    }

    fn drop_unstarted(&self) {
        let closure = lock(&self.closure).take();
        drop(closure);
    }

    fn publish(&self, end: End) -> bool {
        let instead = match end {
            End::Returned => None,
            End::Panicked(panic) => Some(Error::Panicked(panic)),
            End::Cancelled => Some(Error::Cancelled),
            End::Stopped => Some(Error::ReactorStopped),
        };
        if let Some(error) = instead {
            // This replaces no result: a future that has stored its result has ended, and cannot
            // fail any more.
            self.outcome.put(Err(error));
        }
        self.outcome.publish()
    }

    fn report_unclaimed(&self) {
        drop(self.take_unseen());
    }
}

impl<C, T, E: fmt::Debug> OwnedJob<T, E, Mutex<Option<C>>> {
    pub(crate) fn new(header: Header, closure: C) -> Self {
        Self { header, outcome: Outcome::new(), debug: E::fmt, closure: Mutex::new(Some(closure)) }
    }

    /// Ends a job that cannot be submitted, with this error; or with a panic in the `Drop` of its
    /// closure, as for any other job.
    pub(crate) fn refuse(&self, error: Error) {
        let closure = lock(&self.closure).take();
        let dropped = catch(|| drop_in_context(closure));
        self.outcome.put(Err(dropped.map_or_else(Error::Panicked, |()| error.widen())));
        self.outcome.publish();
    }
}

impl<T, E, C: ?Sized> OwnedJob<T, E, C> {
    /// Takes the outcome, which no caller has seen or will see, and logs it if it is a failure.
    /// Dropping it is left to the caller.
    pub(crate) fn take_unseen(&self) -> Option<Settled<T, E>> {
        let outcome = self.outcome.take();
        if let Some(Err(error)) = &outcome {
            self.log(error);
        }
        outcome
    }

    pub(crate) fn log(&self, error: &Error<E>) {
        struct Shown<'a, E>(&'a E, fn(&E, &mut fmt::Formatter<'_>) -> fmt::Result);
        impl<E> fmt::Debug for Shown<'_, E> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (self.1)(self.0, f)
            }
        }

        let location = ShortLocation(self.header.location);
        let shown: &dyn fmt::Debug = match error {
            Error::Cancelled | Error::ReactorStopped | Error::Forked { .. } => return,
            Error::Job(error) => &Shown(error, self.debug),
            Error::Panicked(panic) => panic,
            Error::Setup(error) => error,
            Error::Full => &format_args!("Full"),
            // These are never the outcome of a job.
            Error::TimedOut(_)
            | Error::OnReactorThread
            | Error::AlreadySetUp(_)
            | Error::Interrupted => return,
        };
        // The location is worth a line, even if the error's `Debug` panics.
        let shown = catch(|| format!("{shown:?}"));
        let shown = shown.unwrap_or_else(|_| "its error's `Debug` panicked, too".to_owned());
        let hint = hint_for_error(&shown).map(|hint| format!(" ({hint})")).unwrap_or_default();
        diagnostics::log(
            log::Level::Error,
            format_args!("nobody saw the failure of the job started at {location}: {shown}{hint}"),
        );
    }
}
