//! The busy-wait: how long each side looks before it goes to sleep, and how that adapts.
//!
//! To wake a thread that sleeps on an idle core takes 25 to 50 µs; a job that is ready takes one.
//! So where the next thing is about to happen, looking for it is both faster and cheaper than
//! sleeping; where it is not, looking is a waste. Neither side can know beforehand, so each *kind
//! of wait* has a history (`history.rs`), which learns:
//!
//! - the kind of a waiting thread is the place of the call that submitted the job, or of its
//!   `wait_any` (a table of [`CALL_SITES`]);
//! - that of the reactor is what it did last ([`Activity`]): it left jobs that wait for something,
//!   or its last job ended. Each time that it has run out of work counts as a wait (`idle.rs`).
//!
//! A busy-wait that runs out doubles the number of waits of this kind that sleep at once, up to a
//! limit; then one tries again. One that is worth its while sets that number back to none. So what
//! always takes long costs one busy-wait in 64, at most 1.6 µs a call, and a program that changes
//! its ways is found out within 64 waits.
//!
//! # The bounds
//!
//! One number, [`Builder::spin`](crate::Builder::spin), from which the three bounds follow:
//!
//! | side | bound | why |
//! |---|---|---|
//! | a waiting thread | all of it, 100 µs | more than it takes to wake the reactor, so that a call to a sleeping reactor is seen to its end, and the next one finds it awake |
//! | the reactor, jobs waiting | a half | an answer over loopback takes 10 to 20 µs, or 50 if its server sleeps |
//! | the reactor, no job | an eighth | a caller that is awake calls again within some µs; one that has slept needs 30 to 50 µs to come back, and looking so long for it costs more than being woken by it |
//!
//! A `Driver` has the same bounds. It shares its thread with other tasks of the application, so it
//! gives way to them: between two looks, as any reactor does for its I/O, and once it has begun 16
//! jobs in a row. With tokio's current-thread runtime, a task that is always ready (1 µs a turn)
//! and a thread that calls all the time, on two cores, there is a turn each 1.2 µs and a call each
//! 4.5; with turns of 128 jobs, each 2.1 and 1.0; asleep, each 1.2 and 76.
//!
//! # Where cores are few
//!
//! With one core for the whole process, the side that looks keeps the other from running: there is
//! no busy-wait at all. With more, there may still be more threads than cores, so a waiting thread
//! looks for less than a microsecond, and then gives way to others (`yield_now`) between any two
//! looks. With many callers this makes the difference: a switch to a thread that is ready to run
//! takes less than a microsecond, waking one that sleeps several. On two cores, in one comparison,
//! 64 callers got 800,000 results in a second with it, 140,000 asleep, and 90,000 with a busy-wait
//! that does not give way. If others need the core for so long that a `yield_now` comes back
//! [`LATE`], that counts as a wait that was not worth it, even if the result is there.
//!
//! # Where others compute
//!
//! Beside other processes that compute, a thread that gives way may lose its core to one of them for
//! some milliseconds. One that loses more by that than its busy-waits gain sleeps at once for a
//! while (`balance.rs`): of four callers beside as many computing processes as cores, the slowest
//! hundredth took 0.4 ms and more, and takes 0.04 with this rule. The reactor and
//! [`io::Blocking`](crate::io::Blocking) look for I/O between any two looks, and have no such rule;
//! with one, both were slower beside computing processes (the mean of an echo 69 µs instead of 54,
//! and 49 instead of 19).

mod balance;
mod bound;
mod cores;
mod history;
pub(crate) mod idle;

use std::array;
use std::hint;
use std::panic::Location;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use crate::handoff::outcome::Outcome;
use crate::runtime::spin::cores::has_spare_core;
use crate::runtime::spin::history::SpinHistory;

pub(crate) use self::bound::default_bound;

/// How many call sites are told apart. Two that share an entry learn together, which costs time
/// only.
const CALL_SITES: usize = 64;

