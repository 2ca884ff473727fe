//! `wait_for`: lends the caller's future to the reactor thread, waits, and takes it back.

use std::future::Future;
use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::context::{Span, drop_in_context};
use crate::error::{Error, JobState, TimedOut};
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
    if let Err(error) = shared.check_may_block(location) {
        return Err(refuse(error, job));
    }
    let start = Instant::now();
    let mut future = pin!(Some(job));
    let mut frame = StackJob { future: future.as_mut(), output: None, span: Span::of_caller() };

    // Lend.
    #[expect(unsafe_code, reason = "see `lend`")]
    // SAFETY: `guard` is a local variable that is never forgotten: `take_back` drops it, or unwinding does.
    let guard = unsafe { LoanGuard::lend(&mut frame, Header::new(location), timeout.is_zero()) };
    shared.submit(QueuedJob::new(guard.job(), Span::default(), start));
    // Wait.
    let late = wait(shared, &guard.borrowed, start, timeout);
    // Take back.
    let late = take_back(guard, late);

    let output = frame.output.take();
    // Drop the future before any other code of the caller runs.
    if future.is_some() {
        shared.tokio.within(|| future.set(None));
    }
    match (output, late) {
        (Some(Ok(result)), _) => result.map_err(Error::Job),
        (Some(Err(panic)), _) => panic.resume(),
        (None, Some(why)) => Err(Error::TimedOut(why)),
        (None, None) => Err(Error::ReactorStopped),
    }
}

/// Blocks until the reactor thread has done with the job, or the time is over. Returns why the job is
/// unfinished, if it still is when the loan has been taken back.
fn wait(shared: &Shared, job: &BorrowedJob, start: Instant, timeout: Duration) -> Option<TimedOut> {
    let BorrowedJob { header, returned, .. } = job;
    let time = if timeout.is_zero() { ONE_POLL } else { timeout };
    // The reason is taken down before the cell is locked: the poll to blame may be that of this very job.
    if !shared.spin.wait(returned, header.location, deadline(start, time)) {
        Some(shared.timed_out(start, header.state()))
    } else if timeout.is_zero() {
        // After its one poll, a job without an output awaits something.
        Some(shared.timed_out(start, JobState::Waiting))
    } else {
        None
    }
}

/// Ends the loan. Of a job that ended between the deadline and the lock, it forgets that it was late.
fn take_back(guard: LoanGuard<'_>, late: Option<TimedOut>) -> Option<TimedOut> {
    let start = Instant::now();
    let end = guard.take_back();
    late.filter(|_| end == LoanEnd::Unfinished).map(|why| why.later(start.elapsed()))
}

/// Drops a job that cannot be submitted; returns the error of its call.
pub(crate) fn refuse<F, E>(error: Error, job: F) -> Error<E> {
    drop_in_context(job);
    error.widen()
}
