//! A job that borrows from its caller's stack. The future stays there, lent to the reactor thread
//! for the time of the call.
//!
//! Here is the `unsafe` of `wait_for`: the reference to the caller's stack loses its lifetime on
//! its way to the reactor thread. [`LoanGuard::lend`] has the argument.

use std::future::Future;
use std::marker::PhantomData;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::context::Span;
use crate::handoff::loan::{Loan, LoanCell, LoanEnd};
use crate::handoff::outcome::Outcome;
use crate::job::header::Header;
use crate::job::{End, Job, JobFuture};
use crate::panic::abort::AbortOnUnwind;
use crate::panic::{Panic, catch, poll_and_drop};

/// The part of the job that stays on the caller's stack: the future, and room for its output.
pub(crate) struct StackJob<'a, F, R> {
    /// `None` once the future was ready, or was dropped because the reactor stopped.
    pub(crate) future: Pin<&'a mut Option<F>>,
    pub(crate) output: Option<Result<R, Panic>>,
    pub(crate) span: Span,
}

impl<F: Future<Output = R> + Send, R: Send> Loan for StackJob<'_, F, R> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // A future that is ready is dropped here, on the thread that polled it, before its end is
        // made known.
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
type ErasedLoan = &'static mut (dyn Loan + Send);

/// The part of the job that outlives the call. Once the call is over, its cell is empty.
///
/// Its fields stay in this order, as [`Outcome`] asks for: the reactor thread writes to the header
/// and the cell while the caller reads the outcome's state.
#[repr(C)]
pub(crate) struct BorrowedJob {
    pub(crate) header: Header,
    cell: LoanCell<ErasedLoan>,
    /// Whether the future is polled at most once.
    once: bool,
    /// Published when the reactor thread has finished with the cell: the cell is empty, or the
    /// caller's to empty.
    pub(crate) returned: Outcome<()>,
}

impl Job for BorrowedJob {
    fn header(&self) -> &Header {
        &self.header
    }

    fn begin(self: Arc<Self>, cx: &mut Context<'_>) -> Result<End, JobFuture> {
        // A job that is ready at once needs no future of its own; nor does one that is polled once,
        // whose future stays in the cell for the caller to take back.
        match self.cell.poll(cx) {
            Poll::Pending if !self.once => Err(Box::pin(LentFuture { borrowed: self })),
            _ => Ok(End::Returned),
        }
    }

    fn drop_unstarted(&self) {
        self.cell.stop();
    }

    fn publish(&self, _end: End) -> bool {
        self.returned.publish();
        true
    }

    fn report_unclaimed(&self) {}
}

/// The job's future on the reactor thread. It polls the caller's future through the cell.
struct LentFuture {
    borrowed: Arc<BorrowedJob>,
}

impl Future for LentFuture {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.borrowed.cell.poll(cx)
    }
}

impl Drop for LentFuture {
    fn drop(&mut self) {
        self.borrowed.cell.stop();
    }
}

/// The caller's end of a loan, which it keeps borrowed. Dropping the guard ends the loan.
pub(crate) struct LoanGuard<'a> {
    pub(crate) borrowed: Arc<BorrowedJob>,
    loan: PhantomData<&'a mut ()>,
}

impl<'a> LoanGuard<'a> {
    /// Lends `loan`.
    ///
    /// # Safety
    ///
    /// The returned value must not be forgotten: its `drop` must have run before `'a` ends.
    #[expect(unsafe_code, reason = "erases a lifetime; argued below")]
    pub(crate) unsafe fn lend(
        loan: &'a mut (dyn Loan + Send + 'a),
        header: Header,
        once: bool,
    ) -> Self {
        // SAFETY: only the lifetime changes. The reference goes into the cell and nowhere else: the
        // cell hands out no copy, and touches the loan only while it holds its lock. Our caller
        // promises that `take_back` is called (by `drop`) before `'a` ends. `take_back` locks the
        // cell, and then there are two cases:
        //
        // 1. The cell is empty. Another thread has emptied it, and had finished with the loan for
        //    good before it released the lock, which we have taken since. So all its uses of the
        //    loan happened before, and there will be none after.
        // 2. The loan is still in the cell. We hold the lock, so no thread is inside `poll` or
        //    `stop`; we empty the cell, and every later `poll` or `stop` finds it empty. All uses
        //    so far happened before an unlock that came before our lock, so the loan is ours as it
        //    is.
        //
        // In both cases the reference is gone when `take_back` returns, wherever the
        // `Arc<BorrowedJob>` still is: in the queue, in a task, or leaked with either. Unwinding
        // takes the same way, because `drop` does. A `take_back` that unwound itself would end the
        // process.
        //
        // Using the loan on another thread is allowed by `Send`: of the future, of its output, and
        // of the `StackJob` around both. The `StackJob` does not move meanwhile, as it stays
        // mutably borrowed.
        let loan = unsafe { mem::transmute::<&'a mut (dyn Loan + Send + 'a), ErasedLoan>(loan) };
        let returned = Outcome::new();
        let borrowed = Arc::new(BorrowedJob { header, cell: LoanCell::new(loan), returned, once });
        Self { borrowed, loan: PhantomData }
    }

    /// The job, for the queue.
    pub(crate) fn job(&self) -> Arc<BorrowedJob> {
        Arc::clone(&self.borrowed)
    }

    /// Ends the loan, and returns how it came back.
    pub(crate) fn take_back(&self) -> LoanEnd {
        let abort = AbortOnUnwind::arm();
        let end = self.borrowed.cell.take_back();
        abort.disarm();
        end
    }
}

impl Drop for LoanGuard<'_> {
    fn drop(&mut self) {
        if self.take_back() == LoanEnd::Unfinished {
            // Have the reactor drop its task with the empty cell. The loan is over, so this may
            // unwind.
            self.borrowed.header.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;

    #[test]
    fn the_outcome_comes_last() {
        assert!(offset_of!(BorrowedJob, returned) > offset_of!(BorrowedJob, header));
        assert!(offset_of!(BorrowedJob, returned) > offset_of!(BorrowedJob, cell));
    }
}
