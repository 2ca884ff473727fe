//! [`EventualResult`]: a handle to a job that runs in the background.

use std::fmt;
use std::mem;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use crate::caller::scope::limits::{Limits, Scopes};
use crate::context::drop_in_context;
use crate::error::Error;
use crate::job::owned::{OwnedJob, Settled};
use crate::runtime::shared::Shared;
use crate::sync::EventListener;
use crate::sys::fork::check_not_forked;
use crate::text::ShortLocation;

/// The result of a job that runs in the background. Wait for it, look at it, await it, cancel the
/// job, or stash it.
///
/// Dropping it lets the job run on. A failure that has not been seen by then, or that comes later,
/// is logged once: at `error`, target `crochet`, with the location of the
/// [`run_in_reactor`](crate::run_in_reactor()) call. A failure is *seen* when any of the methods
/// below, or `.await`, has returned it. [`Error::Cancelled`] and [`Error::ReactorStopped`] are
/// never logged.
///
/// An `EventualResult` can be shared between threads if `T` and `E` are `Sync`; all threads get the
/// same result.
///
/// # Examples
///
/// ```
/// use crochet::{Error, EventualResult};
/// use std::time::Duration;
///
/// let sum: EventualResult<u32> = crochet::run_in_reactor(|| async { Ok(1 + 1) });
/// // ... the thread does something else, then:
/// assert_eq!(*sum.wait(Duration::from_secs(60)).unwrap(), 2);
/// assert_eq!(*sum.wait(Duration::ZERO).unwrap(), 2); // again, if you like
/// ```
///
/// In async code, on any executor, it is a future:
///
/// ```
/// use crochet::Error;
/// use std::time::Duration;
///
/// let part = crochet::run_in_reactor(|| async { Ok::<_, Error>(20) });
/// let whole = crochet::run_in_reactor(|| async { Ok::<_, Error<Error>>(part.await? + 1) });
/// assert_eq!(whole.into_result(Duration::from_secs(60)).unwrap(), 21);
/// ```
#[must_use = "the job runs on, but its result is lost; call `.detach()` if that is what you want"]
pub struct EventualResult<T, E = Error> {
    job: Arc<OwnedJob<T, E>>,
    /// `None` if the job was refused; it has ended then.
    reactor: Option<Arc<Shared>>,
    /// The outcome, once a caller has been given it, or the stash has logged it. So the outcome has
    /// been seen if and only if this is set.
    settled: OnceLock<Settled<T, E>>,
}

impl<T, E> EventualResult<T, E> {
    /// Blocks until the job is done, and returns its result, or until `timeout` has passed.
    ///
    /// Any number of threads can call this any number of times, also at once; all get the same
    /// result. A timed-out `wait` leaves the job running, and a later wait gets its result.
    /// [`Duration::ZERO`] looks without waiting, [`Duration::MAX`] waits for ever.
    ///
    /// # Errors
    ///
    /// [`Error::Job`] with the job's own error, [`Error::Panicked`], [`Error::Cancelled`];
    /// [`Error::TimedOut`], which says what the job and the reactor were doing;
    /// [`Error::ReactorStopped`] if the reactor was stopped first, [`Error::Setup`] if it could not
    /// be started; [`Error::OnReactorThread`] on the thread of the job's reactor, whether the job
    /// is done or not (use [`try_wait`](Self::try_wait) or `.await` there); [`Error::Interrupted`]
    /// inside [`interruptible`](crate::interruptible); [`Error::Forked`] in a forked child.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{io, time::Duration};
    ///
    /// let job = crochet::run_in_reactor(|| async { Err::<(), _>(io::Error::other("no luck")) });
    /// let error = job.wait(Duration::from_secs(60)).unwrap_err();
    /// assert_eq!(error.to_string(), "no luck");
    /// ```
    #[track_caller]
    pub fn wait(&self, timeout: Duration) -> Result<&T, Error<&E>> {
        self.block(timeout).map_err(Error::widen)?;
        self.see()
    }

    /// Returns the result, if there is one by now. Never blocks, so that it can be called on the
    /// reactor thread.
    ///
    /// # Errors
    ///
    /// Inside the `Some`, those of [`wait`](Self::wait) that are an outcome of the job, and
    /// [`Error::Forked`].
    ///
    /// # Examples
    ///
    /// ```
    /// let never = crochet::run_in_reactor(|| std::future::pending::<crochet::Result<()>>());
    /// assert!(never.try_wait().is_none());
    /// ```
    pub fn try_wait(&self) -> Option<Result<&T, Error<&E>>> {
        if let Err(forked) = check_not_forked() {
            return Some(Err(forked.widen()));
        }
        self.is_finished().then(|| self.see())
    }