/// How often a thread looks before it gives way: about half a microsecond, in which a job that is
/// ready is done. The reactor looks a few times as long before it looks for I/O
/// (`EventLoop::run`).
const LOOKS: usize = 32;

/// From when on a busy-wait has done harm, whether or not it found the result: others have had the
/// core for a slice of the scheduler's time, which is 3 ms on Linux.
const LATE: Duration = Duration::from_millis(2);

/// The policy of one reactor.
pub(crate) struct Spin {
    bound: Duration,
    /// Whether there is a core for a thread that looks, beside the one that works.
    has_spare_core: fn() -> bool,
    call_sites: [SpinHistory; CALL_SITES],
    jobs_waiting: SpinHistory,
    no_job: SpinHistory,
}

/// What the reactor has done last.
#[derive(Clone, Copy)]
pub(crate) enum Activity {
    /// It polled a job that waits for something now.
    LeftPending,
    /// It ended a job.
    Ended,
}

impl Spin {
    pub(crate) fn new(bound: Duration) -> Self {
        Self {
            bound,
            has_spare_core,
            call_sites: array::from_fn(|_| SpinHistory::default()),
            jobs_waiting: SpinHistory::default(),
            no_job: SpinHistory::default(),
        }
    }

    /// Whether there is never a busy-wait.
    pub(crate) fn is_off(&self) -> bool {
        self.bound.is_zero() || !(self.has_spare_core)()
    }

    /// Blocks until the outcome is published (`true`) or `deadline` has passed (`false`); `None` is
    /// no deadline. `location` is the job's.
    pub(crate) fn wait<V>(
        &self,
        outcome: &Outcome<V>,
        location: &'static Location<'static>,
        deadline: Option<Instant>,
    ) -> bool {
        self.finds(outcome, location, deadline) || outcome.wait(deadline)
    }

    /// Looks for the outcome for as long as is worth it; returns whether it has been published.
    /// Does not sleep.
    pub(crate) fn finds<V>(
        &self,
        outcome: &Outcome<V>,
        location: &'static Location<'static>,
        deadline: Option<Instant>,
    ) -> bool {
        self.finds_when(|| outcome.is_done(), location, deadline)
    }

    /// Looks for as long as is worth it; returns whether `found` has returned true. Does not sleep.
    pub(crate) fn finds_when(
        &self,
        mut found: impl FnMut() -> bool,
        location: &'static Location<'static>,
        deadline: Option<Instant>,
    ) -> bool {
        if found() {
            return true;
        }
        if self.is_off() {
            return false;
        }
        let history = &self.call_sites[call_site(location)];
        balance::may_spin() && history.tries() && self.busy_wait(found, history, deadline)
    }

    /// Polls a stream that was not ready again and again on the caller's thread, and gives way to
    /// other threads before each poll: until the stream is ready, `attempts` have been made, or
    /// `time` has passed since `start`. Where there is no busy-wait, does not poll at all.
    pub(crate) fn poll_again<R>(
        &self,
        attempts: usize,
        start: Instant,
        time: Duration,
        mut poll: impl FnMut() -> Poll<R>,
    ) -> Poll<R> {
        if self.is_off() {
            return Poll::Pending;
        }
        let time = time.min(self.bound);
        for _ in 0..attempts {
            if start.elapsed() >= time {
                break;
            }
            thread::yield_now();
            let polled = poll();
            if polled.is_ready() {
                return polled;
            }
        }
        Poll::Pending
    }

    /// Looks until `found` returns true (`true`) or it is time to sleep (`false`).
    fn busy_wait(
        &self,
        mut found: impl FnMut() -> bool,
        history: &SpinHistory,
        deadline: Option<Instant>,
    ) -> bool {
        let mut look = || look(&mut found);
        if look() {
            balance::gain();
            history.learn(true);
            return true;
        }
        let start = Instant::now();
        let end = start.checked_add(self.bound);
        let mut before = start;
        loop {
            thread::yield_now();
            let is_done = look();
            let now = Instant::now();
            balance::was_away(now.duration_since(before), now);
            before = now;
            let is_late = now.duration_since(start) >= LATE.max(self.bound);
            if is_done {
                balance::gain();
                history.learn(!is_late);
                return true;
            }
            if end.is_some_and(|end| now >= end) {
                history.learn(false);
                return false;
            }
            if deadline.is_some_and(|deadline| now >= deadline) {
                // A deadline before the bound says nothing of the job.
                return false;
            }
        }
    }

