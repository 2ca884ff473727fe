//! The store of the stashed results, and what becomes of those that no caller retrieves.

use std::any::Any;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::convert::Infallible;
use std::sync::{LazyLock, Mutex};
use std::time::Instant;

use crate::caller::eventual::EventualResult;
use crate::caller::stash::id::ResultId;
use crate::panic::catch;
use crate::sync::lock;

/// An `EventualResult` without its types.
pub(super) trait Stashed: Any + Send {
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

pub(super) struct Entry {
    pub(super) result: Box<dyn Stashed>,
    /// When the entry expires; `None` is never.
    pub(super) end: Option<Instant>,
    /// The job that removes the entry at its `end`.
    pub(super) timer: Option<EventualResult<(), Infallible>>,
}

impl Entry {
    /// Cancels the job and drops the result. Catches the panic of a `Drop`, which must reach
    /// neither the caller that happens to use the stash now, nor the next expired entry.
    pub(super) fn expire(self) {
        let _ = catch(|| {
            self.result.cancel();
            drop(self.result);
        });
    }
}

/// How many ends of entries that are gone the store keeps before it counts them.
const STALE: usize = 64;

#[derive(Default)]
pub(super) struct Store {
    pub(super) entries: HashMap<ResultId, Entry>,
    /// The ends of the entries, soonest first; and of some that are gone, as many as there are
    /// entries at most, but for [`STALE`].
    ends: BinaryHeap<Reverse<(Instant, ResultId)>>,
}

/// LOCKING: held to move entries in and out, never while one is dropped, logged or otherwise used.
pub(super) static STORE: LazyLock<Mutex<Store>> = LazyLock::new(Mutex::default);

impl Store {
    pub(super) fn insert(&mut self, id: ResultId, entry: Entry) {
        if let Some(end) = entry.end {
            self.ends.push(Reverse((end, id)));
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

    pub(super) fn remove(&mut self, id: ResultId) -> Option<Entry> {
        let entry = self.entries.remove(&id)?;
        if entry.end.is_some() && self.ends.len() > 2 * self.entries.len() + STALE {
            let entries = &self.entries;
            self.ends.retain(|Reverse((end, id))| ends_at(entries, *id, *end));
            self.ends.shrink_to(2 * self.ends.len());
        }
        // Frees the memory of a storm when most of it is over. The map shrinks to a half, so at
        // least as many entries come or go before its next change.
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

    /// Takes the expired entries out. Called by each function that uses the stash, too, because the
    /// timer of an entry ends with its reactor.
    pub(super) fn take_expired(&mut self) -> Vec<Entry> {
        let now = Instant::now();
        let mut expired = Vec::new();
        while let Some(&Reverse((end, id))) = self.ends.peek() {
            if end > now {
                break;
            }
            self.ends.pop();
            // The id may have been retrieved, and may be in use again.
            if ends_at(&self.entries, id, end) {
                expired.extend(self.remove(id));
            }
        }
        expired
    }
}

/// Whether there is such an entry.
fn ends_at(entries: &HashMap<ResultId, Entry>, id: ResultId, end: Instant) -> bool {
    entries.get(&id).is_some_and(|entry| entry.end == Some(end))
}

/// Logs the stashed failures of the jobs of a reactor that has stopped. The entries stay in the
/// stash, but while they are being logged, their ids are `Unknown`. An id that
/// [`stash_as`](EventualResult::stash_as) takes meanwhile keeps its new result.
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
    use std::time::Duration;

    use super::*;

    struct Nothing;

    impl Stashed for Nothing {
        fn as_any(&self) -> &dyn Any {
            self
        }

        fn into_any(self: Box<Self>) -> Box<dyn Any> {
            self
        }

        fn log_failures_before_end(&self) {}

        fn belongs_to(&self, _reactor: u64) -> bool {
            false
        }

        fn see_unseen_failure(&self) -> bool {
            false
        }

        fn log_failure(&self) {}

        fn cancel(&self) {}
    }

    fn entry(end: Option<Instant>) -> Entry {
        Entry { result: Box::new(Nothing), end, timer: None }
    }

    #[test]
    fn what_is_removed_before_its_end_is_forgotten_in_the_end() {
        let mut store = Store::default();
        let later = Instant::now() + Duration::from_secs(3600);
        let kept: Vec<_> = (0..10).map(|_| ResultId::random()).collect();
        kept.iter().for_each(|&id| store.insert(id, entry(Some(later))));
        for _ in 0..1000 {
            let id = ResultId::random();
            store.insert(id, entry(Some(later)));
            assert!(store.remove(id).is_some());
            assert!(store.ends.len() <= 2 * store.entries.len() + STALE + 1);
        }
        assert!(kept.iter().all(|&id| store.ends.iter().any(|end| end.0.1 == id)));
    }

    #[test]
    fn an_id_in_use_again_outlives_the_end_it_had_before() {
        let mut store = Store::default();
        let (id, expired) = (ResultId::random(), Instant::now());
        store.insert(id, entry(Some(expired)));
        assert!(store.remove(id).is_some());
        store.insert(id, entry(None));
        assert!(store.take_expired().is_empty());
        assert!(store.entries.contains_key(&id));
        assert_eq!(store.ends.len(), 0);
        // And once more with an end: the entry expires once.
        assert!(store.remove(id).is_some());
        store.insert(id, entry(Some(expired)));
        let again = store.remove(id).unwrap();
        store.insert(id, again);
        assert_eq!(store.take_expired().len(), 1);
    }
}
