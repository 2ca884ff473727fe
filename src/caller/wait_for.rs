//! `wait_for`: lends the caller's future to the reactor thread, waits, and takes it back.

use std::future::Future;
use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::context::{Span, drop_in_context};
use crate::error::{Error, JobState};
use crate::handoff::loan::LoanEnd;
use crate::job::QueuedJob;
use crate::job::borrowed::{BorrowedJob, LoanGuard, StackJob};
use crate::job::header::Header;
use crate::runtime::shared::Shared;
use crate::sync::deadline;

/// How long a call without any time waits for the one poll it gets. A free reactor takes a few dozen
/// microseconds, or some milliseconds on a busy machine; one that is held is not worth waiting for.
const ONE_POLL: Duration = Duration::from_millis(10);

/// Blocks until `job` is done on this reactor, or the time is over. Re-raises the job's panic.
pub(crate) fn wait_for<F, T, E>(
    shared: &Arc<Shared>,
    location: &'static Location<'static>,
    timeout: Duration,
    job: F,
) -> Result<T, Error<E>>
where
    F: Future<Output = Result<T, E>> + Send,
    T: Send,
    E: Send,
{
    if let Err(error) = shared.check_may_block() {
        return Err(refuse(error, job));
    }
    let start = Instant::now();
    let once = timeout.is_zero();
    let mut future = pin!(Some(job));
    let mut frame = StackJob { future: future.as_mut(), output: None, span: Span::of_caller() };
    #[expect(unsafe_code, reason = "see `lend`")]
    // SAFETY: `guard` is a local variable that stays here until it is dropped: below, or by unwinding.
    let guard = unsafe { LoanGuard::lend(&mut frame, Header::new(location), once) };
    let borrowed = Arc::clone(&guard.borrowed);
    shared.submit(QueuedJob::new(borrowed, Span::default(), start));

    let BorrowedJob { header, returned, .. } = &*guard.borrowed;
    let end = deadline(start, if once { ONE_POLL } else { timeout });
    let in_time = shared.spin.wait(returned, location, end);
    // Before the cell is locked: the poll that is to blame may be that of this job.
    let late = (!in_time || once).then(|| {
        // Where the one poll has been, and there is no output, the job awaits something.
        let job = if in_time { JobState::Waiting } else { header.state() };
        (shared.timed_out(start, job), Instant::now())
    });
    let how = guard.take_back();
    let late = late.map(|(why, then)| why.later(then.elapsed()));
    drop(guard);
    // One more look: the job may have ended between the deadline and the lock.
    let output = frame.output.take();
    // Gone before any other code of the caller's runs.
    if future.is_some() {
        shared.tokio.within(|| future.set(None));
    }
    match (output, late) {
        (Some(Ok(result)), _) => result.map_err(Error::Job),
        (Some(Err(panic)), _) => panic.resume(),
        (None, Some(why)) if how == LoanEnd::Unfinished => Err(Error::TimedOut(why)),
        (None, _) => Err(Error::ReactorStopped),
    }
}

/// Drops a job that cannot be submitted; returns the error of its call.
pub(crate) fn refuse<F, E>(error: Error, job: F) -> Error<E> {
    drop_in_context(job);
    error.widen()
}
