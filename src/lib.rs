//! Call async code from ordinary blocking Rust.
//!
//! The package is `crochet-rs`, and the library in it is `crochet`: `cargo add crochet-rs`, then
//! `use crochet::wait_for;`.
//!
//! A *reactor* is one thread that runs *jobs*; a job is one async computation, whose output is a
//! `Result`. Your threads hand jobs to the reactor and wait for the results, now or later. The
//! reactor starts with the first job, so there is nothing to set up.
//!
//! It is for
//!
//! - **synchronous programs** that need a bit of async networking: a timeout for a call that takes
//!   none, a hundred connections at once, a loop that runs in the background;
//! - **threaded web applications**, where one request starts something and a later one asks for the
//!   result;
//! - **libraries** that offer a blocking API over async internals;
//! - **code that is moving to async**: the inside is async already, and the callers need not
//!   change;
//! - **async applications** with threads that have to call back into them.
//!
//! # Now: `wait_for`
//!
//! The attribute [`#[wait_for]`](attr.wait_for.html) makes an `async fn` blocking: the body runs on
//! the reactor thread, and the caller waits for it, until the timeout at the latest.
//!
//! ```
//! # #[cfg(feature = "macros")]
//! # fn main() -> std::io::Result<()> {
//! use async_net::TcpStream;
//! use crochet::wait_for;
//! use futures_lite::{AsyncReadExt, AsyncWriteExt};
//! use std::{io, net::SocketAddr};
//!
//! /// Sends a text to a server, and returns what the server sends back.
//! #[wait_for(timeout = 5.0)]
//! async fn ask(server: SocketAddr, text: &str) -> io::Result<String> {
//!     let mut stream = TcpStream::connect(server).await?;
//!     stream.write_all(text.as_bytes()).await?;
//!     stream.close().await?; // there is no more to send
//!     let mut answer = String::new();
//!     stream.read_to_string(&mut answer).await?;
//!     Ok(answer)
//! }
//!
//! // No `async` from here on: `ask` is an ordinary function that blocks.
//! let server = start_echo_server()?; // a few lines of `std::net`, not shown
//! assert_eq!(ask(server, "knit one, purl one")?, "knit one, purl one");
//! # Ok(())
//! # }
//! # fn start_echo_server() -> std::io::Result<std::net::SocketAddr> {
//! #     let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
//! #     let address = listener.local_addr()?;
//! #     std::thread::spawn(move || {
//! #         let (stream, _) = listener.accept()?;
//! #         std::io::copy(&mut &stream, &mut &stream)
//! #     });
//! #     Ok(address)
//! # }
//! # #[cfg(not(feature = "macros"))]
//! # fn main() { let _ = start_echo_server(); }
//! ```
//!
//! The function [`wait_for()`] does the same for any future, and the future may borrow local
//! variables. When the time is up, the future is dropped, and the error says why there is no
//! result:
//!
//! ```
//! use async_io::Timer;
//! use std::{io, time::Duration};
//!
//! let mut rounds = 0;
//! let result: io::Result<()> = crochet::wait_for(Duration::from_millis(200), async {
//!     loop {
//!         rounds += 1; // borrowed from the caller
//!         Timer::after(Duration::from_millis(1)).await;
//!     }
//! });
//! assert!(rounds > 0);
//! let error = result.unwrap_err();
//! assert_eq!(error.kind(), io::ErrorKind::TimedOut);
//! assert!(error.to_string().starts_with("timed out after"), "{error}");
//! ```
//!
//! # Later: `run_in_reactor`
//!
//! [`run_in_reactor()`], or [the attribute](attr.run_in_reactor.html), starts a job and returns an
//! [`EventualResult`] at once. Any number of threads can wait for that, as often as they like; it
//! can also be polled, cancelled, awaited in async code, or put away under an id with
//! [`stash`](EventualResult::stash). A failure that the program never looks at is logged.
//! [`wait_all`] and [`wait_any`] wait for many results at once.
//!
//! ```
//! use crochet::{Error, run_in_reactor};
//! use std::{thread, time::Duration};
//!
//! let job = run_in_reactor(|| async {
//!     async_io::Timer::after(Duration::from_millis(20)).await;
//!     Ok::<_, Error>("done")
//! });
//! thread::scope(|scope| {
//!     for _ in 0..3 {
//!         scope.spawn(|| assert_eq!(*job.wait(Duration::from_secs(60)).unwrap(), "done"));
//!     }
//! });
//! ```
//!
//! # A whole API: `blocking`
//!
#![cfg_attr(
    feature = "macros",
    doc = "
