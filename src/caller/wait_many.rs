//! [`wait_all`] and [`wait_any`]: one wait for many results.

use std::panic::Location;
use std::time::{Duration, Instant};

use crate::caller::eventual::EventualResult;
use crate::caller::scope::limits::{Limits, Scopes};
use crate::error::{Error, JobState, TimedOut};
use crate::handoff::wait_any::sleep_until_any;

/// Blocks until all the jobs are done, or until `timeout` has passed: one deadline for all.
///
/// A job is done whatever its outcome: a value, a failure, cancelled, stopped. This function does
/// not tell the outcome, and does not count as having seen it; ask each result afterwards. With no
/// results at all it returns at once. [`Duration::ZERO`] looks without waiting, [`Duration::MAX`]
/// waits for ever.
///
/// The results may belong to several reactors, and one may occur twice.
///
/// # Errors
///
/// [`Error::TimedOut`] if a job is not done in time. The error tells of the first such job, and all
/// jobs run on. [`Error::OnReactorThread`] on the thread of any of the jobs' reactors, done or not;
/// [`Error::Interrupted`] inside [`interruptible`](crate::interruptible); [`Error::Forked`] in a
/// forked child.
///
/// # Examples
///
/// ```
/// use crochet::{Error, wait_all};
/// use std::time::Duration;
///
/// let jobs: Vec<_> = (1..=1000)
///     .map(|n| crochet::run_in_reactor(move || async move { Ok::<_, Error>(n * n) }))
///     .collect();
/// wait_all(&jobs.iter().collect::<Vec<_>>(), Duration::from_secs(60))?;
/// let squares = jobs.iter().map(|job| *job.wait(Duration::ZERO).unwrap());
/// assert_eq!(squares.sum::<i32>(), 333_833_500);
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn wait_all<T, E>(results: &[&EventualResult<T, E>], timeout: Duration) -> Result<(), Error> {
    let start = Instant::now();
    check_may_block(results, Location::caller())?;
    // Also where there is nothing to wait for: a failed check ends every call.
    Scopes::of_thread()?;
    for result in results {
        // What is left of `MAX` is as good as for ever.
        let left = timeout.saturating_sub(start.elapsed());
        result.block(left).map_err(|error| begun_at(start, error))?;
    }
    Ok(())
}

/// Blocks until one of the jobs is done, and returns its index, or until `timeout` has passed.
///
/// If several jobs are done, the lowest index is returned. A job is done whatever its outcome: a
/// value, a failure, cancelled, stopped. This function does not tell the outcome, and does not
/// count as having seen it; ask the result afterwards. [`Duration::ZERO`] looks without waiting,
/// [`Duration::MAX`] waits for ever.
///
/// The results may belong to several reactors, and one may occur twice. The thread sleeps once, and
/// no other thread is needed; each call looks at all the results. It may busy-wait first, as
/// [`Builder::spin`](crate::Builder::spin) says; not where one of the reactors has none.
///
/// # Errors
///
/// [`Error::TimedOut`] if no job is done in time. The error tells of the first one, and all jobs
/// run on. With no results at all this comes at once, whatever the timeout, as no job would ever be
/// done. [`Error::OnReactorThread`] on the thread of any of the jobs' reactors, done or not;
/// [`Error::Interrupted`] inside [`interruptible`](crate::interruptible); [`Error::Forked`] in a
/// forked child.
///
/// # Examples
///
/// ```
/// use crochet::{Error, wait_any};
/// use std::time::Duration;
///
/// let ask = |server: &'static str, delay| {
///     crochet::run_in_reactor(move || async move {
///         async_io::Timer::after(Duration::from_millis(delay)).await;
///         Ok::<_, Error>(server)
///     })
/// };
/// let answers = [ask("far", 60_000), ask("near", 20)];
/// let first = wait_any(&[&answers[0], &answers[1]], Duration::from_secs(30))?;
/// assert_eq!(*answers[first].wait(Duration::ZERO).unwrap(), "near");
/// answers[0].cancel();
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn wait_any<T, E>(
    results: &[&EventualResult<T, E>],
    timeout: Duration,
) -> Result<usize, Error> {
    let location = Location::caller();
    check_may_block(results, location)?;
    let scopes = Scopes::of_thread()?;
    let Some(first) = results.first() else {
        return Err(Error::TimedOut(nothing()));
    };
    let finished = || results.iter().position(|result| result.is_finished());
    if let Some(index) = finished() {
        return Ok(index);
    }
    let limits = scopes.limit(timeout);
    if limits.are_over() {
        limits.ask_past_deadline()?;
    } else if !spin_for_any(results, &limits, location) {
        let mut ended = Ok(true);
        let listeners = results.iter().map(|result| result.listen());
        sleep_until_any(listeners, |sleep_until| ended = limits.sleep(sleep_until));
        ended?;
    }
    match finished() {
        Some(index) => Ok(index),
        // Ask the first job for the reason; it may have finished meanwhile.
        None => first.late(&limits).map(|()| 0),
    }
}

