//! Models of `src/handoff/loan.rs`, alone and as `src/job/borrowed.rs` and `src/caller/wait_for.rs`
//! put it together with an outcome and a header.
//!
//! The [`StackJob`] that is lent is a cell that loom watches: an access that is not ordered with
//! the caller's own is reported as a race, in whichever order the two come.

#![cfg(loom)]

#[expect(dead_code, reason = "a header's location and state are no part of the protocol")]
#[path = "../../../src/job/header.rs"]
mod header;
#[path = "../../../src/handoff/loan.rs"]
mod loan;
#[expect(dead_code, reason = "the caller of `wait_for` has no handle")]
#[path = "../../../src/handoff/outcome.rs"]
mod outcome;

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool as StdAtomicBool, Ordering as StdOrdering};
use std::task::{Context, Poll, Waker};

use crochet_loom::sync::{AtomicBool, AtomicU8, AtomicWaker, Ordering};
use crochet_loom::{Seen, error, explore, join, soon, sync};
use loom::cell::UnsafeCell;
use loom::future::block_on;
use loom::thread;

use header::Header;
use loan::{Loan, LoanCell, LoanEnd};
use outcome::Outcome;

/// How many polls of a future are pending before it is ready.
type PendingPolls = usize;
const NEVER: PendingPolls = usize::MAX;

/// What the caller lends: stands for the future and the room for its output.
struct StackJob {
    cell: UnsafeCell<Parts>,
    /// Makes `poll` and `stop` take time: loom lets others run between their steps if these share
    /// an atomic with the others.
    clock: AtomicU8,
    /// Whether the caller has gone on. Loom does not see it.
    gone: StdAtomicBool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parts {
    /// `None` once dropped.
    future: Option<PendingPolls>,
    output: Option<u32>,
}

impl StackJob {
    fn new(pending_polls: PendingPolls) -> Arc<Self> {
        let parts = Parts { future: Some(pending_polls), output: None };
        Arc::new(Self {
            cell: UnsafeCell::new(parts),
            clock: AtomicU8::new(0),
            gone: StdAtomicBool::new(false),
        })
    }

    #[expect(unsafe_code, reason = "loom's cell hands out raw pointers")]
    fn touch<R>(&self, by: impl FnOnce(&mut Parts) -> R) -> R {
        assert!(!self.gone.load(StdOrdering::Relaxed), "touched after the caller has gone on");
        // SAFETY: loom checks that no other thread accesses the cell meanwhile, and panics if one
        // does.
        self.cell.with_mut(|parts| by(unsafe { &mut *parts }))
    }

    /// What the reactor's side does: user code, which takes more than one step.
    fn work<R>(&self, by: impl FnOnce(&mut Parts) -> R) -> R {
        let before = self.touch(|parts| *parts);
        self.clock.store(1, Ordering::Relaxed);
        self.touch(|parts| {
            assert_eq!(*parts, before, "another thread was here");
            by(parts)
        })
    }

    /// What the caller does at its deadline: lets loom run the reactor's side up to any step, and
    /// learns nothing.
    fn look_at_clock(&self) {
        self.clock.load(Ordering::Relaxed);
    }

    /// What the caller does after `take_back`: checks the way in which the loan came back, and goes
    /// on.
    fn reclaim(&self, how: LoanEnd) -> Parts {
        let parts = self.touch(|parts| *parts);
        self.gone.store(true, StdOrdering::Relaxed);
        match how {
            LoanEnd::Finished => assert_eq!(parts, Parts { future: None, output: Some(7) }),
            LoanEnd::Stopped => assert_eq!(parts, Parts { future: None, output: None }),
            LoanEnd::Unfinished => assert!(parts.future.is_some() && parts.output.is_none()),
        }
        parts
    }
}

/// The reference that goes into the cell; it leads to the `Loan` through `DerefMut`.
struct OnLoan(Arc<StackJob>);

impl Loan for OnLoan {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.0.work(|parts| match parts.future.as_mut().expect("polled when it is gone") {
            0 => {
                *parts = Parts { future: None, output: Some(7) };
                Poll::Ready(())
            }
            &mut NEVER => Poll::Pending,
            pending_polls => {
                *pending_polls -= 1;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        })
    }

