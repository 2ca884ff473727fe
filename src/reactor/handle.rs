//! [`Reactor`]: a handle to one reactor, to submit jobs to, and to stop.

use std::fmt;
use std::future::Future;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::caller::eventual::EventualResult;
use crate::caller::scope::limits::Scopes;
use crate::caller::spawn::spawn;
use crate::caller::wait_for;
use crate::error::{Error, JobState};
use crate::job::info::JobInfo;
use crate::reactor::thread::Thread;
use crate::runtime::shared::{Lifecycle, Shared};
use crate::sys::fork::{self, check_not_forked};

/// Your own reactor, beside the global one: one thread, and the jobs on it.
///
/// Use one where jobs must not get in each other's way: in a library that must not depend on the
/// application's jobs, in a test, for work with another priority. Everything else shares the global
/// reactor, through the free functions.
///
/// Clones are handles to the same reactor. Dropping the last one stops it, without waiting: its
/// unfinished jobs are dropped on its thread, and calls that wait for them return
/// [`Error::ReactorStopped`]. [`EventualResult`]s do not keep it alive. The global reactor has a
/// handle of its own, so it is stopped by [`shutdown`](crate::shutdown) only.
///
/// # Examples
///
/// ```
/// use crochet::{Error, Reactor};
/// use std::time::Duration;
///
/// # fn main() -> crochet::Result<()> {
/// let reactor = Reactor::builder().name("mail").build()?;
/// let sum = reactor.wait_for(Duration::from_secs(60), async { Ok::<_, Error>(2 + 2) })?;
/// assert_eq!(sum, 4);
/// reactor.shutdown(Duration::from_secs(1))
/// # }
/// ```
#[derive(Clone)]
pub struct Reactor {
    handle: Arc<Handle>,
}

/// Stops its reactor when dropped.
struct Handle {
    shared: Arc<Shared>,
    /// `None` for a `Driver`'s reactor.
    thread: Option<Thread>,
}

impl Reactor {
    /// Starts a job on this reactor; never blocks. Like the free function
    /// [`run_in_reactor`](crate::run_in_reactor()).
    ///
    /// # Examples
    ///
    /// ```
    /// use crochet::{Error, Reactor};
    /// use std::time::Duration;
    ///
    /// let reactor = Reactor::new().unwrap();
    /// let job = reactor.run_in_reactor(|| async { Ok::<_, Error>("done") });
    /// assert_eq!(job.join(Duration::from_secs(60)).unwrap(), "done");
    /// ```
    #[track_caller]
    pub fn run_in_reactor<C, F, T, E>(&self, job: C) -> EventualResult<T, E>
    where
        C: FnOnce() -> F + Send + 'static,
        F: Future<Output = Result<T, E>> + 'static, // end it with `Ok(..)`
        T: Send + 'static,
        E: fmt::Debug + Send + 'static,
    {
        spawn(self.usable(), Location::caller(), job)
    }

    /// Blocks until the job is done on this reactor, or the time is over. Like the free function
    /// [`wait_for`](crate::wait_for()).
    ///
    /// # Errors
    ///
    /// Those of [`wait_for`](crate::wait_for()).
    ///
    /// # Panics
    ///
    /// If the job panics, its panic is re-raised here, with the same payload.
    ///
    /// # Examples
    ///
    /// ```
    /// use crochet::{Error, Reactor};
    /// use std::time::Duration;
    ///
    /// let reactor = Reactor::new()?;
    /// let words = String::from("borrowed, as ever");
    /// let first = reactor.wait_for(Duration::from_secs(60), async {
    ///     Ok::<_, Error>(words.split(',').next())
    /// })?;
    /// assert_eq!(first, Some("borrowed"));
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn wait_for<F, T, E>(&self, timeout: Duration, job: F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>> + Send, // end it with `Ok(..)`; if not `Send`: `run_in_reactor`
        T: Send,
        E: From<Error> + Send, // another crate's error: `wait_for_wrapped`
    {
        self.wait_for_wrapped(timeout, job).map_err(Error::flatten)
    }

    /// Blocks until the job is done on this reactor, or the time is over, and keeps the job's own
    /// error apart from this crate's. Like the free function
    /// [`wait_for_wrapped`](crate::wait_for_wrapped).
    ///
    /// # Errors
    ///
    /// Those of [`wait_for_wrapped`](crate::wait_for_wrapped).
    ///
    /// # Panics
    ///
    /// If the job panics: the same panic is re-raised here, with the same payload.
    ///
    /// # Examples
    ///
    /// ```
    /// use crochet::Reactor;
    /// use std::time::Duration;
    ///
    /// let reactor = Reactor::new()?;
    /// let parsed = reactor.wait_for_wrapped(Duration::from_secs(60), async { "7".parse::<u8>() });
    /// assert_eq!(parsed.unwrap(), 7);
    /// # Ok::<(), crochet::Error>(())
    /// ```
    #[track_caller]
    pub fn wait_for_wrapped<F, T, E>(&self, timeout: Duration, job: F) -> Result<T, Error<E>>
    where
        F: Future<Output = Result<T, E>> + Send, // end it with `Ok(..)`; if not `Send`: `run_in_reactor`
        T: Send,
        E: Send,
    {
        wait_for::wait_for(&self.handle.shared, Location::caller(), timeout, job)
    }

    /// Stops this reactor, and blocks until its thread has ended. Like the free function
    /// [`shutdown`](crate::shutdown), except that nothing starts it again: all later jobs get
    /// [`Error::ReactorStopped`].
    ///
    /// # Errors
    ///
    /// Those of [`shutdown`](crate::shutdown).
    ///
    /// # Examples
    ///
    /// ```
    /// use crochet::{Error, Reactor};
    /// use std::time::Duration;
    ///
    /// let reactor = Reactor::new()?;
    /// reactor.shutdown(Duration::from_secs(60))?;
    /// let late = reactor.run_in_reactor(|| async { Ok::<_, Error>(1) });
    /// assert!(late.wait(Duration::ZERO).unwrap_err().is_reactor_stopped());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn shutdown(&self, grace: Duration) -> Result<(), Error> {
        check_not_forked()?;
        let Handle { shared, thread } = &*self.handle;
        shared.stop();
        if shared.run_by.is_this_thread() {
            return Ok(());
        }
        let limits = Scopes::of_thread()?.limit(grace);
        let has_left = limits.sleep(|until| {
            shared.wait_ended(until) && thread.as_ref().is_none_or(|own| own.wait_left(until))
        })?;
        if !has_left {
            let mut why = limits.timed_out(shared, JobState::Running, None);
            if shared.is_ended() {
                why.cause = Some(&"all jobs have ended, but not the thread's thread-locals");
            }
            return Err(Error::TimedOut(why));
        }
        if let Some(thread) = thread {
            thread.join();
        }
        Ok(())
    }

