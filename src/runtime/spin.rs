//! The busy-wait: who looks for how long before it goes to sleep, and how that adapts.
//!
//! To wake a thread that sleeps on an idle core takes 25 to 50 µs; a job that is ready takes one. So where the
//! next thing is about to happen, looking for it is both faster and cheaper than sleeping; where it is not,
//! looking is a waste. Nobody can know beforehand, so each *kind of wait* has a [`SpinHistory`], which learns:
//!
//! - a waiting thread's kind is the call_site of the call that submitted the job (a table of [`CALL_SITES`]);
//! - the reactor's is what it did last: it left jobs that wait for something, or its last job ended. Each time that
//!   it has run out of work counts as a wait.
//!
//! A busy-wait that runs out doubles the number of waits of this kind that sleep at once, up to
//! [`MAX_LEVEL`]; then one tries again. One that is worth its while sets it back to none. So what always
//! takes long costs one busy-wait in 64, at most 1.6 µs a call, and a program that changes its ways is found
//! out within 64 waits.
//!
//! # The bounds
//!
//! One number, [`Builder::spin`](crate::Builder::spin), from which the three bounds follow:
//!
//! | who | bound | why |
//! |---|---|---|
//! | a waiting thread | all of it, 100 µs | more than it takes to wake the reactor, so that a call to a sleeping reactor is seen to its end, and the next one finds it awake |
//! | the reactor, jobs waiting | a half | an answer over loopback takes 10 to 20 µs, or 50 if its server sleeps |
//! | the reactor, no job | an eighth | a caller that is awake calls again within some µs; one that has slept needs 30 to 50 µs to come back, and looking so long for it costs more than being woken by it |
//!
//! # Where cores are few
//!
//! With one core for the whole process whoever looks keeps the other side from running: there is no busy-wait
//! at all. With more, there may still be more threads than cores, so a waiting thread looks for less than a
//! microsecond, and then gives way to others (`yield_now`) between any two looks. With many callers this is
//! what makes the difference: a switch to a thread that is ready to run takes less than a microsecond,
//! waking one that sleeps several. On two cores, in one comparison, 64 callers got 800,000 results in a
//! second with it, 140,000 asleep, and 90,000 with a busy-wait that does not give way. If others need the
//! core for so long that a `yield_now` comes back [`LATE`], that counts as a wait that was not worth it,
//! even if the result is there.

use std::array;
use std::env;
use std::ffi::OsStr;
use std::hint;
use std::panic::Location;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{LazyLock, Once};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use crate::handoff::outcome::Outcome;
use crate::job::diagnostics::log;

/// The bound where neither [`Builder::spin`](crate::Builder::spin) nor [`VARIABLE`] sets one.
const DEFAULT: Duration = Duration::from_micros(100);

/// The environment variable that sets the bound, in microseconds, where `Builder::spin` does not. The
/// project's gate runs its suites without any busy-wait, too.
const VARIABLE: &str = "CROCHET_SPIN";

/// Returns the bound for a reactor whose builder sets none. Runs user code: the logger.
pub(crate) fn default_bound() -> Duration {
    static REPORTED: Once = Once::new();
    let Some(value) = env::var_os(VARIABLE) else { return DEFAULT };
    micros(&value).unwrap_or_else(|| {
        REPORTED.call_once(|| {
            let text = "is ignored, as it is not a whole number of microseconds";
            log(log::Level::Warn, format_args!("{VARIABLE}={} {text}", value.to_string_lossy()));
        });
        DEFAULT
    })
}

fn micros(value: &OsStr) -> Option<Duration> {
    value.to_str()?.parse().ok().map(Duration::from_micros)
}

/// How many call_sites of calls are told apart. Two that share an entry learn together, which costs time only.
const CALL_SITES: usize = 64;

/// The number of waits that sleep at once is `2^level - 1`.
const MAX_LEVEL: u8 = 6;

/// How often a thread looks before it gives way: about half a microsecond, in which a job that is ready is
/// done. The reactor looks a few times as long before it looks for I/O (`EventLoop::run`).
const LOOKS: usize = 32;

/// From when on a busy-wait has done harm, whatever came of it: no thread was to wait that long.
const LATE: Duration = Duration::from_millis(2);

