//! Models of `src/bell.rs`: one thread that waits for any of two outcomes, and the two that publish them.

#![cfg(loom)]

#[path = "../../../src/handoff/wait_any.rs"]
mod wait_any;
#[expect(dead_code, reason = "some of it is not for who waits for several")]
#[path = "../../../src/handoff/outcome.rs"]
mod outcome;

use std::sync::Arc;

use crochet_loom::{explore, join, soon, sync};
use loom::thread;

use wait_any::sleep_until_any;
use outcome::Outcome;

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

/// As `wait_any` does. What is done has its value in place.
fn look(outcomes: &Outcomes) -> Found {
    match outcomes.iter().position(Outcome::is_done) {
        None => Neither,
        Some(which) => {
            assert_eq!(outcomes[which].take(), Some(which));
            [First, Second][which]
        }
    }
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
        sleep_until_any(listeners, if has_deadline { soon() } else { None });
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

/// Each has a bell of its own.
#[test]
fn two_threads_that_wait_for_the_same_outcomes_are_woken() {
    explore([Second], |seen| {
        let outcomes = Arc::new([Outcome::new(), Outcome::new()]);
        let others = Arc::clone(&outcomes);
        let other = thread::spawn(move || {
            sleep_until_any(others.iter().map(Outcome::listen), None);
            assert!(others[1].is_done());
        });
        let publishers = Arc::clone(&outcomes);
        let publisher = thread::spawn(move || publish(&publishers, 1));
        sleep_until_any(outcomes.iter().map(Outcome::listen), None);
        seen.note(look(&outcomes));
        join(publisher);
        join(other);
    });
}
