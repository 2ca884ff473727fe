//! How to put a library on top of this crate, in three habits; and pages on
//!
//! - [which function is for what](which);
//! - [applications with their own executor, shutdown, and deadlocks](shutdown);
//! - [waits that Ctrl-C or a host is to interrupt](ffi);
//! - [what it cannot do](limits): fork, jobs that compute, `panic = "abort"`, several versions;
//! - [how it compares](comparison) with async/await, tokio, smol, pollster and `reqwest::blocking`;
//! - [every name of Python's Crochet](python), and what it is here.
//!
//! # Hide the reactor
//!
//! A program that uses your library does one thing after the other. There are three layers between it and
//! the network:
//!
//! 1. **Async code**, yours and that of others. It is called on the reactor thread only.
//! 2. **Functions with an attribute**, [`#[wait_for]`](macro@crate::wait_for) or
//!    [`#[run_in_reactor]`](macro@crate::run_in_reactor): the body runs on the reactor thread, the caller is
//!    on a thread of the program.
//! 3. **The program**, which calls functions that block.
//!
//! Leave it at that, and the program gets to see an [`EventualResult`](crate::EventualResult) wherever you used
//! `#[run_in_reactor]`, or an object that only works on the reactor thread. So keep these in a private field,
//! and give out plain methods, plain values, and errors that have nothing to do with this crate: `io::Error`, or
//! an error type of your own. What the user sees is an ordinary synchronous library. An
//! [`InReactor`](crate::InReactor) holds an object that works on the reactor thread only; the example `dictionary`
//! has one.
//!
//! ```
//! use crochet::{Eventual, EventualResult, run_in_reactor};
//! use std::{io, time::Duration};
//!
//! /// A page that is on its way.
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
//! The example `drop_in` is a whole client library of this kind, with a timeout for each client.
//!
//! # Keep decorated code small
//!
//! What is inside a function with an attribute belongs to two worlds: written for one thread, called from
//! another. The less there is, the better. Put what is async into plain `async fn`s, which know nothing of
//! this crate and can be awaited by anyone. Put what is neither (parsing, checks, retries) into plain functions.
//! The function with the attribute is then the line between them:
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
//! Each attribute leaves the function that you wrote beside the one that it makes: `count` blocks, and
//! `count_async` is the original. A unit test can await that on any executor, or poll it by hand: without the
//! reactor, without threads, and without a timeout that strikes on a busy machine.
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
//! The example `testing` is the same in a program. For a name or a visibility of your own, there is
//! `wrapped = pub name`.
//!
//! What the blocking side promises (that it is back in time, that it drops its connection) needs a reactor. Let each such test
//! have its own, by `reactor = ..`: tests of one process share the global one, and must not stop it, nor hold it.
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
pub mod ffi;
pub mod limits;
pub mod python;
pub mod shutdown;
pub mod which;
