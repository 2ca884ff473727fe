//! [`SpinHistory`]: learns whether a busy-wait is worth its while.

use std::sync::atomic::{AtomicU8, Ordering};

/// The number of waits that sleep at once is `2^level - 1`.
const MAX_LEVEL: u8 = 6;

/// What is known of one kind of wait.
///
/// A busy-wait that runs out doubles the number of waits that sleep at once, up to [`MAX_LEVEL`].
/// One that is worth its while sets that number back to none.
///
/// ORDERING: Relaxed, and not even read-modify-writes: a history guards nothing, and an update that
/// is lost makes one wait longer, or costs one busy-wait more.
#[derive(Default)]
pub(super) struct SpinHistory {
    level: AtomicU8,
    /// How many of the next waits sleep at once.
    skips: AtomicU8,
}

impl SpinHistory {
    /// Counts one wait. Returns whether it should begin with a busy-wait.
    pub(super) fn tries(&self) -> bool {
        let skips = self.skips.load(Ordering::Relaxed);
        if skips > 0 {
            self.skips.store(skips - 1, Ordering::Relaxed);
        }
        skips == 0
    }

    /// Learns from a busy-wait that is over.
    pub(super) fn learn(&self, was_worth_it: bool) {
        let level = self.level.load(Ordering::Relaxed);
        if !was_worth_it {
            let level = (level + 1).min(MAX_LEVEL);
            self.level.store(level, Ordering::Relaxed);
            self.skips.store((1 << level) - 1, Ordering::Relaxed);
        } else if level > 0 {
            // Written only if the level changes: all callers at one call site share it.
            self.level.store(0, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
impl SpinHistory {
    pub(super) fn level(&self) -> u8 {
        self.level.load(Ordering::Relaxed)
    }

    /// Makes this many waits sleep at once.
    pub(super) fn set_skips(&self, skips: u8) {
        self.skips.store(skips, Ordering::Relaxed);
    }

    /// How many waits in a row sleep at once.
    pub(super) fn count_sleeps(&self) -> u32 {
        let mut count = 0;
        while !self.tries() {
            count += 1;
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_busy_wait_that_runs_out_doubles_the_waits_that_sleep_at_once() {
        let history = SpinHistory::default();
        let mut seen = Vec::new();
        for _ in 0..8 {
            seen.push(history.count_sleeps());
            history.learn(false);
        }
        assert_eq!(seen, [0, 1, 3, 7, 15, 31, 63, 63]);
    }

    #[test]
    fn one_that_is_worth_it_sets_them_back_to_none() {
        let history = SpinHistory::default();
        for _ in 0..6 {
            history.learn(false);
        }
        assert_eq!(history.count_sleeps(), 63);
        history.learn(true);
        assert!(history.tries() && history.tries());
    }
}
