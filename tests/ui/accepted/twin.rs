//! A library that is strict with itself has no warnings, and with its feature off no trace of the
//! crate.

#![forbid(unused, dead_code, deprecated, unsafe_code, unreachable_pub, missing_docs, rustdoc::all)]
#![deny(warnings, unused_qualifications)]

use std::io;

/// A client.
#[derive(Debug)]
pub struct Client;

/// The same, blocking.
pub mod blocking {
    /// A client that blocks.
    #[derive(Debug)]
    pub struct Client(pub(crate) super::Client);
}

#[crochet::blocking(as = blocking::Client, timeout = 60.0)]
impl Client {
    /// Connects.
    pub async fn connect() -> io::Result<Self> {
        Ok(Self)
    }

    /// Counts.
    pub async fn count(&self) -> usize {
        1
    }
}

#[cfg_attr(any(), crochet::blocking(as = blocking::Client, timeout = 60.0))]
impl Client {
    /// Is not in the twin.
    #[cfg_attr(any(), blocking(skip))]
    pub async fn raw(&self) -> &Self {
        self
    }
}

fn main() {
    let client = blocking::Client::connect().expect("it connects");
    assert_eq!(client.count().expect("it counts"), 1);
    drop(client.0.raw());
}
