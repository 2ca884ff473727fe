//! Call async code from ordinary blocking Rust.
//!
//! A *reactor* is one thread that runs *jobs*; a job is one async computation, whose output is a
//! `Result`. Your threads hand jobs to the reactor and wait for them, now or later. The reactor starts
//! with the first job, so there is nothing to set up.
//!
//! It is for
//!
//! - **synchronous programs** that need a bit of async networking: a timeout on something that has none, a
//!   hundred connections at once, a loop that runs beside the program;
//! - **threaded web applications**, whose requests start something, and whose later requests ask for it;
//! - **libraries** with a blocking interface over async internals;
//! - **code on its way to async**: the inside is async already, and the old callers do not notice;
//! - **async applications** with threads that have to reach back into them.
//!
//! # Now: `wait_for`
//!
//! The attribute [`#[wait_for]`](attr.wait_for.html) makes an `async fn` blocking: it runs on the reactor thread,
//! and whoever calls it waits, for the timeout at the most.
//!
//! ```
//! # #[cfg(feature = "macros")] {
//! use async_net::{TcpListener, TcpStream};
//! use crochet::wait_for;
//! use futures_lite::{AsyncReadExt, AsyncWriteExt};
//! use std::{io, time::Duration};
//!
//! /// Sends a word to a server, and says what comes back.
//! #[wait_for(timeout = 5.0)]
//! async fn echo(server: &TcpListener, word: &str) -> io::Result<String> {
//!     let mut stream = TcpStream::connect(server.local_addr()?).await?;
//!     stream.write_all(word.as_bytes()).await?;
//!     stream.close().await?;
//!     let mut reply = String::new();
//!     let (mut peer, _) = server.accept().await?;
//!     peer.read_to_string(&mut reply).await?;
//!     Ok(reply)
//! }
//!
//! // No `async` from here on.
//! let server = wait_for(Duration::from_secs(5), TcpListener::bind("127.0.0.1:0")).unwrap();
//! assert_eq!(echo(&server, "knit one, purl one").unwrap(), "knit one, purl one");
//! # }
//! ```
//!
//! The function [`wait_for()`] does the same for any future, which may borrow what is at hand. When the time is
//! over the future is dropped, and the error says why:
//!
//! ```
//! use async_io::Timer;
//! use std::{io, time::Duration};
//!
//! let mut rounds = 0;
//! let late: io::Result<()> = crochet::wait_for(Duration::from_millis(200), async {
//!     loop {
//!         rounds += 1;
//!         Timer::after(Duration::from_millis(1)).await;
//!     }
//! });
//! assert!(rounds > 0); // borrowed, and back
//! let late = late.unwrap_err();
//! assert_eq!(late.kind(), io::ErrorKind::TimedOut);
//! assert!(late.to_string().starts_with("timed out after"), "{late}");
//! ```
//!
//! # Later: `run_in_reactor`
//!
//! [`run_in_reactor()`], or [the attribute](attr.run_in_reactor.html), starts a job, and returns an
//! [`EventualResult`] at once: to be waited for, by one thread or many, as often as you like; to be looked at,
//! cancelled, awaited in async code, or put away with [`stash`](EventualResult::stash). A failure that nobody
//! looks at is logged. [`wait_all`] and [`wait_any`] wait for many results at once.
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
//! # The way of a job
//!
//! ```text
//!  a thread of yours                        the thread `crochet`
//!
//!  run_in_reactor(closure) ─── queue ────▶  Queued    nothing has run yet
//!    │                                        │
//!    │  EventualResult, at once               │  closure() makes the future
//!    ▼                                        ▼
//!  does something else                      Running   inside `poll` ◀────────────┐
//!    │                                        │                                  │
//!    │                                        ├─ pending ──▶ Waiting ── woken ───┘
//!    │                                        │              for a socket, a timer, a thread
//!    ▼                                        │
//!  wait, join, .await                         ├─ ready ───────▶ Ok, Error::Job
//!    ▲                                        ├─ panic ───────▶ Error::Panicked
//!    │                                        ├─ cancel() ────▶ Error::Cancelled
//!    │                                        └─ shutdown() ──▶ Error::ReactorStopped
//!    │                                                             │
//!    └──────────────── told, when the future has been dropped ◀────┘
//! ```
//!
//! A job of [`wait_for()`] goes the same way, except that its future stays in the caller's frame, which is why it may
//! borrow: the reactor thread polls it there while the caller sleeps. When the caller's time is over it
//! takes the future back, and drops it. *Queued*, *running* and *waiting* are what a timeout tells of
//! ([`JobState`]), and what [`jobs`](jobs()) lists.
//!
//! # Where to go on
//!
#![cfg_attr(
    feature = "macros",
    doc = "
