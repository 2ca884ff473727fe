//! The life of a job, from the queue to its end.
//!
//! 1. A caller makes a [`Job`]: `run_in_reactor` an owned one (`owned.rs`), `wait_for` one that
//!    borrows from the caller's stack (`borrowed.rs`). It submits the job as a [`QueuedJob`], in an
//!    [`Envelope`].
//! 2. The reactor thread takes the envelope out of the queue ([`TakenJob`]), and begins the job,
//!    unless it was cancelled in the meantime: it calls the closure, which makes a future, and
//!    polls the future at once. Most jobs end here.
//! 3. A job that is not ready at its first poll is a [`RunningJob`], and gets a task, in which it
//!    is polled from then on.
//! 4. The job ends, in one of four ways ([`End`]). Its future, or its closure, is dropped; the
//!    tracker removes it from the unfinished jobs; its outcome is published, which wakes the
//!    caller. If no caller can get the outcome any more, a failure in it is logged.
//!
//! `QueuedJob` and `BegunJob` are guards: dropped before the job has ended, they end it as
//! [`End::Stopped`]. So a closed queue, a stopped reactor and an unwinding driver need no list of
//! callers to wake.

pub(crate) mod borrowed;
pub(crate) mod diagnostics;
pub(crate) mod header;
pub(crate) mod info;
pub(crate) mod owned;
pub(crate) mod semaphore;
#[cfg(test)]
mod semaphore_tests;
pub(crate) mod tracker;

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use crate::context::{Span, in_tokio};
use crate::job::header::Header;
use crate::job::semaphore::Permit;
use crate::job::tracker::{Envelope, JobStats, TakenJob, TakesId};
use crate::panic::{Panic, catch};
use crate::sys::fork;

/// A job without its types, as the queue and the reactor thread know it.
pub(crate) trait Job: Send + Sync {
    fn header(&self) -> &Header;

    /// Makes the job's future and polls it once. Returns how the job has ended, or the future that
    /// is not ready. Called at most once. Runs user code, and does not unwind.
    fn begin(self: Arc<Self>, cx: &mut Context<'_>) -> Result<End, JobFuture>;

    /// Drops what a job that was never begun still holds. Runs user code.
    fn drop_unstarted(&self);

    /// Publishes the outcome. Returns false if the handle is gone, so that no caller can take the
    /// outcome. Called once. Runs wakers.
    fn publish(&self, end: End) -> bool;

    /// Reports a failure that no caller can take, and drops the outcome. Runs user code.
    fn report_unclaimed(&self);
}

/// A job's future, without its type. Stores its own result.
pub(crate) type JobFuture = Pin<Box<dyn Future<Output = ()>>>;

/// How a job ended.
pub(crate) enum End {
    /// The job's future was ready, and has stored its result.
    Returned,
    /// The job panicked: in the closure, in `poll` or in a `Drop`.
    Panicked(Panic),
    /// The job was cancelled, and has been dropped.
    Cancelled,
    /// The reactor stopped, and the job has been dropped.
    Stopped,
}

/// The tracker of a reactor's jobs.
pub(crate) type Tracker = tracker::Tracker<QueuedJob>;

/// Where code of a job runs.
#[derive(Clone, Copy)]
pub(crate) enum On<'a> {
    /// On the reactor thread, so that the tracker must know of it.
    Reactor(&'a Tracker),
    /// On another thread, which drops a job that the reactor never takes.
    Elsewhere,
}

impl On<'_> {
    /// Runs user code on behalf of a job.
    fn run<R>(self, job: &dyn Job, span: &Span, user_code: impl FnOnce() -> R) -> R {
        let user_code = || span.within(user_code);
        match self {
            Self::Reactor(tracker) => tracker.run_as(job.header().location, user_code),
            Self::Elsewhere => in_tokio(user_code),
        }
    }

    /// Notes that a job has ended: the one with these stats, or the one that was taken last.
    fn remove(self, stats: Option<&JobStats>) {
        if let Self::Reactor(tracker) = self {
            tracker.remove(stats);
        }
    }
}

