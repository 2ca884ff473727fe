//! How many cores there are to run on.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// On how many cores this process may run. One until that is known.
pub(super) fn cores() -> usize {
    static CORES: CountOnce = CountOnce::new();
    CORES.get(|| thread::available_parallelism().map_or(1, usize::from))
}

/// Whether there is a core for a thread that looks, beside the one that works.
pub(super) fn has_spare_core() -> bool {
    cores() > 1
}

/// What one thread counts, when it is first needed, while no other waits for it: counting cores
/// opens files, for some 50 µs, and a thread that slept until the end of that would take as long
/// again to wake. These are two threads whenever the first call waits for the first job.
struct CountOnce {
    /// ORDERING: Relaxed, as the number is all there is to see.
    state: AtomicUsize,
}

impl CountOnce {
    const UNKNOWN: usize = 0;
    const COUNTING: usize = usize::MAX;

    const fn new() -> Self {
        Self { state: AtomicUsize::new(Self::UNKNOWN) }
    }

    fn get(&self, count: impl FnOnce() -> usize) -> usize {
        match self.state.load(Ordering::Relaxed) {
            Self::UNKNOWN => self.count(count),
            Self::COUNTING => 1,
            number => number,
        }
    }

    #[cold]
    fn count(&self, count: impl FnOnce() -> usize) -> usize {
        // RACE: of two threads that begin at once, one counts.
        let begun = self.state.compare_exchange(
            Self::UNKNOWN,
            Self::COUNTING,
            Ordering::Relaxed,
            Ordering::Relaxed,
        );
        if begun.is_err() {
            return 1;
        }
        let number = count();
        self.state.store(number, Ordering::Relaxed);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_thread_waits_while_another_counts_the_cores() {
        let cores = CountOnce::new();
        let never = || unreachable!("they are counted once");
        assert_eq!(
            cores.get(|| {
                assert_eq!(cores.get(never), 1, "not known yet");
                8
            }),
            8
        );
        assert_eq!(cores.get(never), 8);
    }
}