| | |
|---|---|
| [`guide`] | three habits: hide the reactor, keep decorated code small, test the original |
| [`guide::which`] | which one do I need? |
| [`guide::shutdown`] | an executor of your own, shutdown, deadlocks |
| [`guide::ffi`] | waits that Ctrl-C or a host is to interrupt |
| [`guide::limits`] | what it cannot do |
| [`guide::comparison`] | async/await, tokio, smol, pollster, `reqwest::blocking` |
| [`guide::python`] | from Python's Crochet: every name |
"
)]
#![cfg_attr(
    not(feature = "macros"),
    doc = "The module `guide` is part of the documentation with the feature `macros`."
)]
//!
//! # In a job
//!
//! Use the smol family of crates: async-io, async-net, async-process, whatever is built on them or on no
//! runtime at all; with the feature [`tokio`](#feature-tokio), also what is built on tokio. Never block: all
//! jobs share the thread. [`unblock`] takes blocking code elsewhere. A job that keeps the thread for longer than
//! 100 ms is named in the log ([`Builder::slow_poll`]), and a wait that timed out because of it says so
//! ([`TimedOut::blocked_by`]). Loggers block, too: [`BackgroundLogger`] keeps them off the thread.
//!
//! # Feature `tokio`
//!
//! reqwest, tonic, sqlx, hickory and all else that is built on tokio panics outside of a tokio runtime. With this
//! feature such libraries just work in jobs: each job is polled and dropped in the context of one. A job of
//! [`wait_for()`] that is late is dropped in it, too, on its caller's thread.
//!
//! ```
//! # #[cfg(feature = "tokio")] {
//! use std::{io, time::Duration};
//! use tokio::net::{TcpListener, TcpStream};
//! use tokio::time::{sleep, timeout};
//!
//! let server = crochet::wait_for(Duration::from_secs(60), TcpListener::bind("127.0.0.1:0"))?;
//! let address = server.local_addr()?;
//! let job = crochet::run_in_reactor(move || async move {
//!     sleep(Duration::from_millis(5)).await;
//!     let stream = timeout(Duration::from_secs(60), TcpStream::connect(address)).await??;
//!     stream.peer_addr()
//! });
//! assert_eq!(job.join(Duration::from_secs(60))?, address);
//! # }
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! The runtime is the crate's own, one in a process, on a thread named `crochet-tokio`, which sleeps while tokio's
//! sockets and timers have nothing to say. It starts with the first reactor thread; if that fails, so does the
//! start of the reactor, with [`Error::Setup`]. It is the same for all reactors, and it does not end with any of
//! them. What a job made, a connection or a client, can be used in any other job.
//!
//! Where the application runs a [`Driver`] in a tokio runtime of its own, jobs are in the context of that one.
//! In all other cases the caller's runtime makes no difference: its thread may be blocked by the call.
//!
//! What to know:
//!
//! - **The context is that of the job's code**, not of the call. `wait_for(timeout, sleep(..))` makes the timer on
//!   the calling thread, and panics there; `wait_for(timeout, async { sleep(..).await; .. })` does not. Nor are
//!   the closures for [`unblock`] in it; those for tokio's `spawn_blocking` are.
//! - **`tokio::spawn` starts a task of the runtime's**, on its thread, and not a job. Cancelling the job, a timeout
//!   and [`shutdown`] leave it alone, and at the end of the process it is not dropped. Keep the
//!   `JoinHandle`, or use a `JoinSet`, which aborts its tasks when the job is dropped. Do not block in such a
//!   task: that holds up every socket and timer of tokio's.
//! - **`block_on` in a job blocks the reactor thread**, as any blocking code does. It does not panic there, as it
//!   does in a tokio task, so nothing but the notice of a slow poll tells you.
//! - **Tokio's cooperative budget does not apply in jobs**, except in those of a `Driver` that runs in tokio. A job
//!   that finds its socket ready again and again has to yield by itself.
//! - A library that asks for a runtime with several threads has to be given one. tokio's `block_in_place` works,
//!   and blocks.
//!
//! Without the feature, the text of such a panic ([`Panic`], or what the panic hook writes) names it.
//!
//! # Feature `tracing`
//!
//! With this feature, what a job reports to the crate tracing has the right place. A job of [`wait_for()`] runs in
//! its caller's span: it is polled and dropped in it, whatever the thread. A job of [`run_in_reactor()`] outlives
//! its caller's span, so it gets one of its own, without a parent, that
//! [follows from](https://docs.rs/tracing/0.1/tracing/struct.Span.html#method.follows_from) the caller's. Its
//! name is `job`, its level `INFO`, its target `crochet`, and its field `location` is the place of the call,
//! `src/main.rs:42`. It is closed when the job has ended, before anyone is told.
//!
//! Reports go to the caller's subscriber, also if that is the subscriber of one thread, as in a test. Where
//! there is none when the job is submitted, the feature costs one load of an atomic, and no memory. Tasks
//! of `tokio::spawn` are on their own: tracing's `Instrument` is for them.
//!
//! # Errors
//!
//! A job fails with an error type of its own, `E`. What else can go wrong is an [`Error`]: where both can
//! happen, `Error<E>` holds either, or `E: From<Error>` takes both in ([`io::Error`](std::io::Error) does).
//! A panic stays in its job: [`wait_for()`] and [`join`](EventualResult::join) go on with it in the caller, all
//! others return it as [`Error::Panicked`].
//!
//! # Start, stop, own
//!
//! | you want | you call |
//! |---|---|
//! | to start the reactor early, and to know whether that works | [`setup`], [`setup_with`] |
//! | to stop it, and drop its jobs | [`shutdown`] |
//! | to run jobs on your own executor's thread | [`no_setup`] |
//! | a second reactor, whose jobs do not share a thread with the others | [`Reactor`] |
//! | to keep a value on the reactor thread, and use it from others | [`InReactor`] |
//! | to know what the jobs are doing, also while one holds the thread | [`jobs`](jobs()) |
//! | to know whether this is a reactor thread, where blocking calls are refused | [`in_reactor`] |
//!
//! # The threads you will see
//!
//! - `crochet` runs all jobs. It sleeps when there is nothing to do, however many jobs are waiting.
//! - `async-io` belongs to the crate of that name, and sleeps as long as `crochet` handles the I/O.
//! - `crochet-tokio` belongs to the feature `tokio`; see [there](#feature-tokio). Threads of that name also run
//!   what is given to tokio's `spawn_blocking`, and end after some idle seconds.
//! - `crochet-log` writes a [`BackgroundLogger`]'s records, where a program has one.
//! - `blocking-1`, `blocking-2` and so on belong to the crate `blocking`: only if [`unblock`], or a
//!   library such as async-net when it resolves a name, asks for them.
//!
//! Linking the crate starts none of them. At the end of `main`, on Unix, the global reactor is shut down if
//! it was started from the main thread, with a grace of one second. Elsewhere, and where another
//! thread started it, jobs that are unfinished then are not dropped; call [`shutdown`] if that matters.
//!
//! # Questions
//!
//! **Can I call it inside tokio, or any other runtime?** Yes, it never panics there. It blocks the
//! thread, as any blocking call does; a job that needs that very thread to go on will time out.
//!
//! **Does a timeout leave anything behind?** No. [`wait_for()`] drops its future before it returns;
//! [`EventualResult::join`] and [`into_result`](EventualResult::into_result) cancel the job.
//!
//! **Why is my timeout late?** `wait_for` lends the future to the reactor, and must have it back. If the
//! future itself is inside `poll` at that moment, because it computes or blocks, it has to wait.
//! `run_in_reactor(..).join(timeout)` does not.
//!
//! **And `fork`?** The threads do not exist in the child, so every call there returns [`Error::Forked`].
//! What it has of its parent's jobs it may drop, and that touches neither them nor their sockets. Fork first,
//! and start jobs after.
//!
//! **And Ctrl-C?** It ends the program at once, however it waits. A program with a handler calls
//! [`shutdown`] there, or rather in the thread that the handler tells: that frees every waiter. The example
//! `ctrl_c` does so.
//!
//! **And child processes?** The crate async-process works in jobs. It waits for its children by itself, so that
//! none stays behind as a zombie. The example `child_process` has one with a time limit.
//!
//! **Several versions of the crate in one program?** Each has its own reactor thread; they do not disturb
//! each other.

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

