//! The same client's blocking form, written by hand over `wait_for`, as one would without the attribute.

use std::io;
use std::time::Duration;

use crochet::{MergeErrors, wait_for};
use futures_lite::Stream;

use crate::client;

const TIMEOUT: Duration = Duration::from_secs(5);

/// A client that blocks.
#[derive(Clone, Debug)]
pub(crate) struct Client(client::Client);

/// A change of several keys, which blocks.
#[derive(Debug)]
pub(crate) struct Transaction(client::Transaction);

impl Client {
    /// Connects to a server.
    pub(crate) fn connect(address: &str) -> io::Result<Self> {
        wait_for(TIMEOUT, client::Client::connect(address)).map(Self)
    }

    /// The server's address.
    pub(crate) fn address(&self) -> &str {
        self.0.address()
    }

    /// Looks up a key.
    pub(crate) fn get(&self, key: &str) -> io::Result<Option<String>> {
        wait_for(TIMEOUT, self.0.get(key))
    }

    /// Looks up several keys.
    pub(crate) fn get_all(&self, keys: &[&str]) -> io::Result<Vec<Option<String>>> {
        wait_for(TIMEOUT, self.0.get_all(keys))
    }

    /// Gives a key a value.
    pub(crate) fn set(&self, key: &str, value: &str) -> io::Result<()> {
        wait_for(TIMEOUT, self.0.set(key, value))
    }

    /// Gives a key a value, and returns the one that it had.
    pub(crate) fn swap(&self, key: &str, value: &str) -> io::Result<Option<String>> {
        wait_for(TIMEOUT, self.0.swap(key, value))
    }

    /// Removes a key, and tells whether it was there.
    pub(crate) fn remove(&self, key: &str) -> io::Result<bool> {
        wait_for(TIMEOUT, self.0.remove(key))
    }

    /// Tells whether a key is there.
    pub(crate) fn contains(&self, key: &str) -> io::Result<bool> {
        wait_for(TIMEOUT, self.0.contains(key))
    }

    /// Gives a key another name.
    pub(crate) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        wait_for(TIMEOUT, self.0.rename(from, to))
    }

    /// Adds to a number; one that is not there is 0.
    pub(crate) fn add(&self, key: &str, amount: i64) -> io::Result<i64> {
        wait_for(TIMEOUT, self.0.add(key, amount))
    }

    /// How many keys there are.
    pub(crate) fn len(&self) -> Result<usize, crochet::Error> {
        wait_for(TIMEOUT, async { Ok(self.0.len().await) })
    }

    /// Removes all keys.
    pub(crate) fn clear(&self) -> io::Result<()> {
        wait_for(TIMEOUT, self.0.clear())
    }

    /// All keys with a prefix.
    pub(crate) fn keys(
        &self,
        prefix: &str,
    ) -> MergeErrors<impl Stream<Item = io::Result<String>> + Send + use<>> {
        crochet::iter(self.0.keys(prefix)).timeout(TIMEOUT).merge_errors()
    }

    /// Waits until a key has a value.
    pub(crate) fn watch(&self, key: &str) -> io::Result<String> {
        wait_for(Duration::from_secs(1), self.0.watch(key))
    }

    /// Starts to collect changes.
    pub(crate) fn transaction(&self) -> Transaction {
        Transaction(self.0.transaction())
    }
}

impl Transaction {
    /// Gives a key a value, with the others.
    pub(crate) fn set(&mut self, key: &str, value: &str) {
        self.0.set(key, value);
    }

    /// Makes the changes.
    pub(crate) fn commit(self) -> io::Result<usize> {
        wait_for(TIMEOUT, self.0.commit())
    }
}
