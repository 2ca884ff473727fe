//! What the models of crochet's hand-off protocols share. The models are in `tests/`; each includes
//! the real source file by its path, and gives it the [`sync`] and [`error`] of this crate.

#![cfg(loom)]

pub mod error;
pub mod sync;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use loom::model::Builder;
use loom::thread::JoinHandle;

/// How often loom may take the turn from a thread that could go on. Nearly all races need one or
/// two.
const PREEMPTIONS: usize = 3;

/// What happened in any execution of a model. It is not part of the model: loom does not see it.
#[derive(Debug)]
pub struct Seen<S>(Arc<Mutex<BTreeSet<S>>>);

impl<S: Ord> Seen<S> {
    /// Notes that this has happened.
    pub fn note(&self, what: S) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(what);
    }
}

impl<S> Clone for Seen<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Runs the model in every order of its steps, within the bound, and checks that `expected` is all
/// that happened, taken together. That every expected thing happened shows that the model reaches
/// both sides of its race.
///
/// # Panics
///
/// If a thread of the model panics in any execution, if all threads sleep, or if two race for a
/// `loom::cell::UnsafeCell`.
#[track_caller]
pub fn explore<S>(
    expected: impl IntoIterator<Item = S>,
    model: impl Fn(&Seen<S>) + Send + Sync + 'static,
) where
    S: Ord + fmt::Debug + Send + 'static,
{
    let seen = Seen(Arc::default());
    let noted = seen.clone();
    let mut builder = Builder::new();
    builder.preemption_bound.get_or_insert(PREEMPTIONS);
    builder.check(move || model(&noted));
    let seen = seen.0.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(*seen, expected.into_iter().collect(), "what happened is not what was expected");
}

/// Waits for the end of a model's thread.
///
/// # Panics
///
/// If the thread has panicked.
pub fn join(thread: JoinHandle<()>) {
    thread.join().expect("a thread of the model panicked");
}

/// A deadline that has not passed when a wait begins. In a model, it passes as soon as the wait
/// sleeps.
pub fn soon() -> Option<Instant> {
    Instant::now().checked_add(Duration::from_secs(3600))
}