pub use attributes::Eventual;
#[cfg(feature = "macros")]
pub use attributes::{blocking, run_in_reactor, wait_for};
pub use bridge::background_logger::BackgroundLogger;
pub use bridge::held::Held;
pub use bridge::in_reactor::InReactor;
pub use bridge::io;
pub use bridge::iter::{Iter, MergeErrors, iter};
pub use bridge::unblock::unblock;
pub use caller::eventual::{EventualFuture, EventualResult};
pub use caller::stash::{ParseResultIdError, ResultId, RetrieveError, retrieve_result};
pub use caller::wait_many::{wait_all, wait_any};
pub use context::in_context;
pub use error::{BlockedBy, Error, JobState, TimedOut};
pub use job::info::JobInfo;
pub use panic::{Panic, PanicLocation};
pub use reactor::builder::Builder;
pub use reactor::driver::Driver;
pub use reactor::global::{
    jobs, no_setup, run_in_reactor, setup, setup_with, shutdown, wait_for, wait_for_wrapped,
};
pub use reactor::handle::Reactor;
pub use runtime::current::in_reactor;

/// A `Result` whose error is the crate's own, unless it says otherwise.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Compiles and runs the README's programs.
#[cfg(all(doctest, feature = "macros"))]
#[doc = include_str!("../README.md")]
struct Readme;
