//! The free functions, which run jobs on the global reactor and list them.
//!
//! The comments beside bounds are for users: the compiler shows them where a bound is not met.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::time::Duration;

use crate::caller::eventual::EventualResult;
use crate::caller::spawn::spawn;
use crate::caller::wait_for;
use crate::error::Error;
use crate::job::info::JobInfo;
use crate::reactor::global::{cached_for_job, current};
use crate::sys::fork::check_not_forked;

/// Starts a job on the reactor thread, and returns at once with a handle to its result.
///
/// `job` is called on the reactor thread, and returns the future to run there. So it has to be
/// `Send`, but the future need not be: it may use `Rc`, or a library's `!Send` types. Jobs of one
/// thread start in the order of these calls. The first job starts the reactor, if
/// [`setup`](crate::setup) has not.
///
/// This never fails here and now: if the reactor cannot be started, is being shut down, or is that
/// of the parent of a forked process, that is the job's outcome, and `job` is dropped uncalled.
///
/// # Examples
///
/// ```
/// use crochet::Error;
/// use std::{rc::Rc, time::Duration};
///
/// let job = crochet::run_in_reactor(|| async {
///     let shared = Rc::new(20);
///     futures_lite::future::yield_now().await;
///     Ok::<_, Error>(*shared + 1)
/// });
/// assert_eq!(job.join(Duration::from_secs(60)).unwrap(), 21);
/// ```
#[track_caller]
pub fn run_in_reactor<C, F, T, E>(job: C) -> EventualResult<T, E>
where
    C: FnOnce() -> F + Send + 'static,
    F: Future<Output = Result<T, E>> + 'static, // end it with `Ok(..)`
    T: Send + 'static,
    E: fmt::Debug + Send + 'static,
{
    let location = Location::caller();
    match cached_for_job(location) {
        Ok(shared) => spawn(Ok(&shared), location, job),
        Err(error) => spawn(Err(error), location, job),
    }
}

/// Runs a future on the reactor thread, and blocks until it is done, or the time is over.
///
/// The future may borrow from the caller. **When this has returned, in whatever way, unwinding
/// included, the future and all that it borrowed is gone.** The first call starts the reactor, if
/// [`setup`](crate::setup) has not.
///
/// [`Duration::MAX`] waits for ever. [`Duration::ZERO`] takes what is there: the future is polled
/// once, and dropped if that does not make it ready. If the reactor thread does not get to it,
/// because another job holds the thread or the system has not let it run, not even that: the call
/// is back within some ten milliseconds.
///
/// # Cancellation
///
/// When `timeout` has passed, the future is dropped, on this thread. That does not have to wait for
/// a reactor that another job holds. Only if this very future is inside `poll` at that moment, the
/// call returns when that `poll` does; for a hard limit even then, use
/// [`run_in_reactor`]`(..)`[`.join(timeout)`](EventualResult::join).
///
/// # Errors
///
/// The job's own, and through `E::from`: [`Error::TimedOut`], which says what the job and the
/// reactor were doing; [`Error::ReactorStopped`] if the reactor is stopped meanwhile;
/// [`Error::Setup`] if it could not be started; [`Error::OnReactorThread`] at once, on the reactor
/// thread itself; [`Error::Interrupted`] inside [`interruptible`](crate::interruptible);
/// [`Error::Forked`] in a forked child.
///
/// # Panics
///
/// If the job panics, its panic is re-raised here, with the same payload.
///
/// # Examples
///
/// ```
/// use async_io::{Async, Timer};
/// use std::net::{TcpListener, TcpStream};
/// use std::{io, time::Duration};
///
/// # fn main() -> io::Result<()> {
/// let server = TcpListener::bind("127.0.0.1:0")?;
/// let address = server.local_addr()?; // borrowed by the future:
/// let stream = crochet::wait_for(Duration::from_secs(5), async {
///     Async::<TcpStream>::connect(address).await
/// })?;
/// assert_eq!(stream.get_ref().peer_addr()?, address);
///
/// let late: io::Result<()> = crochet::wait_for(Duration::from_millis(10), async {
///     Timer::after(Duration::from_secs(5)).await;
///     Ok(())
/// });
/// assert_eq!(late.unwrap_err().kind(), io::ErrorKind::TimedOut);
/// # Ok(())
/// # }
/// ```
///
/// The future runs on another thread, so it has to be `Send` (`run_in_reactor` takes others):
///
/// ```compile_fail,E0277
/// use crochet::Error;
/// use std::{rc::Rc, time::Duration};
///
/// let count = Rc::new(1);
/// let _ = crochet::wait_for(Duration::from_secs(1), async { Ok::<_, Error>(*count) });
/// ```
///
/// So has its result:
///
/// ```compile_fail,E0277
/// use crochet::Error;
/// use std::{rc::Rc, time::Duration};
///
/// let _ = crochet::wait_for(Duration::from_secs(1), async { Ok::<_, Error>(Rc::new(1)) });
/// ```
///
/// It may borrow what outlives the call, and what it returns may not outlive what it borrowed:
///
/// ```compile_fail,E0597
/// use crochet::Error;
/// use std::time::Duration;
///
/// let kept: crochet::Result<&str> = {
///     let name = String::from("short-lived");
///     crochet::wait_for(Duration::from_secs(1), async { Ok(name.as_str()) })
/// };
/// println!("{kept:?}");
/// ```
///
/// Nor may it use a value that the caller has borrowed mutably elsewhere:
///
/// ```compile_fail,E0502
/// use crochet::Error;
/// use std::time::Duration;
///
/// let mut list = vec![1];
/// let first = &mut list[0];
/// let _ = crochet::wait_for(Duration::from_secs(1), async { Ok::<_, Error>(list.len()) });
/// *first = 2;
/// ```
#[track_caller]
pub fn wait_for<F, T, E>(timeout: Duration, job: F) -> Result<T, E>
where
    F: Future<Output = Result<T, E>> + Send, // end it with `Ok(..)`; if not `Send`: `run_in_reactor`
    T: Send,
    E: From<Error> + Send, // another crate's error: `wait_for_wrapped`
{
    wait_for_wrapped(timeout, job).map_err(Error::flatten)
}

