//! A blocking API for your async crate: from nothing to `mylib::blocking` in ten minutes.
//!
//! Your crate is async, and its users ask for a blocking API. The attribute
//! [`#[crochet::blocking]`](macro@crate::blocking) makes one from each `impl` of the async API.
//! Your async code is not changed and compiled once, the two APIs can be used side by side, and a
//! fix in one is a fix in the other.
//!
//! The examples on this page build one crate, `mylib`. The program `examples/twin.rs` contains such
//! a crate in full: a client for Redis with a connection, a pipeline and a subscription.
//!
//! # 1. The module
//!
//! Write a struct for each type that users of the blocking API hold, with the async value in its
//! first field. The structs are yours: give them the documentation, the derives and the trait
//! implementations that they need.
//!
//! ```
//! # pub struct Client;
//! # pub struct Session;
//! /// The same API, for programs that are not async.
//! pub mod blocking {
//!     /// A client that blocks.
//!     pub struct Client(pub(crate) super::Client);
//!
//!     /// A session that blocks.
//!     pub struct Session(pub(crate) super::Session);
//! }
//! # fn main() {
//! #     let blocking::Session(Session) = blocking::Session(Session);
//! #     let blocking::Client(Client) = blocking::Client(Client);
//! # }
//! ```
//!
//! A type without async functions needs no twin. Users of both APIs can share it.
//!
//! # 2. The attributes
//!
//! One attribute on each `impl` with public functions. `types` lists the other types that have
//! twins.
//!
//! ```
//! use futures_lite::{Stream, stream};
//! use std::io;
//!
//! # #[derive(Clone, Debug)]
//! # pub struct Client { address: String }
//! # pub struct Session(String);
//! # pub mod blocking {
//! #     pub struct Client(pub(crate) super::Client);
//! #     pub struct Session(pub(crate) super::Session);
//! # }
//! #[crochet::blocking(as = blocking::Client, timeout = 30.0, types(Session as blocking::Session))]
//! impl Client {
//!     /// Connects to a server.
//!     pub async fn connect(address: &str) -> io::Result<Self> {
//! #       Ok(Self { address: address.to_owned() })
//!         // ..
//!     }
//!
//!     /// Opens a session.
//!     pub async fn open(&self, name: &str) -> io::Result<Session> {
//! #       Ok(Session(name.to_owned()))
//!         // ..
//!     }
//! }
//!
//! #[crochet::blocking(as = blocking::Session, timeout = 30.0)]
//! impl Session {
//!     /// Counts the rows.
//!     pub async fn rows(&self) -> usize {
//! #       self.0.len()
//!         // ..
//!     }
//!
//!     /// Follows the work.
//!     pub fn stitches(&self) -> impl Stream<Item = io::Result<char>> + Send + '_ {
//! #       stream::iter(self.0.chars().map(Ok))
//!         // ..
//!     }
//! }
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let session = blocking::Client::connect("localhost")?.open("purl")?;
//!     assert_eq!(session.rows()?, 4);
//!     let stitches: String = session.stitches().collect::<io::Result<_>>()?;
//!     assert_eq!(stitches, "purl");
//!     Ok(())
//! }
//! ```
//!
//! The compiler names each function that has no blocking form, and says what to write. Mostly that
//! is `#[blocking(skip)]` above the function, and a function by hand where the blocking API needs
//! one:
//!
//! ```
//! # pub struct Session;
//! # pub struct Client { session: Session }
//! # pub struct BlockingClient(Client);
//! # pub struct BlockingSession<'a>(&'a Session);
//! #[crochet::blocking(as = BlockingClient, timeout = 30.0)]
//! impl Client {
//!     /// Borrows the session.
//!     #[blocking(skip)]
//!     pub fn session(&self) -> &Session {
//!         &self.session
//!     }
//! }
//!
//! impl BlockingClient {
//!     /// Borrows the session.
//!     pub fn session(&self) -> BlockingSession<'_> {
//!         BlockingSession(self.0.session())
//!     }
//! }
//! # let client = BlockingClient(Client { session: Session });
//! # let BlockingSession(Session) = client.session();
//! # assert!(std::ptr::eq(client.session().0, &client.0.session));
//! ```
//!
//! Private functions are not in the twin, nor are `pub(crate)` ones that you skip. An `async fn`
//! may go on to call other `async fn`s of its `impl`; there is only one version of each.
//!
//! # 3. The feature
//!
//! Most crates put their blocking API behind a feature. In `Cargo.toml`:
//!
//! ```toml
//! [features]
//! blocking = ["dep:crochet-rs"]
//!
//! [dependencies]
//! crochet-rs = { version = "0.1", optional = true }
//! ```
//!
//! In the code, `#[cfg(feature = "blocking")]` goes on the module, and `cfg_attr` around each
//! attribute, that of a single function included:
//!
//! ```
//! # #![expect(unexpected_cfgs, reason = "the feature is that of a library")]
//! # fn main() {
//! # pub struct Client;
//! #[cfg_attr(feature = "blocking", crochet::blocking(as = blocking::Client, timeout = 30.0))]
//! impl Client {
//!     #[cfg_attr(feature = "blocking", blocking(skip))]
//!     pub fn raw(&self) -> &Self {
//!         self
//!     }
//! }
//! # assert!(std::ptr::eq(Client.raw(), &Client));
//! # }
//! ```
//!
//! With the feature off, this crate is not even downloaded. If your crate is built on tokio, ask
//! for this crate's feature `tokio` ([more about that](crate::guide::tokio)).
//!
//! # 4. Errors
//!
//! A blocking call can fail in ways that the async one cannot: most of all, it can be late. Choose
//! one of four ways, for the whole `impl` or for one function:
//!
//! | your error type | write | users get |
//! |---|---|---|
//! | is yours | `impl From<crochet::Error> for MyError` | `MyError` |
//! | is `io::Error`, `anyhow::Error` or `Box<dyn Error + Send + Sync>` | nothing | that; a timeout is [`TimedOut`](std::io::ErrorKind::TimedOut) |
//! | is yours, and you do not want the `From` in its API | `error = MyError::from_crochet` | `MyError` |
//! | is another crate's | `error = wrap` | [`crochet::Error<E>`](crate::Error) |
//!
//! The first keeps this crate out of your public API if the variant that it makes holds, for
//! example, an `io::Error`: `MyError::Io(error.into())`. But the `impl` itself is public, so that
//! leaving this crate later is a breaking change; with the third way it is not.
//!
//! A function that returns no `Result` returns `Result<T, crochet::Error>` in the twin.
//!
//! # 5. Timeouts
//!
//! `timeout = 30.0` is a fixed bound for each call: for a stream, for each item. `timeout` on one
//! function overrides it. For a timeout that the user sets, give the twin a second field:
//!
//! ```
//! use std::{future, io, time::Duration};
//!
//! pub struct Client;
//!
//! pub mod blocking {
//!     use std::time::Duration;
//!
//!     /// A client that blocks.
//!     pub struct Client(pub(crate) super::Client, pub(crate) Duration);
//!
//!     impl Client {
//!         pub(crate) fn new(client: super::Client) -> Self {
//!             Self(client, Duration::from_secs(30))
//!         }
//!
//!         /// Sets for how long each call waits at most.
//!         pub fn set_timeout(&mut self, timeout: Duration) {
//!             self.1 = timeout;
//!         }
//!     }
//! }
//!
//! #[crochet::blocking(as = blocking::Client, make = blocking::Client::new, timeout = self.1)]
//! impl Client {
//!     #[blocking(timeout = 30.0)] // there is no `self` yet
//!     pub async fn connect() -> io::Result<Self> {
//!         Ok(Self)
//!     }
//!
//!     pub async fn ask(&self) -> io::Result<String> {
//!         future::pending().await // the server is down
//!     }
//! }
//!
//! # fn main() -> io::Result<()> {
//! let mut client = blocking::Client::connect()?;
//! client.set_timeout(Duration::from_millis(10));
//! assert_eq!(client.ask().unwrap_err().kind(), io::ErrorKind::TimedOut);
//! # Ok(())
//! # }
//! ```
//!
//! A call that is late drops its future. What that does to a connection is for your async code to
//! say, as with any timeout: a protocol without request numbers has to give the connection up, or
//! the next call gets the answer of the last one.
//!
//! # 6. Values that need a runtime when they are dropped
//!
//! With tokio, some types start a task in their `Drop`, and panic outside of the runtime: pooled
//! connections, transactions. Wrap the twin's first field:
//! `Client(pub(crate) crochet::Held<super::Client>)`. Nothing else changes. A function that is not
//! async and needs the runtime (it calls `tokio::spawn`) is passed on as it is: skip it, and call
//! it in [`in_context`](crate::in_context) by hand.
//!
//! # 7. Documentation
//!
//! Each function of the twin has the documentation of the original without its section
//! `# Examples`, which has `.await`s in it, and with a link to the original. Links to `Self::name`
//! lead to the twin's function, or to the original where the twin has none. Write one example for
//! the module `blocking`, and one for each of its structs.
//!
//! # 8. Tests
//!
//! The twin has no logic of its own, so the tests of your async API cover it. Two more pay off: one
//! that uses the blocking API against a real server, from `connect` to the last drop, and, if you
//! have the feature, `cargo check --no-default-features` in your CI.
//!
//! # 9. Versions
//!
//! The twin's signatures follow from the async ones, and so does its semantic versioning. These
//! changes of the async API break users of the blocking one only, so look out for them:
//!
//! - A function becomes async: the twin's returns a `Result` now, if it did not before.
//! - A function that returned no `Result` returns one: the twin's error type changes.
//! - A type becomes a twin: blocking functions return `blocking::Session` instead of `Session`.
//! - `#[blocking(skip)]` is added.
//!
//! A new timeout is a change of behaviour: mention it in the changelog.
//!
//! # What it costs
//!
//! A call costs what [`wait_for`](crate::wait_for()) costs, the hop to the reactor thread and back.
//! To compile, the attribute is as cheap as functions written by hand: for an `impl` of 50
//! functions `cargo check` took 30 ms more than without the twin, as it did with a twin by hand;
//! `cargo build` took 0.7 s more, to generate code for 40 async functions that nothing ran before,
//! and 0.04 s of these were due to the attribute.
//!
//! # What it cannot do
//!
//! - Futures have to be `Send`. For others there is [`InReactor`](crate::InReactor).
//! - It sees names, not types: an alias `Outcome<T>` of `Result` is a value to it, so name yours
//!   `MyResult<T>`; a type that is listed in `types` as `Session` is not recognised as
//!   `crate::Session`.
//! - Callbacks are called on the reactor thread, and must not block there.
