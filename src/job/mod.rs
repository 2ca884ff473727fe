//! One unit of work, on its way: [`QueuedJob`] in the queue, [`RunningJob`] on the reactor thread.
//!
//! Both are guards: dropped before the job has ended, they end it as [`End::Stopped`]. So a closed queue, a
//! stopped reactor and an unwinding driver need no list of waiters to release.

pub(crate) mod borrowed;
pub(crate) mod diagnostics;
pub(crate) mod header;
pub(crate) mod info;
pub(crate) mod owned;
pub(crate) mod tracker;

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use crate::context::{Span, in_tokio};
use crate::job::header::Header;
use crate::job::info::JobMeta;
use crate::job::tracker::{Envelope, JobStats, TakenJob};
use crate::panic::{Panic, catch};
use crate::sys::fork;

/// A job as the queue and the reactor thread know it: without its types.
pub(crate) trait Job: Send + Sync {
    fn header(&self) -> &Header;

    /// Makes the job's future. It keeps its own result; all user code runs inside its `poll` or `drop`.
    /// Called once at most.
    fn begin(self: Arc<Self>) -> Pin<Box<dyn Future<Output = ()>>>;

    /// Drops what a job that was never begun still holds. Runs user code.
    fn drop_unstarted(&self);

    /// Makes the outcome known. Returns false if nobody is going to take it. Called once. Runs wakers.
    fn publish(&self, end: End) -> bool;

    /// Looks after an outcome that nobody is going to take. Runs user code.
    fn report_unclaimed(&self);
}

/// How a job ended.
pub(crate) enum End {
    /// Its future was ready, and has kept its result.
    Returned,
    /// It panicked: in the closure, in `poll` or in a `Drop`.
    Panicked(Panic),
    /// It was cancelled, and has been dropped.
    Cancelled,
    /// The reactor stopped, and it has been dropped.
    Stopped,
}

/// The tracker of a reactor's jobs.
pub(crate) type Tracker = tracker::Tracker<QueuedJob>;

/// The thread that runs code of a job.
#[derive(Clone, Copy)]
pub(crate) enum On<'a> {
    /// The reactor thread, which tells the tracker.
    Reactor(&'a Tracker),
    /// Another thread, which drops a job that the reactor never takes.
    Elsewhere,
}

impl On<'_> {
    /// Runs user code in the name of a job.
    fn run<R>(self, job: &dyn Job, span: &Span, user_code: impl FnOnce() -> R) -> R {
        let user_code = || span.within(user_code);
        match self {
            Self::Reactor(tracker) => tracker.run_as(job.header().location, user_code),
            Self::Elsewhere => in_tokio(user_code),
        }
    }

    /// Notes that a job has ended: the one with these numbers, or the one that was taken last.
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
}

impl QueuedJob {
    /// Code of the job runs in `span`, which is closed before its outcome is known.
    pub(crate) fn new(job: Arc<dyn Job>, span: Span, submitted: Instant) -> Envelope<Self> {
        let location = job.header().location;
        Envelope { location, submitted, job: Self { job: Some(job), span } }
    }

    fn end(&mut self, end: End, on: On<'_>) {
        let Some(job) = self.job.take() else { return };
        let dropped = on.run(&*job, &self.span, || catch(|| job.drop_unstarted()));
        self.span.close();
        on.remove(None);
        publish(on, &*job, dropped.map_or_else(End::Panicked, |()| end));
    }
}

impl Drop for QueuedJob {
    fn drop(&mut self) {
        self.end(End::Stopped, On::Elsewhere);
    }
}

impl TakenJob<QueuedJob> {
    /// Goes on to the next stage; a cancelled job ends here.
    pub(crate) fn begin(self, tracker: &Tracker) -> Option<RunningJob> {
        let Self { job: mut queued, meta, since } = self;
        if queued.job.as_ref()?.header().is_cancelled() {
            queued.end(End::Cancelled, On::Reactor(tracker));
            return None;
        }
        let job = queued.job.take()?;
        let future = Some(Arc::clone(&job).begin());
        let span = mem::take(&mut queued.span);
        Some(RunningJob { job, future, registered: false, span, meta, since, stats: None })
    }

    /// Ends the job as stopped, on the reactor thread.
    pub(crate) fn stop(mut self, tracker: &Tracker) {
        self.job.end(End::Stopped, On::Reactor(tracker));
    }
}

