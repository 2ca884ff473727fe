//! Models of `src/handoff/wait_any.rs`: a thread that waits for any of two outcomes, and the two
//! threads that publish them.

#![cfg(loom)]

#[expect(dead_code, reason = "a wait for several outcomes uses a part of it")]
#[path = "../../../src/handoff/outcome.rs"]
mod outcome;
#[path = "../../../src/handoff/wait_any.rs"]
mod wait_any;

use std::sync::Arc;

use crochet_loom::{explore, join, soon, sync};
use loom::thread;

use outcome::Outcome;
use wait_any::sleep_until_any;

type Outcomes = Arc<[Outcome<usize>; 2]>;

/// What the waiting thread finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Found {
    Neither,
    First,
    Second,
}

use Found::{First, Neither, Second};

fn publish(outcomes: &Outcomes, which: usize) {
    outcomes[which].put(which);
    assert!(outcomes[which].publish());
}

/// Looks at the outcomes, as `wait_any` does. One that is done has its value in place.
fn look(outcomes: &Outcomes) -> Found {
    match outcomes.iter().position(Outcome::is_done) {
        None => Neither,
        Some(which) => {
            assert_eq!(outcomes[which].take(), Some(which));
            [First, Second][which]
        }
    }
}

fn sleep_for_ever(outcomes: &[Outcome<usize>]) {
    sleep_until_any(outcomes.iter().map(Outcome::listen), |sleep_until| {
        assert!(sleep_until(None));
    });
}

fn check(
    published: &'static [usize],
    has_deadline: bool,
    expected: impl IntoIterator<Item = Found>,
) {
    explore(expected, move |seen| {
        let outcomes = Arc::new([Outcome::new(), Outcome::new()]);
        let publishers: Vec<_> = published
            .iter()
            .map(|&which| {
                let outcomes = Arc::clone(&outcomes);
                thread::spawn(move || publish(&outcomes, which))
            })
            .collect();
        let listeners = outcomes.iter().map(Outcome::listen);
        sleep_until_any(listeners, |sleep_until| {
            sleep_until(if has_deadline { soon() } else { None });
        });
        seen.note(look(&outcomes));
        publishers.into_iter().for_each(join);
    });
}

#[test]
fn the_first_of_two_outcomes_wakes_the_thread() {
    check(&[0], false, [First]);
}

#[test]
fn the_second_of_two_outcomes_wakes_the_thread() {
    check(&[1], false, [Second]);
}

#[test]
fn two_outcomes_at_once_wake_the_thread() {
    check(&[0, 1], false, [First, Second]);
}

#[test]
fn an_outcome_and_the_deadline_meet() {
    check(&[1], true, [Neither, Second]);
}

/// Each has a notifier of its own.
#[test]
fn two_threads_that_wait_for_the_same_outcome_are_woken() {
    explore([First], |seen| {
        let outcomes = Arc::new([Outcome::new(), Outcome::new()]);
        let others = Arc::clone(&outcomes);
        let other = thread::spawn(move || {
            sleep_for_ever(&others[..1]);
            assert!(others[0].is_done());
        });
        let publishers = Arc::clone(&outcomes);
        let publisher = thread::spawn(move || publish(&publishers, 0));
        sleep_for_ever(&outcomes[..1]);
        seen.note(look(&outcomes));
        join(publisher);
        join(other);
    });
}

/// Between two sleeps the thread runs other code, here a wait for something else. That uses the
/// same parker, and may take the token with which the notifier has unparked the thread.
#[test]
fn a_wait_between_two_sleeps_takes_no_notification() {
    explore([First], |seen| {
        let outcomes = Arc::new([Outcome::new(), Outcome::new()]);
        let publisher = {
            let outcomes = Arc::clone(&outcomes);
            thread::spawn(move || publish(&outcomes, 0))
        };
        sleep_until_any(outcomes[..1].iter().map(Outcome::listen), |sleep_until| {
            if !sleep_until(soon()) {
                outcomes[1].wait(soon());
                assert!(sleep_until(None));
            }
        });
        seen.note(look(&outcomes));
        join(publisher);
    });
}