The attribute [`#[blocking]`](attr.blocking.html) on an `impl` or a trait gives a whole async API its
blocking *twin*: a type whose functions have the same names, and block. [`guide::twins`] shows how a
library gets its module `blocking` that way.
"
)]
#![cfg_attr(
    not(feature = "macros"),
    doc = "With the feature `macros`, the attribute `#[blocking]` gives a whole async API its blocking twin."
)]
//!
//! # Limits for a stretch of code
//!
//! [`within`] sets one deadline for all blocking calls that a closure makes, however deep in a
//! library. [`interruptible`] lets Ctrl-C, a flag, or a host such as Python end them.
//!
//! ```
//! use crochet::{Error, within};
//! use std::{future, time::Duration};
//!
//! fn library() -> crochet::Result<()> {
//!     crochet::wait_for(Duration::MAX, future::pending()) // no timeout of its own
//! }
//! let error: Error = within(Duration::from_millis(20), library).unwrap_err();
//! assert!(error.is_timeout());
//! ```
//!
//! # The life of a job
//!
//! ```text
//!  your thread                              the thread `crochet`
//!
//!  run_in_reactor(closure) ─── queue ────▶  Queued    nothing has run yet
//!    │                                        │
//!    │  returns an EventualResult             │  closure() makes the future
//!    ▼                                        ▼
//!  goes on                                  Running   inside `poll` ◀────────────┐
//!    │                                        │                                  │
//!    │                                        ├─ pending ──▶ Waiting ── woken ───┘
//!    │                                        │              for a socket, a timer, a thread
//!    ▼                                        │
//!  wait, join, .await                         ├─ ready ───────▶ Ok, Error::Job
//!    ▲                                        ├─ panic ───────▶ Error::Panicked
//!    │                                        ├─ cancel() ────▶ Error::Cancelled
//!    │                                        └─ shutdown() ──▶ Error::ReactorStopped
//!    │                                                             │
//!    └───────────── woken, once the future has been dropped ◀──────┘
//! ```
//!
//! A job of [`wait_for()`] goes through the same states, except that its future stays in the
//! caller's stack frame, which is why the future may borrow: the reactor thread polls it there
//! while the caller sleeps. At the timeout, the caller takes the future back and drops it. The
//! error of a timeout names the state of the job, *queued*, *running* or *waiting* ([`JobState`]),
//! and [`jobs`](jobs()) lists all unfinished jobs with theirs.
//!
//! # Where to go next
//!
#![cfg_attr(
    feature = "macros",
    doc = "