    fn stop(&mut self) {
        self.0.work(|parts| assert!(parts.future.take().is_some(), "stopped when it is gone"));
    }
}

fn lend(stack_job: &Arc<StackJob>) -> LoanCell<Box<OnLoan>> {
    LoanCell::new(Box::new(OnLoan(Arc::clone(stack_job))))
}

/// What the reactor's side does to the cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Op {
    PollPending,
    PollReady,
    Stop,
}

use Op::{PollPending, PollReady, Stop};

impl Op {
    fn run(self, cell: &LoanCell<Box<OnLoan>>) {
        match self {
            PollPending | PollReady => {
                let _ = cell.poll(&mut Context::from_waker(Waker::noop()));
            }
            Stop => cell.stop(),
        }
    }
}

/// Runs the operations, each in a thread of its own, while the caller takes back its loan, twice.
fn check(ops: &'static [Op], expected: &[How]) {
    let is_ready = ops.contains(&PollReady);
    let pending = ops.iter().filter(|op| **op == PollPending).count();
    explore(expected.iter().copied(), move |seen| {
        let stack_job = StackJob::new(if is_ready { pending } else { NEVER });
        let cell = Arc::new(lend(&stack_job));
        let threads: Vec<_> = ops
            .iter()
            .map(|&op| {
                let cell = Arc::clone(&cell);
                thread::spawn(move || op.run(&cell))
            })
            .collect();
        stack_job.look_at_clock();
        let how = cell.take_back();
        seen.note(How::from(how));
        stack_job.reclaim(how);
        assert_eq!(cell.take_back(), how, "the loan came back in two ways");
        for thread in threads {
            join(thread);
        }
        assert_eq!(cell.take_back(), how);
    });
}

/// `LoanEnd`, for a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum How {
    Finished,
    Stopped,
    Unfinished,
}

use How::{Finished, Stopped, Unfinished};

impl From<LoanEnd> for How {
    fn from(how: LoanEnd) -> Self {
        match how {
            LoanEnd::Finished => Finished,
            LoanEnd::Stopped => Stopped,
            LoanEnd::Unfinished => Unfinished,
        }
    }
}

/// One model for each row: these two operations and `take_back` at the same time, and how the loan
/// may come back.
macro_rules! pairs {
    ($($name:ident: $one:ident, $other:ident => $($how:ident),+;)*) => {
        const PAIRS: &[(Op, Op)] = &[$(($one, $other)),*];

        $(
            #[test]
            fn $name() {
                check(&[$one, $other], &[$($how),+]);
            }
        )*
    };
}

pairs! {
    a_future_that_stays_pending_comes_back_whole: PollPending, PollPending => Unfinished;
    a_future_that_gets_ready_comes_back_whole_or_finished: PollPending, PollReady => Finished, Unfinished;
    a_pending_future_comes_back_whole_or_stopped: PollPending, Stop => Stopped, Unfinished;
    a_ready_future_is_polled_once: PollReady, PollReady => Finished, Unfinished;
    a_ready_future_that_is_stopped_comes_back_in_one_way: PollReady, Stop => Finished, Stopped, Unfinished;
    a_future_is_stopped_once: Stop, Stop => Stopped, Unfinished;
}

#[test]
fn every_pair_of_operations_has_a_model() {
    let ops = [PollPending, PollReady, Stop];
    let all = ops.iter().flat_map(|&one| ops.map(|other| (one.min(other), one.max(other))));
    assert_eq!(PAIRS.iter().copied().collect::<BTreeSet<_>>(), all.collect());
}

/// The job of a `wait_for`, as `borrowed.rs` has it.
struct BorrowedJob {
    header: Header,
    loan: LoanCell<Box<OnLoan>>,
    returned: Outcome<()>,
    stopping: AtomicBool,
    loop_waker: AtomicWaker,
}

