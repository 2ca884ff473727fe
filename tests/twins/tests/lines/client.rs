//! An async client with 15 methods, of a made-up protocol: it knows how to be written, not how to do much.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use futures_lite::{Stream, StreamExt, future, stream};

/// What the server would have.
type Store = Arc<Mutex<BTreeMap<String, String>>>;

/// A client of a store.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    address: String,
    store: Store,
}

/// A change of several keys.
#[derive(Debug)]
pub(crate) struct Transaction {
    store: Store,
    changes: Vec<(String, String)>,
}

impl Client {
    fn locked<R>(&self, f: impl FnOnce(&mut BTreeMap<String, String>) -> R) -> R {
        f(&mut self.store.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

// begin: twin
/// Blocking.
pub(crate) mod blocking {
    /// A client that blocks.
    #[derive(Clone, Debug)]
    pub(crate) struct Client(pub(crate) super::Client);

    /// A change of several keys, which blocks.
    #[derive(Debug)]
    pub(crate) struct Transaction(pub(crate) super::Transaction);
}
// end: twin

#[crochet::blocking(as = blocking::Client, timeout = 5.0, types(Transaction as blocking::Transaction))] // twin
impl Client {
    /// Connects to a server.
    pub(crate) async fn connect(address: &str) -> io::Result<Self> {
        future::yield_now().await;
        Ok(Self { address: address.to_owned(), store: Store::default() })
    }

    /// The server's address.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Looks up a key.
    pub(crate) async fn get(&self, key: &str) -> io::Result<Option<String>> {
        future::yield_now().await;
        Ok(self.locked(|store| store.get(key).cloned()))
    }

    /// Looks up several keys.
    pub(crate) async fn get_all(&self, keys: &[&str]) -> io::Result<Vec<Option<String>>> {
        future::yield_now().await;
        Ok(self.locked(|store| keys.iter().map(|key| store.get(*key).cloned()).collect()))
    }

    /// Gives a key a value.
    pub(crate) async fn set(&self, key: &str, value: &str) -> io::Result<()> {
        self.swap(key, value).await.map(drop)
    }

    /// Gives a key a value, and returns the one that it had.
    pub(crate) async fn swap(&self, key: &str, value: &str) -> io::Result<Option<String>> {
        future::yield_now().await;
        Ok(self.locked(|store| store.insert(key.to_owned(), value.to_owned())))
    }

    /// Removes a key, and tells whether it was there.
    pub(crate) async fn remove(&self, key: &str) -> io::Result<bool> {
        future::yield_now().await;
        Ok(self.locked(|store| store.remove(key).is_some()))
    }

    /// Tells whether a key is there.
    pub(crate) async fn contains(&self, key: &str) -> io::Result<bool> {
        self.get(key).await.map(|value| value.is_some())
    }

    /// Gives a key another name.
    pub(crate) async fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let value = self.get(from).await?.ok_or(io::ErrorKind::NotFound)?;
        self.remove(from).await?;
        self.set(to, &value).await
    }

    /// Adds to a number; one that is not there is 0.
    pub(crate) async fn add(&self, key: &str, amount: i64) -> io::Result<i64> {
        let number = self.get(key).await?.unwrap_or_else(|| "0".to_owned());
        let sum = number.parse::<i64>().map_err(io::Error::other)? + amount;
        self.set(key, &sum.to_string()).await?;
        Ok(sum)
    }

    /// How many keys there are.
    pub(crate) async fn len(&self) -> usize {
        future::yield_now().await;
        self.locked(|store| store.len())
    }

    /// Removes all keys.
    pub(crate) async fn clear(&self) -> io::Result<()> {
        future::yield_now().await;
        self.locked(BTreeMap::clear);
        Ok(())
    }

    /// All keys with a prefix.
    pub(crate) fn keys(
        &self,
        prefix: &str,
    ) -> impl Stream<Item = io::Result<String>> + Send + use<> {
        let keys: Vec<_> = self.locked(|store| store.keys().cloned().collect());
        let prefix = prefix.to_owned();
        stream::iter(keys).filter(move |key| key.starts_with(&prefix)).map(Ok)
    }

    /// Waits until a key has a value.
    #[blocking(timeout = 1.0)] // twin
    pub(crate) async fn watch(&self, key: &str) -> io::Result<String> {
        match self.get(key).await? {
            Some(value) => Ok(value),
            // There are no other clients of this store that could change it.
            None => future::pending().await,
        }
    }

    /// Starts to collect changes.
    pub(crate) fn transaction(&self) -> Transaction {
        Transaction { store: Arc::clone(&self.store), changes: Vec::new() }
    }
}

#[crochet::blocking(as = blocking::Transaction, timeout = 5.0)] // twin
impl Transaction {
    /// Gives a key a value, with the others.
    pub(crate) fn set(&mut self, key: &str, value: &str) {
        self.changes.push((key.to_owned(), value.to_owned()));
    }

    /// Makes the changes.
    pub(crate) async fn commit(self) -> io::Result<usize> {
        future::yield_now().await;
        let count = self.changes.len();
        self.store.lock().unwrap_or_else(PoisonError::into_inner).extend(self.changes);
        Ok(count)
    }
}