| | |
|---|---|
| [`guide`] | three habits for libraries: hide the reactor, keep decorated code small, test the original |
| [`guide::which`] | which function do I need? |
| [`guide::twins`] | a blocking API for a whole async crate |
| [`guide::errors`] | errors of other crates, `anyhow`, and how to find a timeout again |
| [`guide::shutdown`] | applications with an executor of their own, shutdown, deadlocks |
| [`guide::ffi`] | waits that Ctrl-C or a host program can interrupt |
| [`guide::tokio`] | reqwest, sqlx and other libraries that need tokio |
| [`guide::recipes`] | reqwest, sqlx, tokio-postgres, redis, tonic, hickory, websockets, MQTT, NATS, D-Bus, SSH: what to do first |
| [`guide::limits`] | what it cannot do, and what differs on Windows |
| [`guide::comparison`] | async/await, tokio, smol, pollster, `reqwest::blocking`, maybe-async |
| [`guide::python`] | what each name of Python's Crochet is called here |
"
)]
#![cfg_attr(
    not(feature = "macros"),
    doc = "The module `guide` is part of the documentation with the feature `macros`."
)]
//!
//! The package comes with programs to run and to copy from, in its folder `examples/`, which the
//! README lists.
//!
//! # In a job
//!
//! Use the smol family of crates: async-io, async-net, async-process, and anything built on them or
//! on no runtime at all. With the feature [`tokio`](#feature-tokio), use what is built on tokio as
//! well.
//!
//! Never block in a job: all jobs share the thread. [`unblock`] runs blocking code on another
//! thread. A job that holds the thread for longer than 100 ms is named in the log
//! ([`Builder::slow_poll`]), and so it is by each wait that times out because of it
//! ([`TimedOut::blocked_by`]). Loggers block, too: [`BackgroundLogger`] keeps them off the thread.
//!
//! # Feature `tokio`
//!
//! reqwest, tonic, sqlx, hickory and everything else that is built on tokio panics outside of a
//! tokio runtime. With this feature, such libraries work in jobs as they are.
#![cfg_attr(
    feature = "macros",
    doc = "The page [`guide::tokio`] says how, and what to look out for."
)]
//!
//! # Feature `tracing`
//!
//! With this feature, what a job reports to the crate tracing lands in the right span. A job of
//! [`wait_for()`] is polled and dropped in its caller's span, whatever the thread. A job of
//! [`run_in_reactor()`] outlives its caller's span, so it gets one of its own, without a parent,
//! that [follows from](https://docs.rs/tracing/0.1/tracing/struct.Span.html#method.follows_from)
//! the caller's. The name of that span is `job`, its level `INFO`, its target `crochet`, and its
//! field `location` is the place of the call, such as `src/main.rs:42`. The span is closed when the
//! job has ended, before any waiter is woken.
//!
//! Reports go to the caller's subscriber, even where that is the subscriber of one thread, as in a
//! test. Where there is no subscriber when the job is submitted, the feature costs one load of an
//! atomic and no memory. Tasks of `tokio::spawn` are not covered: use tracing's `Instrument` for
//! those.
//!
//! # Errors
//!
//! A job fails with an error type of its own, `E`. Everything else that can go wrong is an
//! [`Error`]. Where both can happen, the call returns `Error<E>`, which holds either; or `E`
//! itself, which then has to be `From<Error>` ([`io::Error`](std::io::Error) is). For error types
//! of other crates, [`wait_for_wrapped`] returns `Error<E>`.
//!
//! A panic stays in its job: [`wait_for()`] and [`join`](EventualResult::join) re-raise it in the
//! caller, and all other calls return it as [`Error::Panicked`].
//!
//! # Start, stop, more than one
//!
//! | to | call |
//! |---|---|
//! | start the reactor early, and find out whether that works | [`setup`], [`setup_with`] |
//! | stop it, and drop its jobs | [`shutdown`] |
//! | run jobs on the thread of your own executor | [`no_setup`] |
//! | have a second reactor, whose jobs do not share a thread with the others | [`Reactor`] |
//! | limit how many unfinished jobs there are | [`Builder::max_jobs`] |
//! | keep a value on the reactor thread, and use it from other threads | [`InReactor`] |
//! | keep a value on an ordinary thread that needs tokio when it is dropped | [`Held`], [`in_context`] |
//! | list the jobs, even while one of them holds the thread | [`jobs`](jobs()) |
//! | find out whether this is a reactor thread, where blocking calls are refused | [`in_reactor`] |
//!
//! # The threads you will see
//!
//! - `crochet` runs all jobs. It sleeps while there is nothing to do, however many jobs are
//!   waiting.
//! - `async-io` belongs to the crate of that name. It sleeps as long as `crochet` handles the I/O.
//! - `crochet-tokio` belongs to the feature `tokio`. Threads of that name also run what is given to
//!   tokio's `spawn_blocking`, and end when they have been idle for some seconds.
//! - `crochet-log` writes the records of a [`BackgroundLogger`], in programs that have one.
//! - `blocking-1`, `blocking-2` and so on belong to the crate `blocking`. They start only when
//!   [`unblock`] needs them, or a library such as async-net, to resolve a name.
//!
//! Linking the crate starts none of them.
//!
//! On Linux and macOS, the end of `main` shuts the global reactor down, with a grace of one second,
//! if the reactor was started from the main thread. On Windows, and where another thread started
//! it, jobs that are unfinished at the end of `main` are not dropped: hold a [`guard`] in `main` if
//! that matters.
//!
//! # Questions
//!
//! **Can I call it inside tokio, or any other runtime?** Yes, it never panics there. It blocks the
//! thread, as any blocking call does; a job that needs that very thread to make progress will time
//! out.
//!
//! **Does a timeout leave anything behind?** No. [`wait_for()`] drops its future before it returns;
//! [`EventualResult::join`] and [`into_result`](EventualResult::into_result) cancel the job. A
//! timed-out [`wait`](EventualResult::wait) is meant to leave the job running.
//!
//! **Why is my timeout late?** `wait_for` lends its future to the reactor thread, and has to take
//! it back before it can return. While the future itself is inside `poll`, because it computes or
//! blocks, that has to wait. `run_in_reactor(..).join(timeout)` does not wait for that.
//!
//! **What about `fork`?** The threads do not exist in the child, so each call there returns
//! [`Error::Forked`]. The child may drop what it has of its parent's jobs; that touches neither the
//! jobs nor their sockets. Fork first, and start jobs afterwards.
//!
//! **What about Ctrl-C?** Without a handler it ends the program at once, even while a call waits. A
//! program that handles it calls [`shutdown`] from the thread that the handler notifies, which
//! wakes all waiters; or the handler raises a flag, and [`interruptible`] ends the waits of one
//! thread. The program `examples/ctrl_c.rs` does both.
//!
//! **What about child processes?** The crate async-process works in jobs. It reaps its children by
//! itself, so none stays behind as a zombie. `examples/child_process.rs` runs programs with a time
//! limit.
//!
//! **Can several versions of the crate be in one program?** Yes. Each has its own reactor thread,
//! and they do not disturb each other.

