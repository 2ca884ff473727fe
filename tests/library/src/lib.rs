//! An async library of edition 2021, with a module `blocking` behind a feature. With the feature
//! off there is no trace of crochet in it:
//! `cargo test -p crochet-library-tests --no-default-features`.
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, rustdoc::all)]

use std::future::Future;
use std::io;

use futures_lite::{stream, AsyncRead, Stream, StreamExt};

/// A client. See [`Client::names`].
#[derive(Clone, Debug)]
pub struct Client {
    name: String,
}

/// The same, for programs that are not async.
#[cfg(feature = "blocking")]
pub mod blocking {
    /// A client that blocks.
    #[derive(Clone, Debug)]
    pub struct Client(pub(crate) super::Client);
}

#[cfg_attr(
    feature = "blocking",
    knitwear::blocking(as = blocking::Client, timeout = 5.0, crate = knitwear)
)]
impl Client {
    /// Connects. See [`Self::names`], [`Self::raw`], [`Client::late`] and [`io::Error`].
    ///
    /// # Examples
    ///
    /// ```
    /// let _ = async { crochet_library_tests::Client::connect("name").await };
    /// ```
    pub async fn connect(name: &str) -> io::Result<Self> {
        Ok(Self { name: name.to_owned() })
    }

    /// Lists its letters, each with a prefix.
    pub async fn names<'a>(
        &'a self,
        prefix: &'a str,
    ) -> io::Result<impl Stream<Item = io::Result<String>> + Send + 'a> {
        Ok(stream::iter(self.name.chars()).then(move |c| async move { Ok(format!("{prefix}{c}")) }))
    }

    /// Lists its letters.
    pub async fn chars(&self) -> impl Stream<Item = char> + Send + '_ {
        stream::iter(self.name.chars())
    }

    /// Lists its letters, and borrows nothing: so it is in this edition.
    pub fn owned(&self) -> impl Stream<Item = char> + Send {
        stream::iter(self.name.chars().collect::<Vec<_>>())
    }

    /// Lists its letters, at once.
    pub fn borrowed(&self) -> impl Stream<Item = char> + Send + '_ {
        stream::iter(self.name.chars())
    }

    /// Reads its name.
    pub async fn body(&self) -> io::Result<impl AsyncRead + Send + Unpin + use<'_>> {
        Ok(self.name.as_bytes())
    }

    /// Lists its letters and those of something else.
    pub async fn generic<T: ToString + Send + Sync>(
        &self,
        from: &T,
    ) -> io::Result<impl Iterator<Item = char>> {
        Ok(format!("{}{}", self.name, from.to_string()).chars().collect::<Vec<_>>().into_iter())
    }

    /// Counts its letters.
    pub fn late(&self) -> impl Future<Output = io::Result<usize>> + Send + '_ {
        let len = self.name.len();
        async move { Ok(len) }
    }

    /// Is not in the twin.
    #[cfg_attr(feature = "blocking", blocking(skip))]
    pub async fn raw(&self) -> &Self {
        self
    }
}

/// A store.
#[cfg_attr(feature = "blocking", knitwear::blocking(as = BlockingStore, timeout = 5.0, crate = knitwear))]
pub trait Store {
    /// Looks up a key. See [`Self::keys`].
    fn get(&self, key: &str) -> impl Future<Output = io::Result<String>> + Send;
    /// Lists the keys.
    fn keys(&self) -> impl Stream<Item = io::Result<String>> + Send;
}
