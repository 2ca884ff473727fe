//! Submits the jobs of `run_in_reactor`, and the crate's own.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::caller::eventual::EventualResult;
use crate::context::Span;
use crate::error::Error;
use crate::job::QueuedJob;
use crate::job::header::Header;
use crate::job::owned::OwnedJob;
use crate::job::semaphore::Permit;
use crate::runtime::shared::Shared;

/// Starts a job. If there is no reactor for it, its outcome is the reason.
pub(crate) fn spawn<C, F, T, E>(
    reactor: Result<&Arc<Shared>, Error>,
    location: &'static Location<'static>,
    closure: C,
) -> EventualResult<T, E>
where
    C: FnOnce() -> F + Send + 'static,
    F: Future<Output = Result<T, E>> + 'static,
    T: Send + 'static,
    E: fmt::Debug + Send + 'static,
{
    let job = Arc::new(OwnedJob::new(Header::new(location), closure));
    match reactor.and_then(|shared| Ok((shared, shared.try_acquire()?))) {
        Ok((shared, permit)) => submit(shared, job, Span::of_job(location), permit),
        Err(error) => {
            job.refuse(error);
            EventualResult::new(job, None)
        }
    }
}

/// Starts a job of the crate's own, which no list of jobs shows.
pub(crate) fn spawn_internal<C, F, T, E>(
    reactor: &Arc<Shared>,
    location: &'static Location<'static>,
    closure: C,
) -> EventualResult<T, E>
where
    C: FnOnce() -> F + Send + 'static,
    F: Future<Output = Result<T, E>> + 'static,
    T: Send + 'static,
    E: fmt::Debug + Send + 'static,
{
    let job = Arc::new(OwnedJob::new(Header::internal(location), closure));
    submit(reactor, job, Span::default(), None)
}

fn submit<C, F, T, E>(
    reactor: &Arc<Shared>,
    job: Arc<OwnedJob<T, E, Mutex<Option<C>>>>,
    span: Span,
    permit: Option<Permit>,
) -> EventualResult<T, E>
where
    C: FnOnce() -> F + Send + 'static,
    F: Future<Output = Result<T, E>> + 'static,
    T: Send + 'static,
    E: fmt::Debug + Send + 'static,
{
    let handle = Arc::clone(&job);
    reactor.submit(QueuedJob::new(job, span, permit, Instant::now()));
    EventualResult::new(handle, Some(Arc::clone(reactor)))
}
