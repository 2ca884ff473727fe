//! Results put away under an id: [`ResultId`], the store, and [`retrieve_result`].

use std::any::Any;
use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;
use std::fmt;
use std::panic::Location;
use std::str::FromStr;
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

use async_io::Timer;

use crate::caller::eventual::{self, EventualResult};
use crate::panic::catch;
use crate::sync::deadline;
use crate::sync::lock;
use crate::sys::fork;

/// The id of a stashed result: 128 random bits from the operating system, shown as 32 hexadecimal
/// digits.
///
/// An id cannot be guessed, so a server can put it into a cookie or a URL, and read it back with [`str::parse`].
///
/// # Examples
///
/// ```
/// use crochet::{Error, ResultId};
///
/// let id = crochet::run_in_reactor(|| async { Ok::<_, Error>(1) }).stash();
/// let cookie = id.to_string();
/// assert_eq!(cookie.len(), 32);
/// assert_eq!(cookie.parse::<ResultId>(), Ok(id));
/// # let _ = crochet::retrieve_result::<i32, Error>(id).map(|result| result.detach());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResultId(u128);

impl ResultId {
    /// # Panics
    ///
    /// If the operating system has no randomness to give.
    #[track_caller]
    fn random() -> Self {
        let mut bytes = [0; 16];
        if let Err(error) = getrandom::fill(&mut bytes) {
            panic!("no randomness from the operating system for a `ResultId`: {error}");
        }
        Self(u128::from_ne_bytes(bytes))
    }
}

impl fmt::Display for ResultId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for ResultId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResultId({self})")
    }
}

impl FromStr for ResultId {
    type Err = ParseResultIdError;

    /// Reads exactly what `Display` writes, in lower or upper case.
    fn from_str(text: &str) -> Result<Self, ParseResultIdError> {
        // `from_str_radix` alone would take a sign and any length.
        if text.len() != 32 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(ParseResultIdError(()));
        }
        u128::from_str_radix(text, 16).map(Self).map_err(|_| ParseResultIdError(()))
    }
}

/// The error of parsing a text that is no [`ResultId`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseResultIdError(());

impl fmt::Display for ParseResultIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a result id has 32 hexadecimal digits")
    }
}

impl std::error::Error for ParseResultIdError {}

/// Why [`retrieve_result`] has nothing to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RetrieveError {
    /// Nothing is stashed under this id: the result was retrieved before, its time is over, or there never was one.
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

/// An `EventualResult` without its types.
trait Stashed: Any + Send {
    fn as_any(&self) -> &dyn Any;
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
    /// Makes the reactor of this result log the unseen failures in the stash before it ends.
    fn log_failures_before_end(&self);
    fn belongs_to(&self, reactor: u64) -> bool;
    fn see_unseen_failure(&self) -> bool;
    fn log_failure(&self);
    fn cancel(&self);
}

impl<T: Send + 'static, E: Send + 'static> Stashed for EventualResult<T, E> {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }

    fn log_failures_before_end(&self) {
        if let Some(shared) = self.reactor() {
            shared.call_before_end(log_failures);
        }
    }

    fn belongs_to(&self, reactor: u64) -> bool {
        self.reactor().is_some_and(|shared| shared.id == reactor)
    }

    fn see_unseen_failure(&self) -> bool {
        self.see_unseen_failure()
    }

    fn log_failure(&self) {
        self.log_failure();
    }

    fn cancel(&self) {
        self.cancel();
    }
}

struct Entry {
    result: Box<dyn Stashed>,
    /// When the entry expires; `None` is never.
    end: Option<Instant>,
    /// The job that removes the entry at its `end`.
    timer: Option<EventualResult<(), Infallible>>,
}

impl Entry {
    /// Cancels the job and drops the result. Catches the panic of a `Drop`, which must reach neither the caller that
    /// happens to use the stash now, nor the next expired entry.
    fn expire(self) {
        let _ = catch(|| {
            self.result.cancel();
            drop(self.result);
        });
    }
}

#[derive(Default)]
struct Store {
    entries: HashMap<ResultId, Entry>,
    /// The entries with an end, soonest first.
    ends: BTreeSet<(Instant, ResultId)>,
}

/// LOCKING: held to move entries in and out, never while one is dropped, logged or otherwise used.
static STORE: LazyLock<Mutex<Store>> = LazyLock::new(Mutex::default);

impl Store {
    fn insert(&mut self, id: ResultId, entry: Entry) {
        if let Some(end) = entry.end {
            self.ends.insert((end, id));
        }
        self.entries.insert(id, entry);
    }

    /// Inserts the entry, or gives it back if the id is in use.
    fn insert_if_free(&mut self, id: ResultId, entry: Entry) -> Option<Entry> {
        if self.entries.contains_key(&id) {
            return Some(entry);
        }
        self.insert(id, entry);
        None
    }

