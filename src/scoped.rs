//! `wait_for`: a future that borrows from its caller, lent to the reactor thread for the time of the
//! call. The one place with `unsafe`, but for FFI.

use std::future::Future;
use std::marker::PhantomData;
use std::mem;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::context::{Span, in_tokio};
use crate::error::{Error, JobState};
use crate::job::{End, Submitted, Work};
use crate::outcome::Outcome;
use crate::panic::{Panic, catch, poll_and_drop};
use crate::shared::{Shared, deadline};
use crate::slot::{Loan, Return, Slot};
use crate::ticket::Ticket;

/// How long a call without any time waits for the one poll it gets. A free reactor takes a few dozen
/// microseconds, or some milliseconds on a busy machine; one that is held is not worth waiting for.
const ONE_POLL: Duration = Duration::from_millis(10);

/// What stays on the caller's stack: its future, and the place for the output.
struct Frame<'a, F, R> {
    /// `None` once the future was ready, or was dropped because the reactor stopped.
    future: Pin<&'a mut Option<F>>,
    output: Option<Result<R, Panic>>,
    span: Span,
}

impl<F: Future<Output = R> + Send, R: Send> Loan for Frame<'_, F, R> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // Dropped here, where it lived, and before anyone is told that it is ready.
        let poll = self.span.within(|| poll_and_drop(self.future.as_mut(), cx));
        poll.map(|output| self.output = Some(output))
    }

    fn stop(&mut self) {
        if let Err(panic) = self.span.within(|| catch(|| self.future.set(None))) {
            self.output = Some(Err(panic));
        }
    }
}

/// A loan as the reactor knows it: without its types, and without its lifetime.
type Lent = &'static mut (dyn Loan + Send);

/// The part of the job that outlives the call. Once the call is over, its slot is empty.
struct Borrowed {
    ticket: Ticket,
    slot: Slot<Lent>,
    /// Says that the reactor thread has done with the slot: it is empty, or the caller's to empty.
    returned: Outcome<()>,
    /// Whether the future is polled once at the most.
    once: bool,
}

impl Work for Borrowed {
    fn ticket(&self) -> &Ticket {
        &self.ticket
    }

    fn begin(self: Arc<Self>) -> Pin<Box<dyn Future<Output = ()>>> {
        Box::pin(Visit { borrowed: self, leave: false })
    }

    fn discard(&self) {
        self.slot.stop();
    }

    fn publish(&self, _end: End) -> bool {
        self.returned.publish();
        true
    }

    fn dispose(&self) {}
}

/// The job's future on the reactor thread: polls the caller's, through the slot.
struct Visit {
    borrowed: Arc<Borrowed>,
    /// Whether it ends with the future in the slot, for the caller to take back.
    leave: bool,
}

impl Future for Visit {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let poll = self.borrowed.slot.poll(cx);
        self.leave = poll.is_pending() && self.borrowed.once;
        if self.leave { Poll::Ready(()) } else { poll }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if !self.leave {
            self.borrowed.slot.stop();
        }
    }
}

/// The caller's side of a loan, which it keeps borrowed. When it is gone, so is the loan.
struct Lender<'a> {
    borrowed: Arc<Borrowed>,
    loan: PhantomData<&'a mut ()>,
}