    /// Blocks until the job is done, and returns its result by value. If `timeout` passes first,
    /// the job is cancelled.
    ///
    /// # Errors
    ///
    /// Those of [`wait`](Self::wait). After any of them the job is cancelled, except in a forked
    /// child, where it is the parent's.
    ///
    /// # Examples
    ///
    /// ```
    /// use crochet::Error;
    /// use std::time::Duration;
    ///
    /// let job = crochet::run_in_reactor(|| async { Ok::<_, Error>(String::from("mine")) });
    /// let text: String = job.into_result(Duration::from_secs(60)).unwrap();
    /// assert_eq!(text, "mine");
    /// ```
    #[track_caller]
    pub fn into_result(mut self, timeout: Duration) -> Result<T, Error<E>> {
        /// Cancels the job, unless it is disarmed: after a failed wait, and if a scope's check
        /// panics.
        struct CancelOnDrop<'a, T, E>(&'a EventualResult<T, E>);
        impl<T, E> Drop for CancelOnDrop<'_, T, E> {
            fn drop(&mut self) {
                self.0.cancel();
            }
        }

        let cancel = CancelOnDrop(&self);
        self.block(timeout).map_err(Error::widen)?;
        mem::forget(cancel);
        self.take()
    }

    /// Blocks until the job is done, and returns its result by value, with all failures as the
    /// job's own error type. If `timeout` passes first, the job is cancelled.
    ///
    /// Unlike [`wait_for`](crate::wait_for()) it returns at the timeout even if the job itself
    /// holds the reactor thread.
    ///
    /// # Errors
    ///
    /// Those of [`wait`](Self::wait), flattened: `Error::Job(e)` is `e`, every other one goes
    /// through `E::from`. An error type of another crate has no such `From`: use
    /// [`into_result`](Self::into_result), which returns it as `Error::Job`.
    ///
    /// # Panics
    ///
    /// If the job panicked: the same panic is re-raised here, with the same payload.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{io, time::Duration};
    ///
    /// fn fetch() -> io::Result<u32> {
    ///     crochet::run_in_reactor(|| async { Ok(7) }).join(Duration::from_secs(60))
    /// }
    /// assert_eq!(fetch().unwrap(), 7);
    /// ```
    #[track_caller]
    pub fn join(self, timeout: Duration) -> Result<T, E>
    where
        E: From<Error>, // another crate's error: `into_result`
    {
        match self.into_result(timeout) {
            Ok(value) => Ok(value),
            Err(Error::Panicked(panic)) => panic.resume(),
            Err(error) => Err(error.flatten()),
        }
    }

    /// Asks for the job to be dropped; never blocks. Twice is fine.
    ///
    /// # Cancellation
    ///
    /// The job's future is dropped on the reactor thread, at its next chance; [`wait`](Self::wait)
    /// returns [`Error::Cancelled`] only after that. A job that has not started never does: its
    /// closure is dropped uncalled. A job that has ended, or ends in the poll it is in, keeps its
    /// result.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let never = crochet::run_in_reactor(|| std::future::pending::<crochet::Result<()>>());
    /// never.cancel();
    /// assert!(never.wait(Duration::from_secs(60)).unwrap_err().is_cancelled());
    /// ```
    pub fn cancel(&self) {
        // In a forked child, the task is the parent's.
        if check_not_forked().is_ok() {
            self.job.header.cancel();
        }
    }

    /// Tells whether there is an outcome: a result, or a reason why there will be none. Never
    /// blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use crochet::Error;
    /// use std::time::Duration;
    ///
    /// let job = crochet::run_in_reactor(|| async { Ok::<_, Error>(1) });
    /// job.wait(Duration::from_secs(60)).unwrap();
    /// assert!(job.is_finished());
    /// ```
    pub fn is_finished(&self) -> bool {
        self.job.outcome.is_done()
    }

    /// Returns the failure, if the job has failed by now; `None` if it has not ended or has
    /// succeeded. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{io, time::Duration};
    ///
    /// let job = crochet::run_in_reactor(|| async { Err::<(), _>(io::Error::other("no luck")) });
    /// let _ = job.wait(Duration::from_secs(60));
    /// assert_eq!(job.original_failure().unwrap().to_string(), "no luck");
    /// ```
    pub fn original_failure(&self) -> Option<Error<&E>> {
        self.try_wait()?.err()
    }

    /// Returns the number by which [`jobs`](crate::jobs()) lists the job. Never waits for a job.
    ///
    /// It is the [`JobInfo::id`](crate::JobInfo::id) of the job, from its submission on, and stays
    /// the same when the job has ended. A job that no reactor has accepted has the number 0: there
    /// was no reactor, or it had stopped.
    ///
    /// # Examples
    ///
    /// ```
    /// let never = crochet::run_in_reactor(|| std::future::pending::<crochet::Result<()>>());
    /// let listed = crochet::jobs().into_iter().find(|job| job.id() == never.id());
    /// assert_eq!(listed.unwrap().location().file(), file!());
    /// # never.cancel();
    /// ```
    pub fn id(&self) -> u64 {
        match &self.reactor {
            Some(shared) => shared.id_of(&self.job.header),
            None => 0,
        }
    }

    /// Lets the job run on, and gives up its result. The same as dropping the handle: a failure is
    /// still logged. Never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use crochet::Error;
    /// use std::{sync::mpsc, time::Duration};
    ///
    /// let (done, result) = mpsc::channel();
    /// crochet::run_in_reactor(|| async move { Ok::<_, Error>(done.send("done").unwrap()) }).detach();
    /// assert_eq!(result.recv_timeout(Duration::from_secs(60)).unwrap(), "done");
    /// ```
    pub fn detach(self) {}

    /// The handle to a job; `reactor` is `None` if the job was refused, and has ended.
    pub(super) fn new(job: Arc<OwnedJob<T, E>>, reactor: Option<Arc<Shared>>) -> Self {
        Self { job, reactor, settled: OnceLock::new() }
    }

    /// Blocks until there is an outcome. Does not count as having seen it.
    #[track_caller]
    pub(crate) fn block(&self, timeout: Duration) -> Result<(), Error> {
        let Some(shared) = &self.reactor else {
            check_not_forked()?;
            return Scopes::of_thread().map(drop);
        };
        shared.check_may_block(Location::caller())?;
        let scopes = Scopes::of_thread()?;
        let OwnedJob { header, outcome, .. } = &*self.job;
        if outcome.is_done() {
            return Ok(());
        }
        let limits = scopes.limit(timeout);
        if limits.wait(&shared.spin, outcome, header.location)? {
            Ok(())
        } else {
            self.late(&limits)
        }
    }

    /// Ends a wait with these limits, whose time is over: with a timeout, unless there is an
    /// outcome by now.
    pub(crate) fn late(&self, limits: &Limits) -> Result<(), Error> {
        match &self.reactor {
            Some(shared) if !self.is_finished() => {
                let header = &self.job.header;
                Err(Error::TimedOut(limits.timed_out(shared, header.state(), Some(header))))
            }
            _ => Ok(()),
        }
    }

    /// A listener that is notified when there is an outcome; `None` if there is one.
    pub(crate) fn listen(&self) -> Option<EventListener> {
        self.job.outcome.listen()
    }

    /// Returns the outcome, which has been published, and marks it as seen.
    fn see(&self) -> Result<&T, Error<&E>> {
        let settled = self.settled.get_or_init(|| self.take_published());
        settled.as_ref().map_err(Error::as_ref)
    }

    /// Returns the outcome, which has been published, by value.
    fn take(&mut self) -> Settled<T, E> {
        self.settled.take().unwrap_or_else(|| self.take_published())
    }

    /// Returns the outcome by value, if it has been published. If not, wakes the task when it is.
    /// Not called again once it has returned `Ready`.
    pub(super) fn poll_take(&mut self, cx: &mut Context<'_>) -> Poll<Settled<T, E>> {
        match self.job.outcome.poll(cx.waker()) {
            true => Poll::Ready(self.take()),
            false => Poll::Pending,
        }
    }

    fn take_published(&self) -> Settled<T, E> {
        // The value is in place before it is published, and is taken once: by `see`, by `take` or
        // by `drop`.
        self.job.outcome.take().unwrap_or(Err(Error::ReactorStopped))
    }

    /// Tells whether there is a failure that has not been seen. From then on it counts as seen: the
    /// caller logs it. Runs no user code.
    pub(crate) fn see_unseen_failure(&self) -> bool {
        self.is_finished() && self.settled.get().is_none() && self.see().is_err()
    }

    /// Logs the failure that has been seen, if it is one.
    pub(crate) fn log_failure(&self) {
        if let Some(Err(error)) = self.settled.get() {
            self.job.log(error);
        }
    }

    /// Drops what a job of this reactor has made, or failed with.
    fn drop_in_context<V>(&self, value: V) {
        match &self.reactor {
            Some(shared) => shared.tokio.drop_within(value),
            None => drop_in_context(value),
        }
    }

    pub(crate) fn location(&self) -> &'static Location<'static> {
        self.job.header.location
    }

    pub(crate) fn reactor(&self) -> Option<&Arc<Shared>> {
        self.reactor.as_ref()
    }
}

// A panic while one of these is used leaves it whole: no user code runs inside its locks.
impl<T, E> UnwindSafe for EventualResult<T, E> {}
impl<T, E> RefUnwindSafe for EventualResult<T, E> {}

impl<T, E> Drop for EventualResult<T, E> {
    fn drop(&mut self) {
        if check_not_forked().is_err() {
            // What came with the fork is the parent's. To drop a socket here would take it out of
            // the poller that both processes have.
            mem::forget((Arc::clone(&self.job), self.settled.take()));
            return;
        }
        let published = self.job.outcome.abandon();
        let outcome = match self.settled.take() {
            Some(seen) => Some(seen),
            None if published => self.job.take_unseen(),
            // The job is the reactor thread's to look after, or its result has been moved out.
            None => None,
        };
        match outcome {
            // Where the value needs no drop, neither does it need the context.
            Some(Ok(value)) => self.drop_in_context(value),
            Some(failure) => self.drop_in_context(failure),
            None => {}
        }
    }
}

impl<T, E> fmt::Debug for EventualResult<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventualResult")
            .field("location", &format_args!("{}", ShortLocation(self.location())))
            .field("finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}
