//! Models of `src/handoff/outcome.rs`: one outcome on its way from the reactor thread to the
//! waiters.
//!
//! Each row of the table below runs two operations in two threads, beside the reactor thread, which
//! is the publisher. `Set`, `Cancel` and `Stop` decide what it publishes; the others are the
//! handle's.

#![cfg(loom)]

#[expect(dead_code, reason = "a header's location and state are no part of the protocol")]
#[path = "../../../src/job/header.rs"]
mod header;
#[path = "outcome/job.rs"]
mod job;
#[path = "../../../src/handoff/outcome.rs"]
mod outcome;

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};

use crochet_loom::sync::Ordering;
use crochet_loom::{error, explore, join, soon, sync};
use loom::future::block_on;
use loom::thread;

use job::{End, Event, Handle, Job, Plan, SharedHandle};

/// What a thread does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Op {
    /// The job is ready; the reactor thread puts its result and publishes it.
    Set,
    /// The job never is ready; the handle asks the reactor thread to drop it.
    Cancel,
    /// The job never is ready; a thread asks the reactor to stop.
    Stop,
    /// Waits for ever.
    Wait,
    /// Waits until a deadline.
    Timeout,
    /// Waits until a deadline, and then once more, for ever.
    WaitAgain,
    /// Awaits the handle in a task.
    Await,
    /// Waits as for one of several outcomes: the listener's waker is not the thread's own.
    Listen,
    /// Drops the handle, or its share of it.
    Drop,
}

use Op::{Await, Cancel, Drop as DropHandle, Listen, Set, Stop, Timeout, Wait, WaitAgain};

impl Op {
    const ALL: [Self; 9] = [Set, Cancel, Stop, Wait, Timeout, WaitAgain, Await, Listen, DropHandle];

    fn uses_handle(self) -> bool {
        !matches!(self, Set | Stop)
    }

    /// The operation, in a thread of its own; but `Set` is the reactor thread's. When it has ended,
    /// its share of the handle is dropped.
    fn run(self, job: &Job, handle: Option<SharedHandle>) {
        let handle = || handle.as_deref().expect("an operation of the handle");
        match self {
            Set | DropHandle => {}
            Cancel => handle().job.header.cancel(),
            Stop => {
                job.stopping.store(true, Ordering::Release);
                job.loop_waker.wake();
            }
            Wait => handle().wait(),
            Timeout => handle().wait_until_deadline(),
            WaitAgain => {
                handle().wait_until_deadline();
                handle().wait();
            }
            Await => handle().block_on(),
            Listen => handle().listen(),
        }
    }
}

impl Plan {
    fn new(ops: &[Op]) -> Self {
        let (cancels, stops) = (ops.contains(&Cancel), ops.contains(&Stop));
        Self { ready: ops.contains(&Set) || !(cancels || stops), cancels, stops }
    }

    fn ends(self) -> impl Iterator<Item = Event> {
        let ends = [
            (self.ready, End::Returned),
            (self.cancels, End::Cancelled),
            (self.stops, End::Stopped),
        ];
        ends.into_iter().filter_map(|(may, end)| may.then_some(Event::Ended(end)))
    }
}

/// Runs the operations, each in a thread of its own, in every order.
fn check(ops: &'static [Op]) {
    explore(expected(ops), move |seen| {
        let plan = Plan::new(ops);
        let job = Job::new();
        let handle = Handle::new(&job, seen);
        let threads: Vec<_> = ops
            .iter()
            .filter(|op| **op != Set)
            .map(|&op| {
                let job = Arc::clone(&job);
                let handle = op.uses_handle().then(|| SharedHandle::clone(&handle));
                thread::spawn(move || op.run(&job, handle))
            })
            .collect();
        // If an operation has it, this thread's share of the handle is no longer needed.
        let rest = Some(handle).filter(|_| !ops.iter().any(|op| op.uses_handle()));
        job.react(plan, seen);
        for thread in threads {
            join(thread);
        }
        drop(rest);
        job.check_end();
    });
}