/// Looks for a result for as long as is worth it; returns whether there is one. Does not sleep.
///
/// A kind of wait is the place of the `wait_any`. The jobs may be of several reactors: none of them
/// may be without a busy-wait, and the first one's bound and history count.
fn spin_for_any<T, E>(
    results: &[&EventualResult<T, E>],
    limits: &Limits,
    location: &'static Location<'static>,
) -> bool {
    let mut reactors = results.iter().filter_map(|result| result.reactor());
    let Some(first) = reactors.next() else { return false };
    if reactors.any(|shared| shared.spin.is_off()) {
        return false;
    }
    // One result at a time, in turn, so that a look takes no longer where there are many.
    let mut in_turn = results.iter().cycle();
    let found = || in_turn.next().is_some_and(|result| result.is_finished());
    limits.find(&first.spin, found, location)
}

fn check_may_block<T, E>(
    results: &[&EventualResult<T, E>],
    location: &'static Location<'static>,
) -> Result<(), Error> {
    results
        .iter()
        .filter_map(|result| result.reactor())
        .try_for_each(|shared| shared.check_may_block(location))
}

/// The error of a wait that was the last part of one begun at `start`.
fn begun_at(start: Instant, error: Error) -> Error {
    match error {
        Error::TimedOut(why) => Error::TimedOut(TimedOut { waited: start.elapsed().into(), ..why }),
        error => error,
    }
}

fn nothing() -> TimedOut {
    TimedOut {
        waited: Duration::ZERO.into(),
        job: JobState::Queued,
        blocked_by: None,
        queued_before: 0,
        cause: Some(&"there are no results to wait for"),
        scope: None,
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::thread;

    use super::*;
    use crate::Reactor;

    /// Whether a job of the second reactor that is done is found, after one of the first that never
    /// is.
    fn finds(reactors: [&Reactor; 2]) -> bool {
        let never = reactors[0].run_in_reactor(pending::<Result<(), Error>>);
        let done = reactors[1].run_in_reactor(|| async { Ok(()) });
        while !done.is_finished() {
            thread::yield_now();
        }
        let limits = Scopes::of_thread().unwrap().limit(Duration::MAX);
        let found = spin_for_any(&[&never, &done], &limits, Location::caller());
        never.cancel();
        found
    }

    #[test]
    fn a_wait_for_any_looks_at_all_the_results_where_all_the_reactors_may_spin() {
        let [on, off] = [Duration::from_micros(100), Duration::ZERO]
            .map(|spin| Reactor::builder().spin(spin).build().unwrap());
        let is_one_core = thread::available_parallelism().is_ok_and(|cores| cores.get() == 1);
        // Another thread may be counting the cores.
        while on.shared().spin.is_off() && !is_one_core {
            thread::yield_now();
        }
        assert_eq!(finds([&on, &on]), !is_one_core);
        for reactors in [[&off, &off], [&on, &off], [&off, &on]] {
            assert!(!finds(reactors));
        }
    }
}
