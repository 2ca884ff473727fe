//! `wait_for`: lends the caller's future to the reactor thread, waits, and takes it back.

use std::future::Future;
use std::panic::{self, AssertUnwindSafe, Location};
use std::pin::pin;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::caller::scope::limits::{Limits, Scopes};
use crate::context::{Span, drop_in_context};
use crate::error::{Error, JobState, TimedOut};
use crate::handoff::loan::LoanEnd;
use crate::job::QueuedJob;
use crate::job::borrowed::{BorrowedJob, LoanGuard, StackJob};
use crate::job::header::Header;
use crate::job::semaphore::Permit;
use crate::runtime::shared::Shared;

/// How long a call without any time waits for the one poll it gets. A free reactor takes a few
/// dozen microseconds, or some milliseconds on a busy machine; one that is held is not worth
/// waiting for.
const ONE_POLL: Duration = Duration::from_millis(10);

/// Why a call has timed out whose job was never submitted.
const NO_ROOM: &str = "the reactor has as many unfinished jobs as it takes";

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
    let mut limits = match Scopes::of_thread() {
        Ok(scopes) => scopes.limit(timeout),
        Err(interrupted) => return Err(refuse(interrupted, job)),
    };
    let once = limits.are_over();
    if once {
        limits.end_after(ONE_POLL);
    }
    // A scope's check may panic, here and below; its panic waits until the future is gone.
    let permit = match shared.try_acquire() {
        Ok(permit) => permit,
        Err(_full) => match panic::catch_unwind(AssertUnwindSafe(|| acquire(shared, &limits))) {
            Ok(Ok(permit)) => permit,
            Ok(Err(error)) => return Err(refuse(error, job)),
            Err(panic) => {
                drop_in_context(job);
                panic::resume_unwind(panic)
            }
        },
    };
    let mut future = pin!(Some(job));
    let mut stack_job = StackJob { future: future.as_mut(), output: None, span: Span::of_caller() };

    // Lend.
    #[expect(unsafe_code, reason = "see `lend`")]
    // SAFETY: `guard` is a local variable that is never forgotten: `take_back` drops it, or
    // unwinding does.
    let guard = unsafe { LoanGuard::lend(&mut stack_job, Header::new(location), once) };
    shared.submit(QueuedJob::new(guard.job(), Span::default(), permit, limits.start()));
    // Wait.
    let wait = || wait(shared, &guard.borrowed, once, &limits);
    let unfinished = panic::catch_unwind(AssertUnwindSafe(wait));
    // Take back.
    let unfinished = take_back(guard, unfinished);

    let output = stack_job.output.take();
    // Drop the future before any other code of the caller runs.
    if future.is_some() {
        shared.tokio.within(|| future.set(None));
    }
    match (output, unfinished) {
        (output, Err(panic)) => {
            drop_in_context(output);
            panic::resume_unwind(panic)
        }
        (Some(Ok(result)), _) => result.map_err(Error::Job),
        (Some(Err(panic)), _) => panic.resume(),
        (None, Ok(Some(error))) => {
            if once {
                limits.ask_past_deadline().map_err(Error::widen)?;
            }
            Err(error.widen())
        }
        (None, Ok(None)) => Err(Error::ReactorStopped),
    }
}

/// Blocks until the reactor, which is full, has room for one more job.
fn acquire(shared: &Shared, limits: &Limits) -> Result<Option<Permit>, Error> {
    let mut found = shared.try_acquire();
    limits.sleep(|until| {
        found = shared.acquire(until);
        found.is_ok()
    })?;
    found.map_err(|_full| {
        let why = limits.timed_out(shared, JobState::Queued, None);
        Error::TimedOut(TimedOut { cause: Some(&NO_ROOM), ..why })
    })
}

/// Blocks until the reactor thread has finished with the job, or the limits end the call. Returns
/// why the job is unfinished, if it still is when the loan has been taken back.
fn wait(shared: &Shared, job: &BorrowedJob, once: bool, limits: &Limits) -> Option<Error> {
    let BorrowedJob { header, returned, .. } = job;
    // The reason is taken down before the cell is locked: the poll to blame may be that of this
    // very job.
    let late = |job| Error::TimedOut(limits.timed_out(shared, job, Some(header)));
    match limits.wait(&shared.spin, returned, header.location) {
        Err(interrupted) => Some(interrupted),
        Ok(false) => Some(late(header.state())),
        // After its one poll, a job without an output awaits something.
        Ok(true) if once => Some(late(JobState::Waiting)),
        Ok(true) => None,
    }
}

/// Ends the loan. Where the job has ended after the wait had given up, there is no reason left.
fn take_back(
    guard: LoanGuard<'_>,
    unfinished: thread::Result<Option<Error>>,
) -> thread::Result<Option<Error>> {
    // The clock is read only where the time is told: a reading takes 25 ns of a ready call's 500.
    let start = matches!(unfinished, Ok(Some(_))).then(Instant::now);
    let end = guard.take_back();
    unfinished.map(|error| {
        let error = error.filter(|_| end == LoanEnd::Unfinished)?;
        Some(error.later(start.map_or(Duration::ZERO, |start| start.elapsed())))
    })
}

/// Drops a job that cannot be submitted; returns the error of its call.
pub(crate) fn refuse<F, E>(error: Error, job: F) -> Error<E> {
    drop_in_context(job);
    error.widen()
}
