//! Whether there is more than one core to run on.

use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;

/// Whether there is a core for a thread that looks, beside the one that works. False until that is
/// known.
pub(super) fn has_spare_core() -> bool {
    static CORES: CountOnce = CountOnce::new();
    CORES.get(|| thread::available_parallelism().is_ok_and(|cores| cores.get() > 1))
}

/// What one thread finds out, when it is first needed, while no other waits for it: counting cores
/// opens files, for some 50 µs, and a thread that slept until the end of that would take as long
/// again to wake. These are two threads whenever the first call waits for the first job.
struct CountOnce {
    /// ORDERING: Relaxed, as the number is all there is to see.
    state: AtomicU8,
}

impl CountOnce {
    const UNKNOWN: u8 = 0;
    const COUNTING: u8 = 1;
    const NO: u8 = 2;
    const YES: u8 = 3;

    const fn new() -> Self {
        Self { state: AtomicU8::new(Self::UNKNOWN) }
    }

    fn get(&self, count: impl FnOnce() -> bool) -> bool {
        match self.state.load(Ordering::Relaxed) {
            Self::YES => true,
            Self::UNKNOWN => self.count(count),
            _ => false,
        }
    }

    #[cold]
    fn count(&self, count: impl FnOnce() -> bool) -> bool {
        // RACE: of two threads that begin at once, one counts.
        let begun = self.state.compare_exchange(
            Self::UNKNOWN,
            Self::COUNTING,
            Ordering::Relaxed,
            Ordering::Relaxed,
        );
        if begun.is_err() {
            return false;
        }
        let found = count();
        self.state.store(if found { Self::YES } else { Self::NO }, Ordering::Relaxed);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_thread_waits_while_another_counts_the_cores() {
        let cores = CountOnce::new();
        let never = || unreachable!("they are counted once");
        assert!(cores.get(|| {
            assert!(!cores.get(never), "not known yet");
            true
        }));
        assert!(cores.get(never));
    }
}