fn expected(ops: &[Op]) -> BTreeSet<Event> {
    let waits = |op: &Op| matches!(op, Wait | WaitAgain | Await | Listen);
    let has_deadline = |op: &Op| matches!(op, Timeout | WaitAgain);
    let mut events: BTreeSet<_> = Plan::new(ops).ends().collect();
    events.insert(Event::HandleCameSecond);
    if ops.iter().any(has_deadline) {
        events.extend([Event::Early, Event::InTime]);
    }
    if ops.iter().any(|op| op.uses_handle()) && !ops.iter().any(waits) {
        events.insert(Event::PublisherCameSecond);
    }
    events
}

/// One model for each row: these two operations at the same time.
macro_rules! pairs {
    ($($name:ident: $one:ident, $other:ident;)*) => {
        const PAIRS: &[(Op, Op)] = &[$(($one, $other)),*];

        $(
            #[test]
            fn $name() {
                check(&[$one, $other]);
            }
        )*
    };
}

pairs! {
    a_job_that_is_ready_may_be_cancelled_but_ends_once: Set, Cancel;
    a_job_that_is_ready_may_be_stopped_but_ends_once: Set, Stop;
    a_result_wakes_a_waiter: Set, Wait;
    a_result_and_a_deadline_meet: Set, Timeout;
    a_result_wakes_a_waiter_that_timed_out_before: Set, WaitAgain;
    a_result_wakes_a_task: Set, Await;
    a_result_wakes_a_wait_for_several: Set, Listen;
    a_result_is_looked_after_when_the_handle_is_dropped: Set, DropHandle;

    two_cancels_end_a_job_once: Cancel, Cancel;
    a_cancel_and_a_stop_end_a_job_once: Cancel, Stop;
    a_cancel_wakes_a_waiter: Cancel, Wait;
    a_cancel_and_a_deadline_meet: Cancel, Timeout;
    a_cancel_wakes_a_waiter_that_timed_out_before: Cancel, WaitAgain;
    a_cancel_wakes_a_task: Cancel, Await;
    a_cancel_wakes_a_wait_for_several: Cancel, Listen;
    a_cancelled_outcome_is_looked_after_when_the_handle_is_dropped: Cancel, DropHandle;

    two_stops_end_a_job_once: Stop, Stop;
    a_stop_wakes_a_waiter: Stop, Wait;
    a_stop_and_a_deadline_meet: Stop, Timeout;
    a_stop_wakes_a_waiter_that_timed_out_before: Stop, WaitAgain;
    a_stop_wakes_a_task: Stop, Await;
    a_stop_wakes_a_wait_for_several: Stop, Listen;
    a_stopped_outcome_is_looked_after_when_the_handle_is_dropped: Stop, DropHandle;

    two_waiters_are_woken: Wait, Wait;
    a_timeout_takes_nothing_from_a_waiter: Wait, Timeout;
    a_waiter_that_timed_out_before_takes_nothing_from_another: Wait, WaitAgain;
    a_waiter_and_a_task_are_woken: Wait, Await;
    a_waiter_and_a_wait_for_several_are_woken: Wait, Listen;
    a_waiter_is_woken_though_another_share_of_the_handle_is_dropped: Wait, DropHandle;

    two_deadlines_meet_the_end: Timeout, Timeout;
    a_timeout_takes_nothing_from_a_waiter_that_timed_out_before: Timeout, WaitAgain;
    a_timeout_takes_nothing_from_a_task: Timeout, Await;
    a_timeout_takes_nothing_from_a_wait_for_several: Timeout, Listen;
    a_result_is_looked_after_when_the_last_wait_times_out: Timeout, DropHandle;

    two_waiters_that_timed_out_before_are_woken: WaitAgain, WaitAgain;
    a_waiter_that_timed_out_before_takes_nothing_from_a_task: WaitAgain, Await;
    a_second_wait_and_a_wait_for_several_are_woken: WaitAgain, Listen;
    a_second_wait_is_woken_though_another_share_is_dropped: WaitAgain, DropHandle;

    a_task_and_a_wait_for_several_are_woken: Await, Listen;
    a_task_is_woken_though_another_share_of_the_handle_is_dropped: Await, DropHandle;

    two_waits_for_several_are_woken: Listen, Listen;
    a_wait_for_several_is_woken_though_another_share_is_dropped: Listen, DropHandle;

    the_last_of_two_shares_gives_up_the_handle: DropHandle, DropHandle;
}