    /// Whether the reactor should spin after this; if not, that counts as a wait.
    fn tries_after(&self, activity: Activity) -> bool {
        !self.is_off() && self.history(activity).tries()
    }

    fn history(&self, activity: Activity) -> &SpinHistory {
        match activity {
            Activity::LeftPending => &self.jobs_waiting,
            Activity::Ended => &self.no_job,
        }
    }
}

/// Looks a few times, for about half a microsecond.
pub(crate) fn look(mut found: impl FnMut() -> bool) -> bool {
    for _ in 0..LOOKS {
        if found() {
            return true;
        }
        hint::spin_loop();
    }
    false
}

fn call_site(location: &'static Location<'static>) -> usize {
    // Locations are 24 bytes long and lie side by side; this spreads neighbours well enough.
    (std::ptr::from_ref(location).addr() / align_of::<Location<'_>>() / 3) % CALL_SITES
}

#[cfg(test)]
impl Spin {
    /// As where there is a spare core.
    fn with_spare_core(bound: Duration) -> Self {
        Self { has_spare_core: || true, ..Self::new(bound) }
    }

    fn with_one_core(bound: Duration) -> Self {
        Self { has_spare_core: || false, ..Self::new(bound) }
    }

    pub(crate) fn learn_no_job(&self, was_worth_it: bool) {
        self.no_job.learn(was_worth_it);
    }

    pub(crate) fn level_at(&self, location: &'static Location<'static>) -> u8 {
        self.call_sites[call_site(location)].level()
    }

    pub(crate) fn level_jobs_waiting(&self) -> u8 {
        self.jobs_waiting.level()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_one_core_a_waiting_thread_does_not_spin() {
        let spin = Spin::with_one_core(Duration::MAX);
        // A busy-wait would count this as one of the waits that it tries.
        spin.call_sites.iter().for_each(|history| history.set_skips(1));
        let soon = Instant::now() + Duration::from_millis(1);
        assert!(!spin.wait(&Outcome::<()>::new(), Location::caller(), Some(soon)));
        assert!(spin.call_sites.iter().all(|history| !history.tries()));
    }

    #[test]
    fn a_wait_that_runs_out_is_remembered_for_its_call_site_only() {
        let spin = Spin::with_spare_core(Duration::from_micros(100));
        let here = Location::caller();
        let never = Outcome::<()>::new();
        let soon = Instant::now() + Duration::from_millis(20);
        assert!(!spin.wait(&never, here, Some(soon)));
        assert_eq!(spin.call_sites[call_site(here)].count_sleeps(), 1);
        let others = (0..CALL_SITES).filter(|&other| other != call_site(here));
        assert!({ others }.all(|other| spin.call_sites[other].tries()));
    }

    #[test]
    fn a_deadline_before_the_bound_says_nothing_of_the_job() {
        let spin = Spin::with_spare_core(Duration::from_secs(60));
        let never = Outcome::<()>::new();
        let here = Location::caller();
        assert!(!spin.wait(&never, here, Some(Instant::now() + Duration::from_millis(1))));
        assert!(spin.call_sites[call_site(here)].tries());
    }

    #[test]
    fn an_outcome_that_is_published_during_the_busy_wait_is_seen() {
        let outcome = Outcome::<()>::new();
        let spin = Spin::with_spare_core(Duration::MAX);
        thread::scope(|scope| {
            scope.spawn(|| assert!(spin.wait(&outcome, Location::caller(), None)));
            outcome.publish();
        });
    }
}
