//! [`Balance`]: what the busy-waits of a thread gain and lose on a busy machine.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::runtime::spin::LATE;
use crate::runtime::spin::cores::cores;
use crate::sys::usage::process_time;

/// What a busy-wait gains that finds its result: less than it takes to wake a thread.
const GAIN: Duration = Duration::from_micros(10);

/// The most that counts as gained: what two late returns lose.
const MOST: Duration = Duration::from_millis(6);

/// How long a thread sleeps at once when it has lost more than it gained.
const REST: Duration = Duration::from_millis(100);

thread_local! {
    static OF_THREAD: Balance = const { Balance::new() };
}

/// Whether this thread may spin. Reads the clock only if it has lost lately.
pub(super) fn may_spin() -> bool {
    OF_THREAD.with(Balance::may_spin)
}

/// Learns that a busy-wait has found its result.
pub(super) fn gain() {
    OF_THREAD.with(Balance::gain);
}

/// Learns for how long this thread, which gave way and is back now, was away.
pub(super) fn was_away(time: Duration, now: Instant) {
    if time >= LATE {
        OF_THREAD.with(|balance| balance.lose(time, Usage { now, process: process_time() }));
    }
}

/// What the busy-waits of one thread have gained, less what they have lost.
///
/// A thread that gives way stays ready to run. If another process computes, that gets its core for
/// a slice of the scheduler's time, and the result that the thread looks for does not bring it back,
/// as it would if the thread slept. So a thread has to gain on other waits what it loses like that,
/// or sleeps at once for a while. If the machine is as busy after that, this costs one slice more
/// each time: three hundredths.
///
/// Each thread has its own, so that counting a gain writes to no cache line that others read. As a
/// balance has no destructor, a thread has it to the end, also in those of its other thread-locals.
struct Balance {
    left: Cell<Duration>,
    /// When the thread was late last.
    late: Cell<Option<Usage>>,
    /// Until when the thread's waits sleep at once.
    rests_until: Cell<Option<Instant>>,
}

/// What the process had used at that time; `None` if that is not known here.
#[derive(Clone, Copy)]
struct Usage {
    now: Instant,
    process: Option<Duration>,
}

impl Balance {
    const fn new() -> Self {
        Self {
            left: Cell::new(Duration::ZERO),
            late: Cell::new(None),
            rests_until: Cell::new(None),
        }
    }

    fn may_spin(&self) -> bool {
        let Some(until) = self.rests_until.get() else { return true };
        let is_over = Instant::now() >= until;
        if is_over {
            self.rests_until.set(None);
        }
        is_over
    }

    fn gain(&self) {
        self.left.set(MOST.min(self.left.get() + GAIN));
    }

    #[cold]
    fn lose(&self, time: Duration, usage: Usage) {
        let since = self.late.replace(Some(usage));
        if !since.is_some_and(|since| others_had_cores(since, usage, cores())) {
            return;
        }
        let left = self.left.get().checked_sub(time);
        self.left.set(left.unwrap_or_default());
        if left.is_none() {
            self.rests_until.set(usage.now.checked_add(REST));
        }
    }
}

/// Whether this process has used less than three quarters of the cores in between. False if that is
/// not known.
///
/// Of many threads that call at once, each is late at times, too: the reactor thread or another
/// caller has its core for a slice. But then it is this process that uses the cores, and it would
/// gain nothing by sleeping: of 64 callers on two cores, a call took 0.6 µs like this, and 3.8 µs
/// asleep.
fn others_had_cores(since: Usage, usage: Usage, cores: usize) -> bool {
    let Some((before, after)) = since.process.zip(usage.process) else { return false };
    let own = after.saturating_sub(before).as_secs_f64();
    own < 0.75 * cores as f64 * usage.now.duration_since(since.now).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Late every 10 ms, while the process uses `own` in that time.
    fn late_again(balance: &Balance, own: Option<Duration>, times: u32) {
        let now = Instant::now();
        for time in 0..times {
            let usage = Usage { now: now + time * 10 * MS, process: own.map(|own| time * own) };
            balance.lose(3 * MS, usage);
        }
    }

    #[test]
    fn a_thread_that_is_late_beside_other_processes_rests() {
        let balance = Balance::new();
        late_again(&balance, Some(MS), 1);
        assert!(balance.may_spin(), "once shows nothing");
        late_again(&balance, Some(MS), 2);
        assert!(!balance.may_spin());
    }

    #[test]
    fn the_rest_has_an_end() {
        let balance = Balance::new();
        balance.rests_until.set(Some(Instant::now()));
        assert!(balance.may_spin());
        assert_eq!(balance.rests_until.get(), None, "the clock is not read any more");
    }

    #[test]
    fn what_it_has_gained_makes_up_for_two_late_returns() {
        let balance = Balance::new();
        (0..100_000).for_each(|_| balance.gain());
        late_again(&balance, Some(MS), 3);
        assert!(balance.may_spin());
        late_again(&balance, Some(MS), 2);
        assert!(!balance.may_spin());
    }

    #[test]
    fn a_process_that_uses_the_cores_itself_is_not_late() {
        let balance = Balance::new();
        late_again(&balance, Some(cores() as u32 * 9 * MS), 10);
        assert!(balance.may_spin());
        // Nor is one whose time is not known.
        late_again(&balance, None, 10);
        assert!(balance.may_spin());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_time_of_this_process_is_known() {
        let before = process_time().unwrap();
        while process_time().unwrap() - before < MS {}
    }
}