/// All pairs but two: one publisher publishes once, and one task awaits a handle.
#[test]
fn every_pair_of_operations_has_a_model() {
    let ordered = |one: Op, other: Op| (one.min(other), one.max(other));
    let modelled: BTreeSet<_> = PAIRS.iter().map(|&(one, other)| ordered(one, other)).collect();
    let mut all: BTreeSet<_> =
        Op::ALL.iter().flat_map(|&one| Op::ALL.map(|other| ordered(one, other))).collect();
    for left_out in [(Set, Set), (Await, Await)] {
        assert!(all.remove(&left_out));
    }
    assert_eq!(modelled, all);
    assert_eq!(PAIRS.len(), all.len(), "a pair has two models");
}

/// A task may move: polled by one thread, then by another, each with a waker of its own.
#[test]
fn a_task_is_woken_by_the_last_waker_it_was_polled_with() {
    let ends = [Event::Ended(End::Returned), Event::Early, Event::InTime];
    explore(ends, |seen| {
        let job = Job::new();
        let task = Arc::clone(&job);
        let task_seen = seen.clone();
        let thread = thread::spawn(move || {
            let ready = task.outcome.poll(Waker::noop());
            task_seen.note(if ready { Event::InTime } else { Event::Early });
            block_on(poll_fn(|cx| match task.outcome.poll(cx.waker()) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }));
            task.look();
        });
        job.publish(End::Returned, seen);
        join(thread);
    });
}

/// A thread parks with one parker, wait after wait. If a deadline passes while the publisher is
/// about to wake it, it finds a token in its next wait, which is for something else.
#[test]
fn a_late_wake_does_not_end_the_next_wait_of_the_thread() {
    let ends = [Event::Ended(End::Returned), Event::Early, Event::InTime];
    explore(ends, |seen| {
        let (one, next) = (Job::new(), Job::new());
        let (waiter_one, waiter_next) = (Arc::clone(&one), Arc::clone(&next));
        let waiter_seen = seen.clone();
        let thread = thread::spawn(move || {
            let in_time = waiter_one.outcome.wait(soon());
            waiter_seen.note(if in_time { Event::InTime } else { Event::Early });
            assert!(waiter_next.outcome.wait(None));
            waiter_next.look();
        });
        one.publish(End::Returned, seen);
        next.publish(End::Returned, seen);
        join(thread);
    });
}

/// A call inside `interruptible` sleeps in slices. Between two of them the check runs, which may
/// wait for something else with the same parker.
#[test]
fn a_result_wakes_a_wait_in_slices() {
    let ends = [Event::Ended(End::Returned), Event::Early, Event::InTime];
    explore(ends, |seen| {
        let (job, other) = (Job::new(), Job::new());
        let (waiter, waiter_other) = (Arc::clone(&job), Arc::clone(&other));
        let waiter_seen = seen.clone();
        let thread = thread::spawn(move || {
            if waiter.outcome.wait(soon()) {
                waiter_seen.note(Event::InTime);
            } else {
                waiter_seen.note(Event::Early);
                assert!(waiter_other.outcome.wait(None));
                waiter_other.look();
                assert!(waiter.outcome.wait(None));
            }
            waiter.look();
        });
        job.publish(End::Returned, seen);
        other.publish(End::Returned, seen);
        join(thread);
    });
}

/// What `Spin::wait` does: looks, and yields between two looks.
#[test]
fn a_busy_wait_sees_the_result() {
    let ends = [Event::Ended(End::Returned), Event::InTime];
    explore(ends, |seen| {
        let job = Job::new();
        let waiter = Arc::clone(&job);
        let waiter_seen = seen.clone();
        let thread = thread::spawn(move || {
            while !waiter.outcome.is_done() {
                thread::yield_now();
            }
            waiter_seen.note(Event::InTime);
            waiter.look();
        });
        job.publish(End::Returned, seen);
        join(thread);
    });
}