/// A job in the queue.
pub(crate) struct QueuedJob {
    /// `None` once begun or ended.
    job: Option<Arc<dyn Job>>,
    span: Span,
    /// `None` where the reactor takes jobs without a limit.
    permit: Option<Permit>,
}

impl QueuedJob {
    /// Code of the job runs in `span`, which is closed before the outcome is published.
    pub(crate) fn new(
        job: Arc<dyn Job>,
        span: Span,
        permit: Option<Permit>,
        submitted: Instant,
    ) -> Envelope<Self> {
        let Header { location, is_internal, .. } = *job.header();
        Envelope { location, submitted, is_internal, job: Self { job: Some(job), span, permit } }
    }

    fn end(&mut self, end: End, on: On<'_>) {
        let Some(job) = self.job.take() else { return };
        let dropped = on.run(&*job, &self.span, || catch(|| job.drop_unstarted()));
        on.remove(None);
        let (span, permit) = (mem::take(&mut self.span), self.permit.take());
        finish(&*job, span, permit, dropped.map_or_else(End::Panicked, |()| end), on);
    }
}

impl Drop for QueuedJob {
    fn drop(&mut self) {
        self.end(End::Stopped, On::Elsewhere);
    }
}

impl TakesId for QueuedJob {
    fn set_id(&self, id: u64) {
        if let Some(job) = &self.job {
            job.header().set_id(id);
        }
    }
}

impl TakenJob<QueuedJob> {
    /// Begins the job, unless it was cancelled, and polls it at once, without a task: a job that is
    /// ready never gets one.
    ///
    /// Returns a job that is not ready. It must be given a task and polled again: the first poll
    /// used a no-op waker, so a wake during it was lost.
    pub(crate) fn begin(self, tracker: &Tracker) -> Option<RunningJob> {
        let Self { job: mut queued, meta, since } = self;
        if queued.job.as_ref()?.header().is_cancelled() {
            queued.end(End::Cancelled, On::Reactor(tracker));
            return None;
        }
        let job = queued.job.take()?;
        let (span, permit) = (mem::take(&mut queued.span), queued.permit.take());
        let is_internal = job.header().is_internal;
        let mut stats = None;
        let cx = &mut Context::from_waker(Waker::noop());
        let poll = || poll_in(&span, &*job, || Arc::clone(&job).begin(cx));
        let polled = tracker.run_since(meta.location, since, poll, |polled, held| match polled {
            Ok(_) => tracker.remove(None),
            Err(_) => stats = Some(tracker.add_task(meta, held, is_internal)),
        });
        match polled {
            Ok(end) => {
                finish(&*job, span, permit, end, On::Reactor(tracker));
                // At once, so that the caller, which sees the outcome only now, is mostly the one to
                // drop the job last: memory is freed faster on the thread that allocated it.
                drop(job);
                None
            }
            Err(future) => {
                let begun = BegunJob { job, future: Some(future), span, permit };
                Some(RunningJob { begun, registered: false, stats: stats? })
            }
        }
    }

    /// Ends the job as stopped, on the reactor thread.
    pub(crate) fn stop(mut self, tracker: &Tracker) {
        self.job.end(End::Stopped, On::Reactor(tracker));
    }
}

/// Polls a job's future. Returns how the job has ended, or the future that is not ready. Does not
/// unwind.
fn poll_job(mut future: JobFuture, cx: &mut Context<'_>) -> Result<End, JobFuture> {
    let poll = catch(|| future.as_mut().poll(cx));
    if let Ok(Poll::Pending) = poll {
        return Err(future);
    }
    // The future is dropped before the outcome is published. A panic in its `Drop` is the outcome,
    // unless the job has panicked before.
    let dropped = catch(|| drop(future));
    Ok(poll.and(dropped).map_or_else(End::Panicked, |()| End::Returned))
}

/// Polls a job, by `poll`, in the job's span.
fn poll_in(
    span: &Span,
    job: &dyn Job,
    poll: impl FnOnce() -> Result<End, JobFuture>,
) -> Result<End, JobFuture> {
    span.within(|| {
        job.header().set_running();
        let polled = poll();
        if polled.is_err() {
            job.header().set_waiting();
        }
        polled
    })
}