impl BorrowedJob {
    /// The reactor thread: polls through the cell until the cell is empty, the job is cancelled, or
    /// the reactor stops.
    fn react(&self, stops: bool) {
        let mut registered = false;
        block_on(poll_fn(|cx| {
            if stops {
                self.loop_waker.register(cx.waker());
                if self.stopping.load(Ordering::Acquire) {
                    return Poll::Ready(());
                }
            }
            if !registered {
                self.header.register(cx.waker());
                registered = true;
            }
            if self.header.is_cancelled() {
                return Poll::Ready(());
            }
            self.loan.poll(cx)
        }));
        // The future is dropped, then the end is made known.
        self.loan.stop();
        self.header.unregister();
        self.returned.publish();
    }

    fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.loop_waker.wake();
    }

    /// The caller.
    fn wait_for(&self, stack_job: &StackJob, has_deadline: bool) -> (How, bool) {
        let late = !self.returned.wait(if has_deadline { soon() } else { None });
        stack_job.look_at_clock();
        let how = self.loan.take_back();
        // As the drop of the guard.
        if self.loan.take_back() == LoanEnd::Unfinished {
            self.header.cancel();
        }
        stack_job.reclaim(how);
        assert!(late || how != LoanEnd::Unfinished, "in time, but unfinished");
        (How::from(how), late)
    }
}

/// Runs a `wait_for` in every order. `expected` is how the loan comes back, and whether it is late.
fn check_wait_for(
    pending_polls: PendingPolls,
    stops: bool,
    has_deadline: bool,
    expected: &[(How, bool)],
) {
    explore(expected.iter().copied(), move |seen: &Seen<_>| {
        let stack_job = StackJob::new(pending_polls);
        let borrowed = Arc::new(BorrowedJob {
            header: Header::new(Location::caller()),
            loan: lend(&stack_job),
            returned: Outcome::new(),
            stopping: AtomicBool::new(false),
            loop_waker: AtomicWaker::new(),
        });
        let reactor = {
            let borrowed = Arc::clone(&borrowed);
            thread::spawn(move || borrowed.react(stops))
        };
        let stopper = stops.then(|| {
            let borrowed = Arc::clone(&borrowed);
            thread::spawn(move || borrowed.stop())
        });
        seen.note(borrowed.wait_for(&stack_job, has_deadline));
        join(reactor);
        if let Some(stopper) = stopper {
            join(stopper);
        }
        assert!(borrowed.returned.is_done());
    });
}

#[test]
fn a_call_without_deadline_returns_the_output() {
    check_wait_for(0, false, false, &[(Finished, false)]);
}

/// The output may come between the deadline and the lock; then it is taken.
#[test]
fn a_deadline_and_the_output_meet() {
    check_wait_for(0, false, true, &[(Finished, false), (Finished, true), (Unfinished, true)]);
}

#[test]
fn a_deadline_and_the_output_of_a_second_poll_meet() {
    check_wait_for(1, false, true, &[(Finished, false), (Finished, true), (Unfinished, true)]);
}

/// Also shows that the reactor thread is woken: otherwise it would sleep on, with the empty cell.
#[test]
fn a_call_whose_future_is_never_ready_ends_at_the_deadline() {
    check_wait_for(NEVER, false, true, &[(Unfinished, true)]);
}

#[test]
fn a_call_without_deadline_ends_when_the_reactor_stops() {
    check_wait_for(NEVER, true, false, &[(Stopped, false)]);
}

#[test]
fn a_deadline_and_a_stop_meet() {
    check_wait_for(NEVER, true, true, &[(Stopped, false), (Stopped, true), (Unfinished, true)]);
}

#[test]
fn an_output_and_a_stop_meet_without_deadline() {
    check_wait_for(0, true, false, &[(Finished, false), (Stopped, false)]);
}

#[test]
fn a_deadline_an_output_and_a_stop_meet() {
    let all = [Finished, Stopped].into_iter().flat_map(|how| [(how, false), (how, true)]);
    let all: Vec<_> = all.chain([(Unfinished, true)]).collect();
    check_wait_for(0, true, true, &all);
}