/// Runs a future on the reactor thread, and blocks until it is done, or the time is over. The job's
/// own error stays apart from this crate's.
///
/// This is [`wait_for`] for error types which have no `From<`[`Error`]`>` and cannot get one,
/// because another crate defines them: those of reqwest, sqlx, redis. The result is an
/// [`Error<E>`](Error), which is an [`std::error::Error`] where `E` is, and shows the job's own
/// error unchanged. So the operator `?` turns it into `anyhow::Error`,
/// `Box<dyn Error + Send + Sync>` and the like.
///
/// All else is as for [`wait_for`]: what the future may borrow, timeouts, cancellation.
///
/// # Errors
///
/// [`Error::Job`] with the job's own error, and the other errors that [`wait_for`] names.
///
/// # Panics
///
/// If the job panics: the same panic is re-raised here, with the same payload.
///
/// # Examples
///
/// ```
/// use crochet::{Error, wait_for_wrapped};
/// use std::{error, future, num::ParseIntError, time::Duration};
///
/// /// Stands for an async function of another crate, with an error type of that crate.
/// async fn parse(text: &str) -> Result<u32, ParseIntError> {
///     future::ready(text.parse()).await
/// }
///
/// fn sum(a: &str, b: &str) -> Result<u32, Box<dyn error::Error + Send + Sync>> {
///     let second = Duration::from_secs(60);
///     Ok(wait_for_wrapped(second, parse(a))? + wait_for_wrapped(second, parse(b))?)
/// }
/// assert_eq!(sum("20", "22").unwrap(), 42);
/// let error = sum("20", "b").unwrap_err();
/// assert_eq!(error.to_string(), "invalid digit found in string");
/// assert!(matches!(error.downcast_ref::<Error<ParseIntError>>(), Some(Error::Job(_))));
/// ```
#[track_caller]
pub fn wait_for_wrapped<F, T, E>(timeout: Duration, job: F) -> Result<T, Error<E>>
where
    F: Future<Output = Result<T, E>> + Send, // end it with `Ok(..)`; if not `Send`: `run_in_reactor`
    T: Send,
    E: Send,
{
    let location = Location::caller();
    match cached_for_job(location) {
        Ok(shared) => wait_for::wait_for(&shared, location, timeout, job),
        Err(error) => Err(wait_for::refuse(error, job)),
    }
}

/// Lists the unfinished jobs of the global reactor, in the order in which they were submitted.
/// Never waits for a job.
///
/// It can be called on any thread, also while a job holds the reactor thread, and in a job, which
/// finds itself in the list. If the global reactor is not running the list is empty, and so it is
/// in a forked child; nothing is started.
///
/// The list has the jobs that the program has started, by whatever function: also the job that
/// reads ahead for an [`Iter`](crate::Iter), and the one that keeps the value of an
/// [`InReactor`](crate::InReactor). The crate's own jobs, such as the timer of
/// [`stash_for`](crate::EventualResult::stash_for), are not in the list.
///
/// A list of more than some dozens of jobs is made in pieces, between which the reactor thread runs
/// jobs. Each line is true when it is written; a job that ends in the meantime may or may not be
/// listed.
///
/// # Examples
///
/// ```
/// use crochet::JobState;
/// use std::{future, thread, time::Duration};
///
/// let never = crochet::run_in_reactor(|| future::pending::<crochet::Result<()>>());
/// while crochet::jobs()[0].state() != JobState::Waiting {
///     thread::sleep(Duration::from_millis(1));
/// }
/// for job in crochet::jobs() {
///     // job 1 started at src/main.rs:4: waiting, age 1.1ms, 1 poll, busy 2.3µs
///     println!("{job}");
///     assert_eq!(job.location().file(), file!());
/// }
/// # never.cancel();
/// ```
pub fn jobs() -> Vec<JobInfo> {
    if check_not_forked().is_err() {
        return Vec::new();
    }
    current().map_or_else(Vec::new, |reactor| reactor.jobs())
}