/// A job that was not ready at its first poll. Stays on the reactor thread.
struct BegunJob {
    job: Arc<dyn Job>,
    /// `None` while the job is being polled, and once it has ended.
    future: Option<JobFuture>,
    span: Span,
    permit: Option<Permit>,
}

impl BegunJob {
    /// Polls the future. Returns how the job ended, if it did.
    fn poll(&mut self, cx: &mut Context<'_>) -> Option<End> {
        let future = self.future.take()?;
        match poll_in(&self.span, &*self.job, || poll_job(future, cx)) {
            Ok(end) => Some(end),
            Err(pending) => {
                self.future = Some(pending);
                None
            }
        }
    }

    /// Drops the future and ends the job; does nothing if the job has ended already. `stats` are
    /// those of a job with a task.
    fn end(&mut self, end: End, on: On<'_>, stats: Option<&JobStats>) {
        let Some(future) = self.future.take() else {
            return;
        };
        let dropped = on.run(&*self.job, &self.span, || catch(|| drop(future)));
        on.remove(stats);
        self.finish(dropped.map_or_else(End::Panicked, |()| end), on);
    }

    fn finish(&mut self, end: End, on: On<'_>) {
        self.job.header().unregister();
        finish(&*self.job, mem::take(&mut self.span), self.permit.take(), end, on);
    }
}

impl Drop for BegunJob {
    fn drop(&mut self) {
        self.end(End::Stopped, On::Elsewhere, None);
    }
}

/// A job that was not ready at its first poll, and has a task.
pub(crate) struct RunningJob {
    begun: BegunJob,
    /// Whether `Header::cancel` wakes this job's task.
    registered: bool,
    stats: Arc<JobStats>,
}

impl RunningJob {
    /// The job's place in the order of submission.
    pub(crate) fn id(&self) -> u64 {
        self.stats.id()
    }

    /// Polls the job in its task. `Ready` means that the job has ended, in whichever way.
    pub(crate) fn poll(&mut self, tracker: &Tracker, cx: &mut Context<'_>) -> Poll<()> {
        let Self { begun, registered, stats } = self;
        if !*registered {
            // All wakers of a task are alike, so registering once is enough.
            begun.job.header().register(cx.waker());
            *registered = true;
        }
        if begun.job.header().is_cancelled() {
            self.end(End::Cancelled, On::Reactor(tracker));
            return Poll::Ready(());
        }
        let end = tracker.poll(
            stats,
            || begun.poll(cx),
            |end| {
                if end.is_some() {
                    tracker.remove(Some(stats));
                }
            },
        );
        let Some(end) = end else { return Poll::Pending };
        begun.finish(end, On::Reactor(tracker));
        Poll::Ready(())
    }

    /// Drops the future and ends the job; does nothing if the job has ended already.
    pub(crate) fn end(&mut self, end: End, on: On<'_>) {
        self.begun.end(end, on, Some(&self.stats));
    }
}

/// Ends a job whose future, or closure, has been dropped.
fn finish(job: &dyn Job, mut span: Span, permit: Option<Permit>, end: End, on: On<'_>) {
    span.close();
    // Before the outcome is published: a caller that has seen it finds room for its next job.
    drop(permit);
    publish(on, job, end);
}

fn publish(on: On<'_>, job: &dyn Job, end: End) {
    let end = fork::Owned::new(end);
    if fork::forked_from().is_some() {
        // A job that has forked ends in the child, too. Its callers are threads of the parent: in
        // the child there is none to wake, and the locks of one that was just about to wait stay
        // locked for ever.
        return;
    }
    // A caller that has cancelled its job gets `Cancelled`, even if the reactor was stopped before
    // it saw the cancel.
    let end = match end.into_inner() {
        End::Stopped if job.header().is_cancelled() => End::Cancelled,
        end => end,
    };
    // A panic in here comes from a waker, or from the `Drop` of an outcome without a handle. By
    // then the outcome was published and the panic hook has reported the panic; there is no caller
    // left to pass it to.
    let claimed = catch(|| job.publish(end)).unwrap_or(true);
    if !claimed {
        let _ = on.run(job, &Span::default(), || catch(|| job.report_unclaimed()));
    }
}
