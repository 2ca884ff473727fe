//! Results put away under an id: [`ResultId`], the store, and [`retrieve_result`].

mod id;
mod store;

use std::fmt;
use std::panic::Location;
use std::time::{Duration, Instant};

use async_io::Timer;

use crate::caller::eventual::EventualResult;
use crate::caller::spawn::spawn_internal;
use crate::caller::stash::store::{Entry, STORE, Stashed as _};
use crate::sync::{deadline, lock};
use crate::sys::fork;

pub use self::id::{ParseResultIdError, ResultId};

/// Why [`retrieve_result`] has nothing to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RetrieveError {
    /// Nothing is stashed under this id: the result was retrieved before, its time is over, or
    /// there never was one.
    Unknown,
    /// The result stashed under this id has other types. It stays stashed.
    WrongType,
}

impl fmt::Display for RetrieveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "no result is stashed under this id",
            Self::WrongType => "the result stashed under this id has other types",
        })
    }
}

impl std::error::Error for RetrieveError {}

impl<T: Send + 'static, E: Send + 'static> EventualResult<T, E> {
    /// Puts the result away, and returns an id for it. Never blocks.
    ///
    /// [`retrieve_result`] returns the result of that id, once. The result stays in the stash for
    /// as long as the process runs. A failure that is in the stash when its reactor is shut down is
    /// logged.
    ///
    /// # Panics
    ///
    /// If the operating system has no randomness to give.
    ///
    /// # Examples
    ///
    /// ```
    /// use crochet::{Error, RetrieveError};
    /// use std::time::Duration;
    ///
    /// let id = crochet::run_in_reactor(|| async { Ok::<_, Error>("a page") }).stash();
    /// // Some requests later:
    /// let result = crochet::retrieve_result::<&str, Error>(id).unwrap();
    /// assert_eq!(*result.wait(Duration::from_secs(60)).unwrap(), "a page");
    /// assert_eq!(crochet::retrieve_result::<&str, Error>(id).unwrap_err(), RetrieveError::Unknown);
    /// ```
    #[track_caller]
    pub fn stash(self) -> ResultId {
        let id = ResultId::random();
        put_away(id, Entry { result: Box::new(self), end: None, timer: None });
        id
    }

    /// Puts the result away under an id of an earlier [`stash`](Self::stash). Never blocks.
    ///
    /// This is for the caller that asked too early: it retrieved the result, found the job
    /// unfinished, and puts the result back for the next request, whose id stays the same. As with
    /// `stash`, the result stays there until it is retrieved, even if it was first stashed with
    /// [`stash_for`](Self::stash_for).
    ///
    /// An id lets a client retrieve the result, so it should be one that `stash` returned, and not
    /// the client's choice.
    ///
    /// # Errors
    ///
    /// The handle itself, if another result is stashed under this id.
    ///
    /// # Examples
    ///
    /// ```
    /// use crochet::Error;
    /// use std::time::Duration;
    ///
    /// let id = crochet::run_in_reactor(|| async { Ok::<_, Error>("a page") }).stash();
    /// let result = crochet::retrieve_result::<&str, Error>(id).unwrap();
    /// // Not done yet, say: the browser is told to ask again, with the cookie that it has.
    /// result.stash_as(id).unwrap();
    /// let result = crochet::retrieve_result::<&str, Error>(id).unwrap();
    /// assert_eq!(result.join(Duration::from_secs(60)).unwrap(), "a page");
    /// ```
    pub fn stash_as(self, id: ResultId) -> Result<(), Self> {
        // As in `put_away`.
        if fork::forked_from().is_some() {
            return Ok(());
        }
        self.log_failures_before_end();
        let (expired, stashed) = {
            let mut store = lock(&STORE);
            // First, as an expired result does not hold its id.
            let expired = store.take_expired();
            let stashed = if store.entries.contains_key(&id) {
                Err(self)
            } else {
                store.insert(id, Entry { result: Box::new(self), end: None, timer: None });
                Ok(())
            };
            (expired, stashed)
        };
        expired.into_iter().for_each(Entry::expire);
        stashed
    }