#![warn(clippy::unwrap_used)]

#[doc(hidden)]
pub mod __private;
mod attributes;
mod bridge;
mod caller;
mod context;
mod error;
#[cfg(all(feature = "macros", any(doc, doctest)))]
pub mod guide;
mod handoff;
mod job;
mod panic;
mod reactor;
mod runtime;
mod sync;
mod sys;
mod text;

// Aliases stand here: rustdoc drops those at the definition in a private module.
pub use attributes::{Eventual, Wrapped};
#[cfg(feature = "macros")]
pub use attributes::{blocking, run_in_reactor, wait_for};
pub use bridge::background_logger::BackgroundLogger;
pub use bridge::in_reactor::InReactor;
pub use bridge::io;
pub use bridge::iter::{Iter, MergeErrors, iter};
#[doc(alias("spawn_blocking", "thread"))]
pub use bridge::unblock::unblock;
#[doc(alias("future", "JoinHandle", "oneshot"))]
pub use caller::eventual::EventualResult;
pub use caller::eventual_future::EventualFuture;
pub use caller::scope::interruptible;
#[doc(alias = "deadline")]
pub use caller::scope::within;
pub use caller::stash::{ParseResultIdError, ResultId, RetrieveError, retrieve_result};
pub use caller::wait_many::{wait_all, wait_any};
pub use context::held::Held;
pub use context::in_context;
#[doc(alias = "deadline")]
pub use error::TimedOut;
pub use error::{BlockedBy, Error, JobState};
pub use job::info::JobInfo;
pub use panic::{Panic, PanicLocation};
pub use reactor::builder::Builder;
#[doc(alias("executor", "runtime"))]
pub use reactor::driver::Driver;
#[doc(alias("executor", "runtime"))]
pub use reactor::global::no_setup;
pub use reactor::global::{setup, setup_with, shutdown};
#[doc(alias("future", "spawn", "thread"))]
pub use reactor::global_jobs::run_in_reactor;
#[doc(alias("block_on", "deadline", "future"))]
pub use reactor::global_jobs::wait_for;
pub use reactor::global_jobs::{jobs, wait_for_wrapped};
pub use reactor::guard::{Guard, guard};
#[doc(alias("executor", "runtime", "thread"))]
pub use reactor::handle::Reactor;
pub use runtime::current::in_reactor;

/// A `Result` whose error is the crate's own, unless it says otherwise.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Compiles and runs the README's programs.
#[cfg(all(doctest, feature = "macros"))]
#[doc = include_str!("../README.md")]
struct Readme;
