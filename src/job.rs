//! One unit of work, on its way: [`Submitted`] in the queue, [`Running`] on the reactor thread.
//!
//! Both are guards: dropped before the job has ended, they end it as [`End::Stopped`]. So a closed queue, a
//! stopped reactor and an unwinding driver need no list of waiters to release.

use std::future::Future;
use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use crate::context::{Span, in_tokio};
use crate::os;
use crate::panic::{Panic, catch};
use crate::roll::{Identity, Record};
use crate::shared::Shared;
use crate::ticket::Ticket;

/// A job as the queue and the reactor thread know it: without its types.
pub(crate) trait Work: Send + Sync {
    fn ticket(&self) -> &Ticket;

    /// Makes the job's future. It keeps its own result; all user code runs inside its `poll` or `drop`.
    /// Called once at most.
    fn begin(self: Arc<Self>) -> Pin<Box<dyn Future<Output = ()>>>;

    /// Drops what a job that was never begun still holds. Runs user code.
    fn discard(&self);

    /// Makes the outcome known. Returns false if nobody is going to take it. Called once. Runs wakers.
    fn publish(&self, end: End) -> bool;

    /// Looks after an outcome that nobody is going to take. Runs user code.
    fn dispose(&self);
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

/// A job in the queue.
pub(crate) struct Submitted {
    /// `None` once begun or ended.
    work: Option<Arc<dyn Work>>,
    span: Span,
    location: &'static Location<'static>,
    at: Instant,
}

impl Submitted {
    /// Code of the job runs in `span`, which is closed before its outcome is known.
    pub(crate) fn new(work: Arc<dyn Work>, span: Span, now: Instant) -> Self {
        let location = work.ticket().location;
        Self { work: Some(work), span, location, at: now }
    }

    /// What is known of it, as the job of that number.
    pub(crate) fn identity(&self, number: u64) -> Identity {
        Identity { number, location: self.location, submitted: self.at }
    }

    fn end(&mut self, end: End, shared: Option<&Shared>) {
        let Some(work) = self.work.take() else { return };
        let discarded = occupy(shared, &*work, &self.span, || catch(|| work.discard()));
        self.span.close();
        if let Some(shared) = shared {
            shared.roll.remove(None);
        }
        publish(shared, &*work, discarded.map_or_else(End::Panicked, |()| end));
    }
}

impl Drop for Submitted {
    fn drop(&mut self) {
        self.end(End::Stopped, None);
    }
}

/// A job that has been taken out of the queue, and holds the reactor thread since.
pub(crate) struct Taken {
    pub(crate) job: Submitted,
    pub(crate) identity: Identity,
    pub(crate) since: Instant,
}

impl Taken {
    /// Goes on to the next stage; a cancelled job ends here.
    pub(crate) fn begin(self, shared: &Shared) -> Option<Running> {
        let Self { mut job, identity, since } = self;
        if job.work.as_ref()?.ticket().is_cancelled() {
            job.end(End::Cancelled, Some(shared));
            return None;
        }
        let work = job.work.take()?;
        let future = Some(Arc::clone(&work).begin());
        let span = mem::take(&mut job.span);
        Some(Running { work, future, registered: false, span, identity, since, record: None })
    }

    /// Ends the job in the name of the reactor thread.
    pub(crate) fn stop(mut self, shared: &Shared) {
        self.job.end(End::Stopped, Some(shared));
    }
}

/// A job that has been begun. It stays on the reactor thread.
pub(crate) struct Running {
    work: Arc<dyn Work>,
    /// `None` once the job has ended.
    future: Option<Pin<Box<dyn Future<Output = ()>>>>,
    /// Whether `Ticket::cancel` wakes this job's task.
    registered: bool,
    span: Span,
    identity: Identity,
    /// When it was taken.
    since: Instant,
    /// `None` until the first poll was not ready.
    record: Option<Arc<Record>>,
}

impl Running {
    /// Polls the job the first time, at once, before it is known whether it needs a task: a job that is
    /// ready never gets one. `Pending` means that it wants to be polled by a task, even if it was not
    /// woken meanwhile, as nobody would have noticed.
    pub(crate) fn first_poll(&mut self, shared: &Shared) -> Poll<()> {
        self.poll_future(shared, &mut Context::from_waker(std::task::Waker::noop()))
    }