    /// Puts the result away for a limited time, and returns an id for it. Never blocks.
    ///
    /// If the result has not been retrieved when `ttl` has passed, the job is cancelled, and its
    /// result, if there is one by then, is dropped: by the reactor thread, or by the next call that
    /// uses the stash, if that comes first. A failure is logged. With [`Duration::ZERO`] the result
    /// expires at once, with [`Duration::MAX`] never.
    ///
    /// # Panics
    ///
    /// If the operating system has no randomness to give.
    ///
    /// # Examples
    ///
    /// ```
    /// use crochet::{Error, RetrieveError};
    /// use std::time::Duration;
    ///
    /// let job = crochet::run_in_reactor(|| async { Ok::<_, Error>("a page") });
    /// let id = job.stash_for(Duration::ZERO);
    /// assert_eq!(crochet::retrieve_result::<&str, Error>(id).unwrap_err(), RetrieveError::Unknown);
    /// ```
    #[track_caller]
    pub fn stash_for(self, ttl: Duration) -> ResultId {
        let id = ResultId::random();
        let end = deadline(Instant::now(), ttl);
        // A refused job has no reactor, and needs no timer: there is nothing to cancel. In a forked
        // child the reactor is the parent's.
        let reactor = self.reactor().filter(|_| fork::forked_from().is_none());
        let timer = end.zip(reactor).map(|(end, reactor)| {
            spawn_internal(reactor, Location::caller(), move || async move {
                Timer::at(end).await;
                let expired = lock(&STORE).take_expired();
                expired.into_iter().for_each(Entry::expire);
                Ok(())
            })
        });
        put_away(id, Entry { result: Box::new(self), end, timer });
        id
    }
}

fn put_away(id: ResultId, entry: Entry) {
    // In a forked child the lock may be held for ever, by a thread that exists in the parent only.
    if fork::forked_from().is_none() {
        entry.result.log_failures_before_end();
        let expired = {
            let mut store = lock(&STORE);
            store.insert(id, entry);
            store.take_expired()
        };
        expired.into_iter().for_each(Entry::expire);
    }
}

/// Returns the result that was stashed under `id`, and removes it from the store. Never blocks.
///
/// `T` and `E` must be those of the stashed [`EventualResult`]; where the compiler cannot infer
/// them, name them: `retrieve_result::<Page, io::Error>(id)`.
///
/// # Errors
///
/// [`RetrieveError::Unknown`] if no result is stashed under that id: each can be retrieved once. In
/// a forked child there are none. While the reactor of a failed job is being stopped, and logs the
/// failure, the result is `Unknown`, too, and can be retrieved after that.
/// [`RetrieveError::WrongType`] if the types differ; the result stays in the stash.
///
/// # Examples
///
/// ```
/// use crochet::{Error, RetrieveError};
///
/// let id = crochet::run_in_reactor(|| async { Ok::<u32, Error>(1) }).stash();
/// assert_eq!(crochet::retrieve_result::<String, Error>(id).unwrap_err(), RetrieveError::WrongType);
/// crochet::retrieve_result::<u32, Error>(id).unwrap().detach();
/// ```
pub fn retrieve_result<T, E>(id: ResultId) -> Result<EventualResult<T, E>, RetrieveError>
where
    T: 'static,
    E: 'static,
{
    if fork::forked_from().is_some() {
        return Err(RetrieveError::Unknown);
    }
    let (expired, entry) = {
        let mut store = lock(&STORE);
        let expired = store.take_expired();
        let right_type = |entry: &Entry| entry.result.as_any().is::<EventualResult<T, E>>();
        let entry = match store.entries.get(&id).map(right_type) {
            None => Err(RetrieveError::Unknown),
            Some(false) => Err(RetrieveError::WrongType),
            Some(true) => store.remove(id).ok_or(RetrieveError::Unknown),
        };
        (expired, entry)
    };
    expired.into_iter().for_each(Entry::expire);
    let Entry { result, timer, .. } = entry?;
    if let Some(timer) = timer {
        timer.cancel();
    }
    result.into_any().downcast().map(|result| *result).map_err(|_| RetrieveError::WrongType)
}
