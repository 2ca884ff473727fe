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
/// It cannot be guessed, so it can go into a cookie or a URL, and comes back by [`str::parse`].
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

    /// Reads exactly what `Display` writes; capital digits are taken, too.
    fn from_str(text: &str) -> Result<Self, ParseResultIdError> {
        // `from_str_radix` alone would take a sign and any length.
        if text.len() != 32 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(ParseResultIdError(()));
        }
        u128::from_str_radix(text, 16).map(Self).map_err(|_| ParseResultIdError(()))
    }
}

/// A text is no [`ResultId`].
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
    /// Nothing is stashed under this id: it was retrieved before, its time was over, or it was never
    /// there.
    Unknown,
    /// What is stashed under this id has other types. It stays stashed.
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
    /// Has its reactor log unseen failures in the stash before it ends.
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
    /// When the entry is over; `None` is never.
    end: Option<Instant>,
    /// The job that sees to it.
    timer: Option<EventualResult<(), Infallible>>,
}

impl Entry {
    /// Drops the result and its job: the time is over. A panic in that is no business of whoever comes
    /// by, nor of the next entry.
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

    fn remove(&mut self, id: ResultId) -> Option<Entry> {
        let entry = self.entries.remove(&id)?;
        if let Some(end) = entry.end {
            self.ends.remove(&(end, id));
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

    /// Takes out what is over. The timers of entries whose reactor has stopped are gone, so this is
    /// done whenever somebody comes by, too.
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
    /// Puts the result away, and returns the id to [retrieve](retrieve_result) it by, once. Never blocks.
    ///
    /// It stays there for as long as the process runs. A failure that is in there when its reactor is
    /// shut down is logged.
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

    /// Puts the result away for a time, and returns its id, as [`stash`](Self::stash) does. Never blocks.
    ///
    /// If it has not been retrieved when `ttl` has passed, the job is cancelled, and a result that there
    /// is by then is dropped: on the reactor thread, or on that of the next call which uses the stash, if
    /// that comes first. A failure in it is logged. [`Duration::ZERO`] is over at once, [`Duration::MAX`]
    /// is never.
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
        // A job that was refused has no reactor, and nothing to cancel in time. In a forked child the
        // reactor is the parent's.
        let reactor = self.reactor().filter(|_| fork::forked_from().is_none());
        let timer = end.zip(reactor).map(|(end, reactor)| {
            eventual::spawn(Ok(reactor), Location::caller(), move || async move {
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
    // A thread of the parent may have held the lock when this process was forked off.
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
/// The types are those of the stashed [`EventualResult`]; where they are not clear from what is done with
/// the result, name them: `retrieve_result::<Page, io::Error>(id)`.
///
/// # Errors
///
/// [`RetrieveError::Unknown`] if there is none by that id: each can be retrieved once. In a forked child
/// there are none. [`RetrieveError::WrongType`] if the types differ; the result stays.
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

/// Logs the failures that nobody has retrieved, of the jobs of a reactor that has stopped. They stay in
/// the store; for the time that they are being logged, they are `Unknown`.
fn log_failures(reactor: u64) {
    let theirs = lock(&STORE).take_unseen_failures(reactor);
    for (_, entry) in &theirs {
        entry.result.log_failure();
    }
    let mut store = lock(&STORE);
    for (id, entry) in theirs {
        store.insert(id, entry);
    }
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