fn has_spare_core() -> bool {
    // Counted when it is needed first, as that opens files.
    static SPARE_CORE: LazyLock<bool> =
        LazyLock::new(|| thread::available_parallelism().is_ok_and(|cores| cores.get() > 1));
    *SPARE_CORE
}

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

    /// Is there to be no busy-wait, ever?
    pub(crate) fn is_off(&self) -> bool {
        self.bound.is_zero() || !(self.has_spare_core)()
    }

    /// Blocks until the outcome is published (`true`) or `deadline` has passed (`false`); `None` is no
    /// deadline. `location` is the job's.
    pub(crate) fn wait<V>(
        &self,
        outcome: &Outcome<V>,
        location: &'static Location<'static>,
        deadline: Option<Instant>,
    ) -> bool {
        self.finds(outcome, location, deadline) || outcome.wait(deadline)
    }

    /// Looks for the outcome for as long as is worth it; returns whether it has been published. Does not sleep.
    pub(crate) fn finds<V>(
        &self,
        outcome: &Outcome<V>,
        location: &'static Location<'static>,
        deadline: Option<Instant>,
    ) -> bool {
        if outcome.is_done() {
            return true;
        }
        if self.is_off() {
            return false;
        }
        let history = &self.call_sites[call_site(location)];
        history.tries() && self.busy_wait(outcome, history, deadline)
    }

    /// Polls a stream that was not ready again and again on the caller's thread, and gives way to other
    /// threads before each poll: until the stream is ready, `attempts` have been made, or `time` has
    /// passed since `start`. Where there is no busy-wait, polls not once.
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

    /// Looks for the outcome until it is there (`true`) or it is time to sleep (`false`).
    fn busy_wait<V>(
        &self,
        outcome: &Outcome<V>,
        history: &SpinHistory,
        deadline: Option<Instant>,
    ) -> bool {
        let look = || look(|| outcome.is_done());
        if look() {
            history.learn(true);
            return true;
        }
        let start = Instant::now();
        let end = start.checked_add(self.bound);
        loop {
            thread::yield_now();
            let is_done = look();
            let now = Instant::now();
            let is_late = now.duration_since(start) >= LATE.max(self.bound);
            if is_done {
                history.learn(!is_late);
                return true;
            }
            if end.is_some_and(|end| now >= end) {
                history.learn(false);
                return false;
            }
            if deadline.is_some_and(|deadline| now >= deadline) {
                // That says nothing of the job.
                return false;
            }
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

/// What is known of one kind of wait. ORDERING: Relaxed, and not even read-modify-writes: it guards nothing, and
/// an update that is lost makes one wait longer or one busy-wait more.
#[derive(Default)]
struct SpinHistory {
    level: AtomicU8,
    /// How many waits are still to sleep at once.
    skips: AtomicU8,
}

impl SpinHistory {
    /// Is this wait to be a busy one?
    fn tries(&self) -> bool {
        let skips = self.skips.load(Ordering::Relaxed);
        if skips > 0 {
            self.skips.store(skips - 1, Ordering::Relaxed);
        }
        skips == 0
    }

    /// Whether a busy-wait was worth its while.
    fn learn(&self, was_worth_it: bool) {
        let level = self.level.load(Ordering::Relaxed);
        if !was_worth_it {
            let level = (level + 1).min(MAX_LEVEL);
            self.level.store(level, Ordering::Relaxed);
            self.skips.store((1 << level) - 1, Ordering::Relaxed);
        } else if level > 0 {
            // Written only if it changes: all callers of one call_site share it.
            self.level.store(0, Ordering::Relaxed);
        }
    }
}

/// The reactor's side, on its thread: asked each time that the loop has run out of work.
pub(crate) struct IdleSpin {
    /// While the reactor is spinning: after what, and until when.
    looking: Option<(Activity, Option<Instant>)>,
}

impl IdleSpin {
    pub(crate) fn new() -> Self {
        Self { looking: None }
    }

    /// Whether the reactor should look for work once more before it sleeps. `activity` is what it has done
    /// since the last call, if anything.
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

impl Spin {
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

#[cfg(test)]
impl Spin {
    pub(crate) fn learn_no_job(&self, was_worth_it: bool) {
        self.no_job.learn(was_worth_it);
    }

    pub(crate) fn level_at(&self, location: &'static Location<'static>) -> u8 {
        self.call_sites[call_site(location)].level.load(Ordering::Relaxed)
    }

    pub(crate) fn level_jobs_waiting(&self) -> u8 {
        self.jobs_waiting.level.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As where there is a spare core.
    fn spin(bound: Duration) -> Spin {
        Spin { has_spare_core: || true, ..Spin::new(bound) }
    }

    /// How many waits in a row sleep at once.
    fn sleeps(history: &SpinHistory) -> u32 {
        let mut count = 0;
        while !history.tries() {
            count += 1;
        }
        count
    }

    #[test]
    fn each_busy_wait_that_runs_out_doubles_the_waits_that_sleep_at_once() {
        let history = SpinHistory::default();
        let mut seen = Vec::new();
        for _ in 0..8 {
            seen.push(sleeps(&history));
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
        assert_eq!(sleeps(&history), 63);
        history.learn(true);
        assert!(history.tries() && history.tries());
    }

    #[test]
    fn the_variable_is_a_whole_number_of_microseconds() {
        let parse = |text: &str| micros(OsStr::new(text));
        assert_eq!(parse("0"), Some(Duration::ZERO));
        assert_eq!(parse("20"), Some(Duration::from_micros(20)));
        assert_eq!(parse(&u64::MAX.to_string()), Some(Duration::from_micros(u64::MAX)));
        for malformed in ["", " 20", "20us", "-1", "1.5", "18446744073709551616"] {
            assert_eq!(parse(malformed), None, "{malformed}");
        }
    }

    #[test]
    fn without_a_bound_nobody_looks() {
        let spin = spin(Duration::ZERO);
        assert!(spin.is_off());
        assert!(!IdleSpin::new().goes_on(&spin, Some(Activity::Ended)));
    }

    #[test]
    fn with_one_core_nobody_looks() {
        let spin = Spin { has_spare_core: || false, ..Spin::new(Duration::MAX) };
        assert!(spin.is_off());
        assert!(!IdleSpin::new().goes_on(&spin, Some(Activity::Ended)));
        // Were it to look, it would have counted this as one of the waits that it tries.
        spin.call_sites.iter().for_each(|history| history.skips.store(1, Ordering::Relaxed));
        let soon = Instant::now() + Duration::from_millis(1);
        assert!(!spin.wait(&Outcome::<()>::new(), Location::caller(), Some(soon)));
        assert!(spin.call_sites.iter().all(|history| !history.tries()));
    }

    #[test]
    fn the_reactor_looks_after_it_did_something_and_for_a_bounded_time() {
        let spin = spin(Duration::from_millis(8));
        let mut idle = IdleSpin::new();
        assert!(!idle.goes_on(&spin, None));
        let start = Instant::now();
        assert!(idle.goes_on(&spin, Some(Activity::Ended)));
        while idle.goes_on(&spin, None) {}
        assert!(start.elapsed() >= Duration::from_millis(1));
        // It ran out, so the next one sleeps at once, and the one after that looks again. What the reactor does
        // while jobs wait is another kind.
        assert!(!idle.goes_on(&spin, Some(Activity::Ended)));
        assert!(idle.goes_on(&spin, Some(Activity::LeftPending)));
        // Work that comes in time is a success.
        assert!(idle.goes_on(&spin, Some(Activity::Ended)));
        assert_eq!(spin.jobs_waiting.level.load(Ordering::Relaxed), 0);
        assert_eq!(spin.no_job.level.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_wait_that_runs_out_is_remembered_for_its_place_only() {
        let spin = spin(Duration::from_micros(100));
        let here = Location::caller();
        let never = Outcome::<()>::new();
        let soon = Instant::now() + Duration::from_millis(20);
        assert!(!spin.wait(&never, here, Some(soon)));
        assert_eq!(sleeps(&spin.call_sites[call_site(here)]), 1);
        let others = (0..CALL_SITES).filter(|&other| other != call_site(here));
        assert!({ others }.all(|other| spin.call_sites[other].tries()));
    }

    #[test]
    fn a_deadline_before_the_bound_says_nothing_of_the_job() {
        let spin = spin(Duration::from_secs(60));
        let never = Outcome::<()>::new();
        let here = Location::caller();
        assert!(!spin.wait(&never, here, Some(Instant::now() + Duration::from_millis(1))));
        assert!(spin.call_sites[call_site(here)].tries());
    }

    #[test]
    fn an_outcome_that_comes_while_it_looks_is_seen() {
        let outcome = Outcome::<()>::new();
        let spin = spin(Duration::MAX);
        thread::scope(|scope| {
            scope.spawn(|| assert!(spin.wait(&outcome, Location::caller(), None)));
            outcome.publish();
        });
    }
}
