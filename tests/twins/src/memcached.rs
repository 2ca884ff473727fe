//! `memcache-async`, which works over the connections of any runtime.

use std::collections::HashMap;
use std::fmt::{self, Display};
use std::io;

use futures_lite::{AsyncRead, AsyncWrite};
use memcache_async::ascii::Protocol;

/// A cache, over a connection to it.
pub struct Cache<S>(Protocol<S>);

/// The same, for programs that are not async.
pub mod blocking {
    use crochet::Held;

    /// A cache that blocks. The connection may be of tokio's, so it is dropped in its context.
    #[derive(Debug)]
    pub struct Cache<S>(pub(super) Held<super::Cache<S>>);
}

impl<S> fmt::Debug for Cache<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").finish_non_exhaustive()
    }
}

#[crochet::blocking(as = blocking::Cache<S>, timeout = 10.0)]
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Cache<S> {
    /// Speaks to a cache over a connection.
    pub fn new(connection: S) -> Self {
        Self(Protocol::new(connection))
    }

    /// The value of a key; one that is not there is an error of the kind `NotFound`.
    pub async fn get<K: AsRef<[u8]> + Send>(&mut self, key: K) -> io::Result<Vec<u8>> {
        self.0.get(key).await
    }

    /// The values of those of the keys that are there.
    pub async fn get_multi<K: AsRef<[u8]> + Sync>(
        &mut self,
        keys: &[K],
    ) -> io::Result<HashMap<String, Vec<u8>>> {
        self.0.get_multi(keys).await
    }

    /// Gives a key a value, for some seconds; 0: for ever.
    pub async fn set<K: Display + Send>(
        &mut self,
        key: K,
        value: &[u8],
        expiration: u32,
    ) -> io::Result<()> {
        self.0.set(key, value, expiration).await
    }

    /// Removes a key.
    pub async fn delete<K: Display + Send>(&mut self, key: K) -> io::Result<()> {
        self.0.delete(key).await
    }

    /// Adds to a number.
    pub async fn increment<K: AsRef<[u8]> + Send>(
        &mut self,
        key: K,
        amount: u64,
    ) -> io::Result<u64> {
        self.0.increment(key, amount).await
    }

    /// The server's version.
    pub async fn version(&mut self) -> io::Result<String> {
        self.0.version().await
    }
}
