//! Models of `src/job/semaphore.rs`: threads that wait for a permit, and threads that release one.

#![cfg(loom)]

#[path = "../../../src/job/semaphore.rs"]
mod semaphore;
/// The part of `src/sys` that the semaphore names. No process of a model forks.
mod sys {
    pub(crate) mod fork {
        pub(crate) fn forked_from() -> Option<u32> {
            None
        }
    }
}

use std::sync::Arc;
use std::time::Instant;

use crochet_loom::{explore, join, soon, sync};
use loom::thread::{self, JoinHandle};

use semaphore::{Permit, Semaphore};
use sync::{AtomicBool, Ordering};

const PANICKED: &str = "a thread of the model panicked";

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Ended {
    /// By its first look.
    AtOnce,
    /// By the look after it had listened.
    Listening,
    /// By a later look: it was woken, or its deadline had passed.
    Later,
    /// Its deadline had passed, for nothing.
    TimedOut,
}

use Ended::{AtOnce, Later, Listening, TimedOut};

/// Waits until `done`.
fn wait(semaphore: &Semaphore, deadline: Option<Instant>, mut done: impl FnMut() -> bool) -> Ended {
    let mut looks = 0;
    let is_done = semaphore.wait(deadline, || {
        looks += 1;
        done()
    });
    match looks {
        _ if !is_done => TimedOut,
        1 => AtOnce,
        2 => Listening,
        _ => Later,
    }
}

/// Waits for a permit, as `Shared::acquire` does.
fn acquire(semaphore: &Arc<Semaphore>, deadline: Option<Instant>) -> (Option<Permit>, Ended) {
    let mut permit = None;
    let ended = wait(semaphore, deadline, || {
        permit = semaphore.try_acquire();
        permit.is_some()
    });
    assert_eq!(permit.is_some(), ended != TimedOut);
    (permit, ended)
}

fn spawn<T>(semaphore: &Arc<Semaphore>, run: fn(&Arc<Semaphore>) -> T) -> JoinHandle<T>
where
    T: 'static,
{
    let semaphore = Arc::clone(semaphore);
    thread::spawn(move || run(&semaphore))
}

/// A semaphore, and all its permits.
fn exhausted<const MAX: usize>() -> (Arc<Semaphore>, [Permit; MAX]) {
    let semaphore = Arc::new(Semaphore::new(MAX));
    let permits = [(); MAX].map(|()| semaphore.try_acquire().expect("there are as many"));
    assert!(semaphore.try_acquire().is_none());
    (semaphore, permits)
}

#[test]
fn two_threads_do_not_get_the_same_permit() {
    explore([(true, false), (false, true)], |seen| {
        let semaphore = Arc::new(Semaphore::new(1));
        let other = spawn(&semaphore, Semaphore::try_acquire);
        let permit = semaphore.try_acquire();
        let others = other.join().expect(PANICKED);
        seen.note((permit.is_some(), others.is_some()));
    });
}

#[test]
fn a_released_permit_wakes_a_waiter() {
    explore([AtOnce, Listening, Later], |seen| {
        let (semaphore, permits) = exhausted::<1>();
        let releaser = thread::spawn(move || drop(permits));
        let (_permit, ended) = acquire(&semaphore, None);
        seen.note(ended);
        join(releaser);
        assert!(semaphore.try_acquire().is_none());
    });
}

#[test]
fn a_released_permit_and_a_deadline_meet() {
    explore([AtOnce, Listening, Later, TimedOut], |seen| {
        let (semaphore, permits) = exhausted::<1>();
        let releaser = thread::spawn(move || drop(permits));
        let (permit, ended) = acquire(&semaphore, soon());
        seen.note(ended);
        join(releaser);
        // It is the waiter's, or free again.
        assert_eq!(semaphore.try_acquire().is_none(), permit.is_some());
    });
}

/// Nothing wakes the waiter, so that only the look at its deadline can come later.
#[test]
fn what_was_not_made_known_is_seen_at_the_deadline() {
    explore([AtOnce, Listening, Later, TimedOut], |seen| {
        let (semaphore, is_over) = (Semaphore::new(0), Arc::new(AtomicBool::new(false)));
        let ends = Arc::clone(&is_over);
        let thread = thread::spawn(move || ends.store(true, Ordering::Relaxed));
        seen.note(wait(&semaphore, soon(), || is_over.load(Ordering::Relaxed)));
        join(thread);
    });
}

/// Each passes the only permit on.
#[test]
fn two_waiters_share_one_permit() {
    explore([AtOnce, Listening, Later], |seen| {
        let (semaphore, permits) = exhausted::<1>();
        let other = spawn(&semaphore, |semaphore| drop(acquire(semaphore, None)));
        drop(permits);
        seen.note(acquire(&semaphore, None).1);
        join(other);
        assert!(semaphore.try_acquire().is_some());
    });
}

/// Both permits may be released before the first waiter that is woken runs.
#[test]
fn two_waiters_get_two_permits() {
    explore([AtOnce, Listening, Later], |seen| {
        let (semaphore, permits) = exhausted::<2>();
        let other = spawn(&semaphore, |semaphore| acquire(semaphore, None));
        let releaser = thread::spawn(move || drop(permits));
        let (_permit, ended) = acquire(&semaphore, None);
        seen.note(ended);
        let _others = other.join().expect(PANICKED);
        join(releaser);
        assert!(semaphore.try_acquire().is_none());
    });
}

/// The one that gives up may be the one that was notified.
#[test]
fn a_permit_is_not_lost_when_a_waiter_gives_up() {
    explore([AtOnce, Listening, Later], |seen| {
        let (semaphore, permits) = exhausted::<1>();
        let hasty = spawn(&semaphore, |semaphore| drop(acquire(semaphore, soon())));
        let releaser = thread::spawn(move || drop(permits));
        let (_permit, ended) = acquire(&semaphore, None);
        seen.note(ended);
        join(hasty);
        join(releaser);
        assert!(semaphore.try_acquire().is_none());
    });
}

/// As when the reactor stops.
#[test]
fn all_waiters_are_woken() {
    explore([AtOnce, Listening, Later], |seen| {
        let both = Arc::new((Semaphore::new(0), AtomicBool::new(false)));
        let wait_for_the_end =
            |both: &(Semaphore, AtomicBool)| wait(&both.0, None, || both.1.load(Ordering::Relaxed));
        let (others, ends) = (Arc::clone(&both), Arc::clone(&both));
        let other = thread::spawn(move || {
            wait_for_the_end(&others);
        });
        let end = thread::spawn(move || {
            ends.1.store(true, Ordering::Relaxed);
            ends.0.wake_all();
        });
        seen.note(wait_for_the_end(&both));
        join(other);
        join(end);
    });
}
