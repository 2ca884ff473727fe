//! What it cannot do.
//!
//! # Fork
//!
//! A forked child has a copy of the memory, and none of the threads. So there is no reactor in it, and none can
//! be started: async-io, below, is one in a process, and belongs to the parent. In the child of a process that
//! has had a reactor, every call that needs it returns [`Error::Forked`](crate::Error::Forked) at once, with the
//! parent's process id. It never hangs, and the parent goes on unharmed: what the child drops of its parent's
//! jobs is not touched.
//!
//! - Fork first, and start after: a daemon, or a server that forks its workers, has each worker make its first
//!   call after the fork. Linking the crate starts nothing, so that is easy to have.
//! - `std::process::Command` and async-process are fine. They fork, too, but the child becomes another program at
//!   once.
//!
//! # Jobs that compute
//!
//! All jobs of a reactor share one thread, and take turns only where they await. A job that computes for a second
//! holds up all others for a second. It is named in the log ([`Builder::slow_poll`](crate::Builder::slow_poll)),
//! and so it is in the timeouts that it causes ([`TimedOut::blocked_by`](crate::TimedOut::blocked_by)). Give the
//! computation to [`unblock`](crate::unblock); many of them are for a pool with as many threads as the machine
//! has cores (rayon), as `unblock` has up to 500. A long loop that has to stay may call
//! `futures_lite::future::yield_now().await` now and then.
//!
//! One thread is enough for thousands of connections that mostly wait. A proxy that moves gigabytes on many cores
//! is a case for tokio.
//!
//! # Jobs that block
//!
//! The same, and worse: a job that waits for a lock, a file or a `std::net` socket holds the thread and computes
//! nothing. What this crate can see it refuses: its own blocking calls, on the thread of their reactor.
//! `block_on` of other crates it cannot see.
//!
//! # Cancelling is dropping
//!
//! A timeout, [`cancel`](crate::EventualResult::cancel) and [`shutdown`](crate::shutdown) drop a future, which
//! can be done while it awaits, and not while it runs. So a job that computes or blocks ends its poll first. A
//! closure that `unblock` has begun runs to its end, and so does a task of `tokio::spawn`. What a request has
//! done at the other end, it has done.
//!
//! # `panic = "abort"`
//!
//! All works, but a panic, in a job as anywhere else, ends the process on the spot, as that setting asks for. No
//! job is dropped in order then, and [`Error::Panicked`](crate::Error::Panicked) is never seen.
//!
//! # Several versions in one program
//!
//! Cargo links versions that are not compatible side by side, if two libraries ask for them. Each has a global
//! reactor of its own, with its thread, stash and settings, and they do not disturb each other. But
//!
//! - their types are strangers: an `EventualResult` or an `Error` of one cannot be given to the other;
//! - [`no_setup`](crate::no_setup), [`shutdown`](crate::shutdown) and [`in_reactor`](crate::in_reactor) know of
//!   their own version only: a blocking call of one in a job of the other is not refused, and blocks it, as all
//!   blocking code;
//! - with the feature `tokio` each has a runtime of its own.
//!
//! Nobody notices if your library [hides the reactor](crate::guide#hide-the-reactor).
//!
//! # The attributes
//!
//! `#[wait_for]` needs a `Send` future, and an error type with `From<Error>`; a job of `#[run_in_reactor]` owns
//! its arguments. In a trait or the `impl` of one there is no room for two functions. All of this is refused when
//! the program is compiled, with a text that says what to write.
//!
//! # The end of the process
//!
//! Jobs are dropped at the end of `main` on Unix, where the reactor was started from the main thread. On Windows,
//! where another thread started it, and where `exit` is called on another thread, they just cease; see
//! [`guide::shutdown`](crate::guide::shutdown#the-end-of-main).
//!
//! # Platforms
//!
//! Linux, macOS and Windows: what has threads, and what async-io knows how to poll. WebAssembly in a browser has
//! no thread that may block, so there is nothing to gain there.
