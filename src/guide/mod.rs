//! How to build a library on this crate, in three habits; and pages on
//!
//! - [which function is for what](which);
//! - [applications with an executor of their own, shutdown, and deadlocks](shutdown);
//! - [waits that Ctrl-C or a host program can interrupt](ffi);
//! - [a blocking API for a whole async crate](twins);
//! - [errors]: those of other crates, `anyhow`, and how to find a timeout again;
//! - [libraries that need tokio](tokio);
//! - [recipes]: what the users of reqwest, sqlx, redis, MQTT, D-Bus and others do first;
//! - [what it cannot do](limits): fork, jobs that compute, `panic = "abort"`, Windows;
//! - [how it compares](comparison) with async/await, tokio, smol, pollster, `reqwest::blocking`,
//!   and with macros that make a blocking API of an async one;
//! - [what each name of Python's Crochet is called here](python).
//!
//! # Hide the reactor
//!
//! A program that uses your library does one thing after the other. Three layers lie between that
//! program and the network:
//!
//! 1. **Async code**, yours and that of other libraries. It runs on the reactor thread only.
//! 2. **Functions with an attribute**,
//!    [`#[wait_for]`](macro@crate::wait_for) or [`#[run_in_reactor]`](macro@crate::run_in_reactor):
//!    the body runs on the reactor thread, and the caller is on a thread of the program.
//! 3. **The program**, which calls functions that block.
//!
//! If you stop there, the program sees an [`EventualResult`](crate::EventualResult) wherever you
//! used `#[run_in_reactor]`, or an object that only works on the reactor thread. Keep these in a
//! private field instead, and hand out plain methods, plain values, and errors that have nothing to
//! do with this crate: `io::Error`, or an error type of your own. Your users then see an ordinary
//! synchronous library. An [`InReactor`](crate::InReactor) holds an object that only works on the
//! reactor thread; the program `examples/dictionary.rs` has one.
//!
//! ```
//! use crochet::{Eventual, EventualResult, run_in_reactor};
//! use std::{io, time::Duration};
//!
//! /// A page that is being downloaded.
//! pub struct Download {
//!     page: EventualResult<String, io::Error>, // private
//! }
//!
//! impl Download {
//!     /// Starts to download a page, and returns at once.
//!     pub fn start(url: &str) -> Self {
//!         Self { page: fetch(url.to_owned()) }
//!     }
//!
//!     /// Waits for the page.
//!     pub fn page(self, timeout: Duration) -> io::Result<String> {
//!         self.page.join(timeout)
//!     }
//! }
//!
//! #[run_in_reactor]
//! async fn fetch(url: String) -> io::Result<String> {
//!     // Anything async.
//! #   Ok(format!("the page at {url}"))
//! }
//!
//! # fn main() -> io::Result<()> {
//! let page = Download::start("http://localhost").page(Duration::from_secs(60))?;
//! assert_eq!(page, "the page at http://localhost");
//! # Ok(())
//! # }
//! ```
//!
//! The program `examples/drop_in.rs` contains a whole client library of this kind, with a timeout
//! for each client.
//!
//! # Keep decorated code small
//!
//! A function with an attribute belongs to two worlds: it is written for one thread and called from
//! another. The less code it has, the better. Put what is async into plain `async fn`s, which know
//! nothing of this crate and can be awaited anywhere. Put what is neither async nor blocking
//! (parsing, checks) into plain functions. The function with the attribute is then the only line
//! between the two:
//!
//! ```
//! use crochet::wait_for;
//! use futures_lite::{AsyncBufRead, AsyncBufReadExt, io::BufReader};
//! use std::io;
//!
//! /// Async, and nothing else: tested with a slice instead of a socket.
//! async fn read_line(mut from: impl AsyncBufRead + Unpin) -> io::Result<String> {
//!     let mut line = String::new();
//!     from.read_line(&mut line).await?;
//!     Ok(line)
//! }
//!
//! /// Plain.
//! fn parse(line: &str) -> io::Result<u32> {
//!     line.trim_end().parse().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
//! }
//!
//! /// The line between the two.
//! #[wait_for(timeout = 5.0)]
//! async fn count(connection: &[u8]) -> io::Result<u32> {
//!     parse(&read_line(BufReader::new(connection)).await?)
//! }
//!
//! assert_eq!(count(b"42\r\n").unwrap(), 42);
//! assert_eq!(count(b"many\r\n").unwrap_err().kind(), io::ErrorKind::InvalidData);
//! ```
//!
//! # Test the original
//!
//! Each attribute keeps the function that you wrote beside the one that it makes: `count` blocks,
//! and `count_async` is the original. A unit test can await the original on any executor, or poll
//! it by hand: without the reactor, without threads, and without a timeout that fires on a busy
//! machine.
//!
//! ```
//! use crochet::wait_for;
//! use std::io;
//!
//! #[wait_for(timeout = 5.0)]
//! async fn add(x: u32, y: u32) -> io::Result<u32> {
//!     x.checked_add(y).ok_or_else(|| io::Error::other("overflow"))
//! }
//!
//! // #[test]
//! fn numbers_are_added() {
//!     let sum = async_io::block_on(add_async(1, 2)).unwrap();
//!     assert_eq!(sum, 3);
//! }
//! # numbers_are_added();
//! # assert_eq!(add(1, 2).unwrap(), 3);
//! ```
//!
//! The program `examples/testing.rs` has such a test. To choose the original's name and visibility,
//! write `wrapped = pub name`.
//!
//! What the blocking function promises (that it returns in time, that it closes its connection)
//! needs a reactor. Give each test of that a reactor of its own, with `reactor = ..`: the tests of
//! one process share the global reactor, and must neither stop it nor block its thread.
//!
//! ```
//! use crochet::{Reactor, wait_for};
//! use std::{future, io, time::Duration};
//!
//! struct Client {
//!     reactor: Reactor,
//! }
//!
//! impl Client {
//!     #[wait_for(timeout = timeout, reactor = &self.reactor)]
//!     async fn ask(&self, timeout: Duration) -> io::Result<String> {
//!         future::pending().await
//!     }
//! }
//!
//! // #[test]
//! fn a_silent_server_is_a_timeout() {
//!     let client = Client { reactor: Reactor::new().unwrap() };
//!     let error = client.ask(Duration::from_millis(10)).unwrap_err();
//!     assert_eq!(error.kind(), io::ErrorKind::TimedOut);
//! }
//! # a_silent_server_is_a_timeout();
//! ```

pub mod comparison;
pub mod errors;
pub mod ffi;
pub mod limits;
pub mod python;
pub mod recipes;
pub mod shutdown;
pub mod tokio;
pub mod twins;
pub mod which;