    /// Lists the unfinished jobs of this reactor, in the order in which they were submitted. Never
    /// waits for a job. Like the free function [`jobs`](crate::jobs()).
    ///
    /// # Examples
    ///
    /// ```
    /// use crochet::{Error, Reactor};
    /// use std::{future, time::Duration};
    ///
    /// let reactor = Reactor::new()?;
    /// let never = reactor.run_in_reactor(|| future::pending::<crochet::Result<()>>());
    /// assert_eq!(reactor.jobs().len(), 1);
    /// never.cancel();
    /// never.wait(Duration::from_secs(60)).unwrap_err();
    /// assert!(reactor.jobs().is_empty());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn jobs(&self) -> Vec<JobInfo> {
        self.shared().jobs()
    }

    /// Stops this reactor, and blocks until all jobs have ended or the time is over. Uses no
    /// thread-locals.
    pub(crate) fn stop_until(&self, end: Option<Instant>) {
        self.handle.shared.stop();
        self.handle.shared.wait_ended(end);
    }

    /// A reactor whose thread has been started.
    pub(crate) fn threaded(shared: Arc<Shared>, thread: Thread) -> Self {
        Self { handle: Arc::new(Handle { shared, thread: Some(thread) }) }
    }

    /// A reactor for a `Driver`, in a process that is prepared.
    pub(crate) fn undriven(spin: Duration, slow_poll: Duration) -> Self {
        let shared = Arc::new(Shared::new(Lifecycle::Undriven, spin, slow_poll, None));
        Self { handle: Arc::new(Handle { shared, thread: None }) }
    }

    /// Whether this is the reactor of a `Driver`.
    pub(crate) fn is_driven(&self) -> bool {
        self.handle.thread.is_none()
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.handle.shared
    }

    /// Returns the reactor, for a job that no caller waits for here.
    fn usable(&self) -> Result<&Arc<Shared>, Error> {
        check_not_forked()?;
        Ok(&self.handle.shared)
    }
}

// As for `EventualResult`.
impl UnwindSafe for Reactor {}
impl RefUnwindSafe for Reactor {}

impl fmt::Debug for Reactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reactor")
            .field("id", &self.handle.shared.id)
            .field("stopping", &self.handle.shared.is_stopping())
            .finish_non_exhaustive()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // In a forked child there is no thread to stop, only locks of the parent to stumble over.
        if fork::forked_from().is_none() {
            self.shared.stop();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use async_io::Timer;

    use crate::{Error, Reactor};

    #[test]
    fn a_look_that_was_worth_it_is_known_as_such_though_the_next_kind_of_wait_sleeps_at_once() {
        let bound = Duration::from_millis(400);
        let reactor = Reactor::builder().spin(bound).build().unwrap();
        let spin = &reactor.shared().spin;
        for _ in 0..6 {
            spin.learn_no_job(false);
        }
        let wait = async {
            Timer::after(Duration::from_millis(5)).await;
            Ok::<_, Error>(())
        };
        reactor.wait_for(Duration::from_secs(60), wait).unwrap();
        // Were the reactor still looking, it would find out now that it was in vain.
        thread::sleep(bound);
        assert_eq!(spin.level_jobs_waiting(), 0);
    }
}