    fn remove(&mut self, id: ResultId) -> Option<Entry> {
        let entry = self.entries.remove(&id)?;
        if let Some(end) = entry.end {
            self.ends.remove(&(end, id));
        }
        // Frees the memory of a storm when most of it is over. The map shrinks to a half, so at least as many
        // entries come or go before its next change.
        if self.entries.len() < self.entries.capacity() / 4 {
            self.entries.shrink_to(self.entries.capacity() / 2);
        }
        Some(entry)
    }

    fn take_unseen_failures(&mut self, reactor: u64) -> Vec<(ResultId, Entry)> {
        let unseen =
            |result: &dyn Stashed| result.belongs_to(reactor) && result.see_unseen_failure();
        let theirs = self.entries.iter().filter(|(_, entry)| unseen(&*entry.result));
        let ids: Vec<ResultId> = theirs.map(|(id, _)| *id).collect();
        ids.into_iter().filter_map(|id| Some((id, self.remove(id)?))).collect()
    }

    /// Takes the expired entries out. Called by each function that uses the stash, too, because the timer of an entry
    /// ends with its reactor.
    fn take_expired(&mut self) -> Vec<Entry> {
        let now = Instant::now();
        let mut expired = Vec::new();
        while let Some(&(end, id)) = self.ends.first() {
            if end > now {
                break;
            }
            expired.extend(self.remove(id));
        }
        expired
    }
}

impl<T: Send + 'static, E: Send + 'static> EventualResult<T, E> {
    /// Puts the result away, and returns an id by which it can be [retrieved](retrieve_result) once. Never blocks.
    ///
    /// The result stays in the stash for as long as the process runs. A failure that is in the stash when its reactor
    /// is shut down is logged.
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
    /// This is for the caller that asked too early: it retrieved the result, found the job unfinished, and puts the
    /// result back for the next request, whose id stays the same. As with `stash`, the result stays there until it is
    /// retrieved, even if it was first stashed with [`stash_for`](Self::stash_for).
    ///
    /// Whoever knows an id can retrieve the result, so it should be one that `stash` returned.
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

    /// Puts the result away for a limited time, and returns its id like [`stash`](Self::stash). Never blocks.
    ///
    /// If the result has not been retrieved when `ttl` has passed, the job is cancelled, and its result, if there is
    /// one by then, is dropped: by the reactor thread, or by the next call that uses the stash, if that comes
    /// first. A failure is logged. With [`Duration::ZERO`] the result expires at once, with [`Duration::MAX`] never.
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
        // A refused job has no reactor, and needs no timer: there is nothing to cancel. In a forked child the reactor is
        // the parent's.
        let reactor = self.reactor().filter(|_| fork::forked_from().is_none());
        let timer = end.zip(reactor).map(|(end, reactor)| {
            eventual::spawn_internal(reactor, Location::caller(), move || async move {
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
/// `T` and `E` must be those of the stashed [`EventualResult`]; where the compiler cannot infer them, name
/// them: `retrieve_result::<Page, io::Error>(id)`.
///
/// # Errors
///
/// [`RetrieveError::Unknown`] if no result is stashed under that id: each can be retrieved once. In a forked child
/// there are none. [`RetrieveError::WrongType`] if the types differ; the result stays in the stash.
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

/// Logs the stashed failures of the jobs of a reactor that has stopped. The entries stay in the stash, but while they are
/// being logged, their ids are `Unknown`. An id that [`stash_as`](EventualResult::stash_as) takes meanwhile
/// keeps its new result.
fn log_failures(reactor: u64) {
    let theirs = lock(&STORE).take_unseen_failures(reactor);
    for (_, entry) in &theirs {
        entry.result.log_failure();
    }
    let replaced: Vec<Entry> = {
        let mut store = lock(&STORE);
        theirs.into_iter().filter_map(|(id, entry)| store.insert_if_free(id, entry)).collect()
    };
    drop(replaced);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_shown_and_not_otherwise() {
        let id = ResultId(0x00ff);
        assert_eq!(id.to_string(), "000000000000000000000000000000ff");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().to_uppercase().parse(), Ok(id));
        for wrong in
            ["", "ff", "+00000000000000000000000000000ff", "0x0000000000000000000000000000ff"]
        {
            assert_eq!(wrong.parse::<ResultId>(), Err(ParseResultIdError(())), "{wrong}");
        }
        assert_eq!("é".repeat(16).parse::<ResultId>(), Err(ParseResultIdError(())));
    }

    #[test]
    fn ids_differ() {
        let ids: std::collections::HashSet<_> = (0..1000).map(|_| ResultId::random()).collect();
        assert_eq!(ids.len(), 1000);
    }
}
