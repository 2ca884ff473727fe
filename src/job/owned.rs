//! A job that owns all it uses, as `run_in_reactor` starts it.

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};

use crate::context::drop_in_context;
use crate::error::Error;
use crate::handoff::outcome::Outcome;
use crate::job::diagnostics;
use crate::job::header::Header;
use crate::job::{End, Job};
use crate::panic::{catch, hint_for_error, poll_and_drop};
use crate::sync::lock;
use crate::text::ShortLocation;

/// A job's outcome, as the handle keeps it.
pub(crate) type Settled<T, E> = Result<T, Error<E>>;

/// A job that owns all it uses. `C` is the closure; the handle knows the job without it.
pub(crate) struct OwnedJob<T, E, C: ?Sized = dyn Send + Sync> {
    pub(crate) header: Header,
    pub(crate) outcome: Outcome<Settled<T, E>>,
    /// `E`'s own, caught while its bound was known.
    debug: fn(&E, &mut fmt::Formatter<'_>) -> fmt::Result,
    /// `None` once begun or discarded. LOCKING: held to move it out.
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

    fn begin(self: Arc<Self>) -> Pin<Box<dyn Future<Output = ()>>> {
        let closure = lock(&self.closure).take();
        Box::pin(async move {
            let Some(closure) = closure else { return };
            let mut future = pin!(Some(closure()));
            let result = poll_fn(|cx| poll_and_drop(future.as_mut(), cx)).await;
            self.outcome.put(match result {
                Ok(result) => result.map_err(Error::Job),
                Err(panic) => Err(Error::Panicked(panic)),
            });
        })
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
            // Nothing is replaced: a future that has put its result has ended, and cannot fail any more.
            self.outcome.put(Err(error));
        }
        self.outcome.publish()
    }

    fn report_unclaimed(&self) {
        drop(self.take_unseen());
    }
}

impl<C, T, E: fmt::Debug> OwnedJob<T, E, Mutex<Option<C>>> {
    pub(crate) fn new(location: &'static Location<'static>, closure: C) -> Self {
        Self {
            header: Header::new(location),
            outcome: Outcome::new(),
            debug: E::fmt,
            closure: Mutex::new(Some(closure)),
        }
    }

    /// Ends a job that cannot be submitted. As with any other job, a panic in the `Drop` of the closure is
    /// the outcome.
    pub(crate) fn refuse(&self, error: Error) {
        let closure = lock(&self.closure).take();
        let dropped = catch(|| drop_in_context(closure));
        self.outcome.put(Err(dropped.map_or_else(Error::Panicked, |()| error.widen())));
        self.outcome.publish();
    }
}

impl<T, E, C: ?Sized> OwnedJob<T, E, C> {
    /// Takes the outcome, which no caller has seen or will see, and logs it if it is a failure. Dropping it is left to
    /// the caller.
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

        let place = ShortLocation(self.header.location);
        let shown: &dyn fmt::Debug = match error {
            Error::Cancelled | Error::ReactorStopped | Error::Forked { .. } => return,
            Error::Job(error) => &Shown(error, self.debug),
            Error::Panicked(panic) => panic,
            Error::Setup(error) => error,
            Error::Full => &format_args!("Full"),
            // Never a job's outcome.
            Error::TimedOut(_)
            | Error::OnReactorThread
            | Error::AlreadySetUp(_)
            | Error::Interrupted => return,
        };
        // The place is worth a line, even if the error will not be shown.
        let shown = catch(|| format!("{shown:?}"));
        let shown = shown.unwrap_or_else(|_| "its error's `Debug` panicked, too".to_owned());
        let hint = hint_for_error(&shown).map(|hint| format!(" ({hint})")).unwrap_or_default();
        diagnostics::log(
            log::Level::Error,
            format_args!("nobody saw the failure of the job started at {place}: {shown}{hint}"),
        );
    }
}