    /// Has the job been polled in its task?
    pub(crate) fn is_registered(&self) -> bool {
        self.registered
    }

    /// Polls the job in its task. `Ready` means that it has ended, one way or another.
    pub(crate) fn poll(&mut self, shared: &Shared, cx: &mut Context<'_>) -> Poll<()> {
        if !self.registered {
            // All wakers of one task are alike, so once is enough.
            self.work.ticket().register(cx.waker());
            self.registered = true;
        }
        if self.work.ticket().is_cancelled() {
            self.end(End::Cancelled, Some(shared));
            return Poll::Ready(());
        }
        self.poll_future(shared, cx)
    }

    fn poll_future(&mut self, shared: &Shared, cx: &mut Context<'_>) -> Poll<()> {
        let Self { work, future, span, identity, since, record, .. } = self;
        let poll = || {
            work.ticket().set_running();
            let poll = catch(|| future.as_mut().map_or(Poll::Ready(()), |f| f.as_mut().poll(cx)));
            if let Ok(Poll::Pending) = poll {
                work.ticket().set_waiting();
                return None;
            }
            // The future is dropped before the outcome is known, and a panic in its `Drop` is the
            // outcome, but for an earlier panic.
            let dropped = catch(|| drop(future.take()));
            Some(poll.and(dropped).map_or_else(End::Panicked, |()| End::Returned))
        };
        let (roll, poll) = (&shared.roll, || span.within(poll));
        let end = match record {
            None => roll.held(identity.location, *since, poll, |end, held| match end {
                Some(_) => roll.remove(None),
                None => *record = Some(roll.add_task(*identity, held)),
            }),
            Some(record) => roll.poll(record, poll, |end| {
                if end.is_some() {
                    roll.remove(Some(record));
                }
            }),
        };
        let Some(end) = end else { return Poll::Pending };
        self.finish(end, Some(shared));
        Poll::Ready(())
    }

    /// Drops the future and ends the job; if it has ended already, does nothing.
    pub(crate) fn end(&mut self, end: End, shared: Option<&Shared>) {
        let Some(future) = self.future.take() else {
            return;
        };
        let dropped = occupy(shared, &*self.work, &self.span, || catch(|| drop(future)));
        if let Some(shared) = shared {
            shared.roll.remove(self.record.as_deref());
        }
        self.finish(dropped.map_or_else(End::Panicked, |()| end), shared);
    }

    fn finish(&mut self, end: End, shared: Option<&Shared>) {
        self.work.ticket().unregister();
        self.span.close();
        publish(shared, &*self.work, end);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end(End::Stopped, None);
    }
}

/// Runs user code in the name of a job; on the reactor thread, that is made known.
fn occupy<R>(
    shared: Option<&Shared>,
    work: &dyn Work,
    span: &Span,
    user_code: impl FnOnce() -> R,
) -> R {
    let user_code = || span.within(user_code);
    match shared {
        Some(shared) => shared.roll.occupy(work.ticket().location, user_code),
        None => in_tokio(user_code),
    }
}

fn publish(shared: Option<&Shared>, work: &dyn Work, end: End) {
    if os::forked_from().is_some() {
        // A job that has forked ends in the child, too. Whoever waits is the parent's; in the child a wait is refused,
        // and may hold locks here that nobody will open.
        mem::forget(end);
        return;
    }
    // Whoever has cancelled a job is told so, even if the reactor was stopped before it came to that.
    let end = match end {
        End::Stopped if work.ticket().is_cancelled() => End::Cancelled,
        end => end,
    };
    // A panic in here comes from somebody's waker, or the `Drop` of an outcome that nobody wants. It was
    // published by then, the panic hook has spoken, and there is no one else to tell.
    let claimed = catch(|| work.publish(end)).unwrap_or(true);
    if !claimed {
        let _ = occupy(shared, work, &Span::default(), || catch(|| work.dispose()));
    }
}