impl<'a> Lender<'a> {
    /// Lends `loan`.
    ///
    /// # Safety
    ///
    /// The returned value must not be forgotten: its `drop` must have run before `'a` ends.
    #[expect(unsafe_code, reason = "erases a lifetime; argued below")]
    unsafe fn lend(loan: &'a mut (dyn Loan + Send + 'a), ticket: Ticket, once: bool) -> Self {
        // SAFETY: only the lifetime changes. The reference goes into the slot and nowhere else: the
        // slot hands out no copy, and lets nobody touch it but by holding the slot's lock. The caller
        // promises that `take_back` is called (by `drop`) before `'a` ends. It locks, and then there
        // are two cases:
        //
        // 1. The slot is empty already. Whoever emptied it has done with the loan, for good, before it
        //    released the lock, and we have taken the lock since. So all that was done to the loan
        //    happened before, and nothing will be done to it after.
        // 2. The loan is still in the slot. We hold the lock, so nobody is inside `poll` or `stop`; we
        //    empty the slot, and everyone who comes later finds it empty. That nobody else has touched
        //    it since the last unlock makes it ours as it is.
        //
        // In both cases the reference is gone when `take_back` returns, wherever the `Arc<Borrowed>`
        // still is: in the queue, in a task, or leaked with either. Unwinding takes the same way,
        // because `drop` does. `take_back` itself does not unwind: it locks (poison is ignored), moves
        // an enum that has no destructor, and unlocks.
        //
        // That the loan is used on another thread is allowed by `Send`: of the future, its output and
        // the frame around both. The frame does not move meanwhile, as it stays mutably borrowed.
        let loan = unsafe { mem::transmute::<&'a mut (dyn Loan + Send + 'a), Lent>(loan) };
        let returned = Outcome::new();
        let borrowed = Arc::new(Borrowed { ticket, slot: Slot::new(loan), returned, once });
        Self { borrowed, loan: PhantomData }
    }

    /// Ends the loan, and tells how.
    fn take_back(&self) -> Return {
        self.borrowed.slot.take_back()
    }
}

impl Drop for Lender<'_> {
    fn drop(&mut self) {
        if self.take_back() == Return::Unfinished {
            // Have the reactor let go of the empty slot. The loan is over, so this may unwind.
            self.borrowed.ticket.cancel();
        }
    }
}

/// Blocks until `job` is done on this reactor, or the time is over.
pub(crate) fn wait_for<F, T, E>(
    shared: &Arc<Shared>,
    location: &'static Location<'static>,
    timeout: Duration,
    job: F,
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>> + Send,
    T: Send,
    E: From<Error> + Send,
{
    if let Err(error) = shared.check_may_block() {
        return refuse(error, job);
    }
    let start = Instant::now();
    let once = timeout.is_zero();
    let mut future = pin!(Some(job));
    let mut frame = Frame { future: future.as_mut(), output: None, span: Span::of_caller() };
    #[expect(unsafe_code, reason = "see `lend`")]
    // SAFETY: `lender` is a local variable that stays here until it is dropped: below, or by unwinding.
    let lender = unsafe { Lender::lend(&mut frame, Ticket::new(location), once) };
    let borrowed = Arc::clone(&lender.borrowed);
    shared.submit(Submitted::new(borrowed, Span::default(), start));

    let Borrowed { ticket, returned, .. } = &*lender.borrowed;
    let end = deadline(start, if once { ONE_POLL } else { timeout });
    let in_time = shared.spin.wait(returned, location, end);
    // Before the slot is locked: the poll that is to blame may be that of this job.
    let late = (!in_time || once).then(|| {
        // Where the one poll has been, and there is no output, the job awaits something.
        let job = if in_time { JobState::Waiting } else { ticket.state() };
        (shared.timed_out(start, job), Instant::now())
    });
    let how = lender.take_back();
    let late = late.map(|(why, then)| why.later(then.elapsed()));
    drop(lender);
    // One more look: the job may have ended between the deadline and the lock.
    let output = frame.output.take();
    // Gone before any other code of the caller's runs.
    if future.is_some() {
        shared.tokio.within(|| future.set(None));
    }
    match (output, late) {
        (Some(Ok(result)), _) => result,
        (Some(Err(panic)), _) => panic.resume(),
        (None, Some(why)) if how == Return::Unfinished => Err(E::from(Error::TimedOut(why))),
        (None, _) => Err(E::from(Error::ReactorStopped)),
    }
}

/// Ends a call whose job cannot be submitted.
pub(crate) fn refuse<F, T, E: From<Error>>(error: Error, job: F) -> Result<T, E> {
    in_tokio(|| drop(job));
    Err(E::from(error))
}
