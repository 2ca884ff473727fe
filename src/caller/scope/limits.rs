//! What a call that blocks knows of the scopes around it.

use std::panic::Location;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use crate::caller::scope::stack::{Rule, Scope, innermost};
use crate::error::{Error, JobState, ScopeDeadline, TimedOut};
use crate::handoff::outcome::Outcome;
use crate::job::header::Header;
use crate::runtime::shared::Shared;
use crate::runtime::spin::Spin;
use crate::sync::deadline;

/// For how long a call may still busy-wait where a check is overdue. It is longer than most
/// busy-waits, so that these learn from whole ones.
const OVERDUE: Duration = Duration::from_millis(1);

/// The scopes of this thread, none of which has been interrupted when the call was made.
pub(crate) struct Scopes(Option<Rc<Scope>>);

impl Scopes {
    /// To be asked first by each call that blocks.
    ///
    /// # Errors
    ///
    /// [`Error::Interrupted`] if a check has failed before.
    pub(crate) fn of_thread() -> Result<Self, Error> {
        let scope = innermost();
        scope.as_ref().map_or(Ok(()), |scope| scope.look())?;
        Ok(Self(scope))
    }

    /// The limits of a call that begins now.
    pub(crate) fn limit(self, timeout: Duration) -> Limits {
        let start = Instant::now();
        let mut limits =
            Limits { start, end: deadline(start, timeout), cut_by: None, scope: self.0 };
        // A call without any time of its own ends no sooner because of a scope.
        if let Some(scope) = limits.scope.as_deref().filter(|_| !timeout.is_zero()) {
            for outer in scope.and_outer() {
                if let Rule::Deadline(Some(end), mark) = outer.rule {
                    if limits.end.is_none_or(|own| end < own) {
                        (limits.end, limits.cut_by) = (Some(end), Some(mark));
                    }
                }
            }
        }
        limits
    }
}

/// When a call ends, ready or not.
pub(crate) struct Limits {
    start: Instant,
    /// `None` is never.
    end: Option<Instant>,
    /// The scope whose deadline `end` is, if it is not the call's own.
    cut_by: Option<ScopeDeadline>,
    scope: Option<Rc<Scope>>,
}

impl Limits {
    /// When the call began.
    pub(crate) fn start(&self) -> Instant {
        self.start
    }

    /// How much time the call has in all.
    pub(crate) fn time(&self) -> Duration {
        self.end.map_or(Duration::MAX, |end| end.saturating_duration_since(self.start))
    }

    /// Whether the call has no time at all, so that it takes what is there.
    pub(crate) fn are_over(&self) -> bool {
        self.end.is_some_and(|end| end <= self.start)
    }

    /// Has the call end when so much time has passed since it began.
    pub(crate) fn end_after(&mut self, time: Duration) {
        self.end = deadline(self.start, time);
    }

    /// Blocks until the outcome is published (`true`) or the time is over (`false`). `location` is
    /// the job's.
    ///
    /// # Errors
    ///
    /// [`Error::Interrupted`] if a check fails first.
    pub(crate) fn wait<V>(
        &self,
        spin: &Spin,
        outcome: &Outcome<V>,
        location: &'static Location<'static>,
    ) -> Result<bool, Error> {
        let Some(scope) = &self.scope else { return Ok(spin.wait(outcome, location, self.end)) };
        if spin.finds(outcome, location, self.spin_until(scope)) {
            return Ok(true);
        }
        self.sleep(|until| outcome.wait(until))
    }

    /// Looks for as long as is worth it; returns whether `found` has returned true. Does not sleep.
    /// `location` is that of the call.
    pub(crate) fn find(
        &self,
        spin: &Spin,
        found: impl FnMut() -> bool,
        location: &'static Location<'static>,
    ) -> bool {
        let until = self.scope.as_ref().map_or(self.end, |scope| self.spin_until(scope));
        spin.finds_when(found, location, until)
    }

    /// Until when a call in this scope may busy-wait; `None` is for ever.
    fn spin_until(&self, scope: &Scope) -> Option<Instant> {
        earlier(self.end, scope.due().map(|due| due.max(self.start + OVERDUE)))
    }

