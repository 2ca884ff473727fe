//! The slot through which the caller of `wait_for` lends its future to the reactor thread, and takes it
//! back.
//!
//! # The protocol
//!
//! The slot is `OnLoan` from the start, and `Returned` for ever after. The loan is touched only by who
//! holds the lock, so these are the only ways on:
//!
//! | from | who | how |
//! |---|---|---|
//! | `OnLoan` | reactor thread, [`poll`](LoanCell::poll) | the future is ready: `Returned(Finished)` |
//! | `OnLoan` | who drops the job, [`stop`](LoanCell::stop) | it is unfinished: `Returned(Stopped)` |
//! | `OnLoan` | caller, [`take_back`](LoanCell::take_back) | the time is over: `Returned(Unfinished)` |
//!
//! So once the caller has held the lock in `take_back`, the loan is gone from the slot, and nobody can
//! touch what it referred to: either somebody returned it before (and the lock makes all they did
//! visible), or the caller did so itself, while nobody else was inside `poll`.
//!
//! The lock is held while the future is polled or dropped: user code, which waits for itself at worst,
//! as no other call uses this lock.
//!
//! The job is dropped by the reactor thread, unless it never got there: by the caller, if the queue was
//! closed; by whoever stops a driver that was never run.
//!
//! A lock is not fair: a reactor thread that polls again and again could keep a caller waiting for it. So the
//! caller first raises `recalled`; from then on the reactor thread leaves the slot alone, and at most the
//! `poll` or `stop` that has missed the flag comes before the caller's turn.
//!
//! `tests/loom/tests/slot.rs` models each pair of operations.

use std::ops::DerefMut;
use std::task::{Context, Poll};

use crate::sync::{AtomicBool, Mutex, Ordering, lock};

/// What is lent: a future, and the place for its output.
pub(crate) trait Loan {
    /// Polls the future. When it is ready, it has been dropped, and its output is kept. Does not unwind.
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

enum State<L> {
    OnLoan(L),
    Returned(LoanEnd),
}

/// A slot with a loan in it. The module's documentation has the protocol.
pub(crate) struct LoanCell<L> {
    state: Mutex<State<L>>,
    /// Raised by `take_back`. ORDERING: Relaxed; it guards nothing, the lock does. Who misses it waits
    /// for the lock, or has the caller wait, as without it.
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

    /// Polls what is lent. An empty slot is `Ready`: there is nothing left to do for it. So is one that
    /// its owner is about to empty.
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

    /// Drops the future, if it is still here, and its owner is not about to take it out.
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

    /// Takes the loan out, if it is still here, and tells how it came back. When this has returned, the
    /// slot is empty. It waits for a `poll` that is under way, and for nothing else.
    pub(crate) fn take_back(&self) -> LoanEnd {
        self.recalled.store(true, Ordering::Relaxed);
        let mut state = lock(&self.state);
        if let State::Returned(how) = *state {
            return how;
        }
        *state = State::Returned(LoanEnd::Unfinished);
        LoanEnd::Unfinished
    }

    fn is_recalled(&self) -> bool {
        self.recalled.load(Ordering::Relaxed)
    }
}