/// A job that has been begun. It stays on the reactor thread.
pub(crate) struct RunningJob {
    job: Arc<dyn Job>,
    /// `None` once the job has ended.
    future: Option<Pin<Box<dyn Future<Output = ()>>>>,
    /// Whether `Header::cancel` wakes this job's task.
    registered: bool,
    span: Span,
    meta: JobMeta,
    /// When it was taken.
    since: Instant,
    /// `None` until the first poll was not ready.
    stats: Option<Arc<JobStats>>,
}

impl RunningJob {
    /// Polls the job the first time, at once, before it is known whether it needs a task: a job that is
    /// ready never gets one. `Pending` means that it wants to be polled by a task, even if it was not
    /// woken meanwhile, as nobody would have noticed.
    pub(crate) fn first_poll(&mut self, tracker: &Tracker) -> Poll<()> {
        self.poll_future(tracker, &mut Context::from_waker(Waker::noop()))
    }

    /// Polls the job in its task. `Ready` means that it has ended, one way or another.
    pub(crate) fn poll(&mut self, tracker: &Tracker, cx: &mut Context<'_>) -> Poll<()> {
        if !self.registered {
            // All wakers of one task are alike, so once is enough.
            self.job.header().register(cx.waker());
            self.registered = true;
        }
        if self.job.header().is_cancelled() {
            self.end(End::Cancelled, On::Reactor(tracker));
            return Poll::Ready(());
        }
        self.poll_future(tracker, cx)
    }

    fn poll_future(&mut self, tracker: &Tracker, cx: &mut Context<'_>) -> Poll<()> {
        let Self { job, future, span, meta, since, stats, .. } = self;
        let poll = || {
            job.header().set_running();
            let poll = catch(|| future.as_mut().map_or(Poll::Ready(()), |f| f.as_mut().poll(cx)));
            if let Ok(Poll::Pending) = poll {
                job.header().set_waiting();
                return None;
            }
            // The future is dropped before the outcome is known, and a panic in its `Drop` is the
            // outcome, but for an earlier panic.
            let dropped = catch(|| drop(future.take()));
            Some(poll.and(dropped).map_or_else(End::Panicked, |()| End::Returned))
        };
        let poll = || span.within(poll);
        let end = match stats {
            None => tracker.run_since(meta.location, *since, poll, |end, held| match end {
                Some(_) => tracker.remove(None),
                None => *stats = Some(tracker.add_task(*meta, held)),
            }),
            Some(stats) => tracker.poll(stats, poll, |end| {
                if end.is_some() {
                    tracker.remove(Some(stats));
                }
            }),
        };
        let Some(end) = end else { return Poll::Pending };
        self.finish(end, On::Reactor(tracker));
        Poll::Ready(())
    }

    /// Drops the future and ends the job; if it has ended already, does nothing.
    pub(crate) fn end(&mut self, end: End, on: On<'_>) {
        let Some(future) = self.future.take() else {
            return;
        };
        let dropped = on.run(&*self.job, &self.span, || catch(|| drop(future)));
        on.remove(self.stats.as_deref());
        self.finish(dropped.map_or_else(End::Panicked, |()| end), on);
    }

    fn finish(&mut self, end: End, on: On<'_>) {
        self.job.header().unregister();
        self.span.close();
        publish(on, &*self.job, end);
    }
}

impl Drop for RunningJob {
    fn drop(&mut self) {
        self.end(End::Stopped, On::Elsewhere);
    }
}

fn publish(on: On<'_>, job: &dyn Job, end: End) {
    let end = fork::Owned::new(end);
    if fork::forked_from().is_some() {
        // A job that has forked ends in the child, too. All waiters are the parent's: in the child a wait is
        // refused, and one of the parent's threads may have held a lock of the outcome at the fork.
        return;
    }
    // The handle that has cancelled a job says so, even if the reactor was stopped before it came to that.
    let end = match end.into_inner() {
        End::Stopped if job.header().is_cancelled() => End::Cancelled,
        end => end,
    };
    // A panic in here comes from somebody's waker, or the `Drop` of an outcome that nobody wants. It was
    // published by then, the panic hook has spoken, and there is no one else to tell.
    let claimed = catch(|| job.publish(end)).unwrap_or(true);
    if !claimed {
        let _ = on.run(job, &Span::default(), || catch(|| job.report_unclaimed()));
    }
}