    /// Blocks until `sleep_until` has found what it waits for (`true`) or the time is over
    /// (`false`).
    ///
    /// `sleep_until` returns `true` at once where there is something to be found, and `false` when
    /// the time that it is given has passed; `None` is no deadline.
    ///
    /// # Errors
    ///
    /// [`Error::Interrupted`] if a check fails first.
    pub(crate) fn sleep(
        &self,
        mut sleep_until: impl FnMut(Option<Instant>) -> bool,
    ) -> Result<bool, Error> {
        let Some(scope) = &self.scope else { return Ok(sleep_until(self.end)) };
        loop {
            if sleep_until(earlier(self.end, scope.due())) {
                return Ok(true);
            }
            let now = Instant::now();
            let is_over = self.end.is_some_and(|end| now >= end);
            let asked = if is_over { self.ask_past_deadline() } else { scope.ask(now) };
            if is_over || asked.is_err() {
                // One more look: checks take time.
                return if sleep_until(Some(now)) { Ok(true) } else { asked.map(|()| false) };
            }
            if scope.due().is_some_and(|due| due <= Instant::now()) {
                // The checks leave no time to sleep.
                thread::yield_now();
            }
        }
    }

    /// Asks the checks that are due, where a scope's deadline has ended the call. Past it no call
    /// sleeps, but code that tries again and again must be interruptible.
    pub(crate) fn ask_past_deadline(&self) -> Result<(), Error> {
        match &self.scope {
            Some(scope) if self.cut_by.is_some() => scope.ask(Instant::now()),
            _ => Ok(()),
        }
    }

    /// Why a wait with these limits is over, for a job in this state.
    ///
    /// With the header of the job, the timeout says how many jobs are before it in the queue.
    pub(crate) fn timed_out(
        &self,
        shared: &Shared,
        job: JobState,
        header: Option<&Header>,
    ) -> TimedOut {
        TimedOut { scope: self.cut_by, ..shared.timed_out(self.start, job, header) }
    }
}

/// The earlier of two deadlines; `None` is never.
fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    one.into_iter().chain(other).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{interruptible, within};

    /// A wait of several ticks is one wait to the busy-wait, and one that a tick or a deadline cuts
    /// short is none.
    #[test]
    fn ticks_teach_the_busy_wait_nothing() {
        let here = Location::caller();
        let time = Duration::from_millis(30);
        let learned = |bound: Duration, timeout| {
            let spin = Spin::new(bound);
            let limits = Scopes::of_thread().unwrap().limit(timeout);
            assert!(!limits.wait(&spin, &Outcome::<()>::new(), here).unwrap());
            let several = Spin::new(bound);
            let limits = Scopes::of_thread().unwrap().limit(timeout);
            assert!(!limits.find(&several, || false, here));
            assert_eq!(several.level_at(here), spin.level_at(here));
            spin.level_at(here)
        };
        // Each on a fresh thread, as one that was late before, on a busy machine, may not spin.
        let fresh = |learned: &(dyn Fn() -> u8 + Sync)| {
            thread::scope(|scope| scope.spawn(learned).join().unwrap())
        };
        let in_scope = |tick, spin, timeout| {
            let learned = || learned(spin, timeout);
            fresh(&|| interruptible(tick, || Ok::<_, ()>(()), learned).unwrap())
        };
        let usual = Duration::from_micros(100);
        let without = fresh(&|| learned(usual, time));
        for tick in [Duration::ZERO, usual / 2, Duration::from_millis(1), Duration::MAX] {
            assert_eq!(in_scope(tick, usual, time), without, "every {tick:?}");
        }
        // This one would go on looking for a minute.
        assert_eq!(in_scope(Duration::from_millis(1), Duration::from_secs(60), time), 0);
        // The second wait finds its scope's deadline past.
        let minute = Duration::from_secs(60);
        assert_eq!(fresh(&|| within(time, || learned(minute, Duration::MAX))), 0);
    }
}
