//! [`IdleSpin`]: the reactor's busy-wait, before it sleeps.

use std::time::Instant;

use crate::runtime::spin::{Activity, Spin};

/// The reactor's busy-wait, on its thread. The loop asks it each time that it has run out of work.
pub(crate) struct IdleSpin {
    /// While the reactor is spinning: after what, and until when.
    looking: Option<(Activity, Option<Instant>)>,
}

impl IdleSpin {
    pub(crate) fn new() -> Self {
        Self { looking: None }
    }

    /// Whether the reactor should look for work once more before it sleeps. `activity` is what it
    /// has done since the last call, if anything.
    pub(crate) fn goes_on(&mut self, spin: &Spin, activity: Option<Activity>) -> bool {
        if let Some(activity) = activity {
            if let Some((before, _)) = self.looking.take() {
                // Work came while the reactor was spinning.
                spin.history(before).learn(true);
            }
            if spin.tries_after(activity) {
                let part = match activity {
                    Activity::LeftPending => 2,
                    Activity::Ended => 8,
                };
                self.looking = Some((activity, Instant::now().checked_add(spin.bound / part)));
                return true;
            }
        }
        let Some((activity, end)) = self.looking else { return false };
        if end.is_some_and(|end| Instant::now() >= end) {
            spin.history(activity).learn(false);
            self.looking = None;
            return false;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn without_a_bound_the_reactor_does_not_spin() {
        let spin = Spin::with_spare_core(Duration::ZERO);
        assert!(spin.is_off());
        assert!(!IdleSpin::new().goes_on(&spin, Some(Activity::Ended)));
    }

    #[test]
    fn with_one_core_the_reactor_does_not_spin() {
        let spin = Spin::with_one_core(Duration::MAX);
        assert!(spin.is_off());
        assert!(!IdleSpin::new().goes_on(&spin, Some(Activity::Ended)));
    }

    #[test]
    fn the_reactor_spins_after_it_did_something_and_for_a_bounded_time() {
        let spin = Spin::with_spare_core(Duration::from_millis(8));
        let mut idle = IdleSpin::new();
        assert!(!idle.goes_on(&spin, None));
        let start = Instant::now();
        assert!(idle.goes_on(&spin, Some(Activity::Ended)));
        while idle.goes_on(&spin, None) {}
        assert!(start.elapsed() >= Duration::from_millis(1));
        // The busy-wait ran out, so the next wait sleeps at once, and the one after that spins
        // again. A wait while jobs are pending is of another kind.
        assert!(!idle.goes_on(&spin, Some(Activity::Ended)));
        assert!(idle.goes_on(&spin, Some(Activity::LeftPending)));
        // Work that comes in time is a success.
        assert!(idle.goes_on(&spin, Some(Activity::Ended)));
        assert_eq!(spin.history(Activity::LeftPending).level(), 0);
        assert_eq!(spin.history(Activity::Ended).level(), 1);
    }
}
