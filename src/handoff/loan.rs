//! The cell through which the caller of `wait_for` lends its future to the reactor thread, and
//! takes it back.
//!
//! # The protocol
//!
//! The cell starts as `OnLoan`, and once `Returned` stays so. A thread touches the loan only while
//! it holds the lock, so these are the only transitions:
//!
//! | from | by | when |
//! |---|---|---|
//! | `OnLoan` | the reactor thread, [`poll`](LoanCell::poll) | the future is ready: `Returned(Finished)` |
//! | `OnLoan` | the thread that drops the job, [`stop`](LoanCell::stop) | the future is unfinished: `Returned(Stopped)` |
//! | `OnLoan` | the caller, [`take_back`](LoanCell::take_back) | the time is over: `Returned(Unfinished)` |
//!
//! So once the caller has held the lock in `take_back`, the loan is gone from the cell, and no
//! thread can touch what it referred to: either another thread returned it before (and the lock
//! makes all that thread did visible), or the caller did, while no other thread was inside `poll`
//! or `stop`.
//!
//! The lock is held while the future is polled or dropped. That is user code, but at worst it waits
//! for its own caller, as no other call uses this lock.
//!
//! The thread that drops the job is the reactor thread, unless the job never got there: then it is
//! the caller, if the queue was closed, or the thread that stops a driver which was never run.
//!
//! The lock is not fair: a reactor thread that polls again and again could keep a caller waiting
//! for it. So the caller first raises `recalled`. From then on the reactor thread leaves the cell
//! alone, and at most one `poll` or `stop` that has missed the flag comes before the caller's turn.
//!
//! `tests/loom/tests/loan.rs` models each pair of operations.

use std::ops::DerefMut;
use std::task::{Context, Poll};

use crate::sync::{AtomicBool, Mutex, Ordering, lock};

/// What is lent: a future, and room for its output.
pub(crate) trait Loan {
    /// Polls the future. Once ready, the future has been dropped, and its output is kept. Does not
    /// unwind.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()>;
    /// Drops the future, which is not ready. Does not unwind.
    fn stop(&mut self);
}

/// How a loan came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoanEnd {
    /// The future was ready; its output is in place.
    Finished,
    /// The future was dropped with the job, unfinished.
    Stopped,
    /// The future is whole, and its owner's again.
    Unfinished,
}

/// The module's documentation has the transitions.
enum State<L> {
    /// The reactor thread may poll or drop the future.
    OnLoan(L),
    /// The loan is gone from the cell, for good.
    Returned(LoanEnd),
}

/// A cell with a loan in it. The module's documentation has the protocol.
pub(crate) struct LoanCell<L> {
    state: Mutex<State<L>>,
    /// Raised by `take_back`. ORDERING: Relaxed; the lock guards the loan, not this flag. Missing
    /// the flag is harmless: one side just waits for the lock.
    recalled: AtomicBool,
}

impl<L> LoanCell<L>
where
    L: DerefMut,
    L::Target: Loan,
{
    pub(crate) fn new(loan: L) -> Self {
        Self { state: Mutex::new(State::OnLoan(loan)), recalled: AtomicBool::new(false) }
    }

    /// Polls the future that is lent. An empty cell is `Ready`, because there is nothing left to do
    /// for it; so is a cell that its owner is about to empty.
    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_recalled() {
            return Poll::Ready(());
        }
        let mut state = lock(&self.state);
        if let State::OnLoan(loan) = &mut *state {
            match loan.poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(()) => *state = State::Returned(LoanEnd::Finished),
            }
        }
        Poll::Ready(())
    }

    /// Drops the future, if the cell still has it and its owner is not about to take it out.
    pub(crate) fn stop(&self) {
        if self.is_recalled() {
            return;
        }
        let mut state = lock(&self.state);
        if let State::OnLoan(loan) = &mut *state {
            loan.stop();
            *state = State::Returned(LoanEnd::Stopped);
        }
    }

    /// Takes the loan out, if the cell still has it, and returns how the loan came back. Afterwards
    /// the cell is empty. Waits for a `poll` or `stop` that is under way, and for nothing else.
    pub(crate) fn take_back(&self) -> LoanEnd {
        self.recalled.store(true, Ordering::Relaxed);
        let mut state = lock(&self.state);
        if let State::Returned(end) = *state {
            return end;
        }
        *state = State::Returned(LoanEnd::Unfinished);
        LoanEnd::Unfinished
    }

    fn is_recalled(&self) -> bool {
        self.recalled.load(Ordering::Relaxed)
    }
}
