//! Libraries that need tokio: the feature `tokio`, and what to look out for.
//!
//! reqwest, tonic, sqlx, hickory and everything else that is built on tokio panics outside of a
//! tokio runtime. With the feature `tokio` (`cargo add crochet-rs --features tokio`) such libraries
//! work in jobs as they are: each job is polled and dropped in the context of a runtime. Everything
//! else of yours that this crate drops, on whatever thread, is dropped in that context, too: the
//! future of a [`wait_for`](crate::wait_for()) that has timed out, a result that is not taken, a
//! stream, an item that was read ahead. Without the feature, the message of such a panic
//! ([`Panic`](crate::Panic), or what the panic hook writes) names the feature. Some libraries
//! return an error instead: zbus `Unsupported` ("Connection support is lacking"), quinn "no async
//! runtime found".
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
//! The program `examples/tokio_client/src/main.rs` of the repository downloads pages with reqwest.
//!
//! # Which runtime
//!
//! The runtime is the crate's own: one for each process, on a thread named `crochet-tokio`, which
//! sleeps while tokio's sockets and timers have nothing to report. The runtime starts with the
//! first reactor thread; if it cannot start, neither can the reactor, and the error is
//! [`Error::Setup`](crate::Error::Setup). All reactors share it, and it goes on when they stop. So
//! a connection or a client that one job makes can be used in any other.
//!
//! An application that runs a [`Driver`](crate::Driver) in a tokio runtime of its own has its jobs
//! in the context of that runtime. In all other cases the caller's runtime makes no difference,
//! because the call may be blocking the thread that drives it.
//!
//! # What spawns in `Drop`
//!
//! Many values of such libraries start a task when they are dropped: a pooled connection returns to
//! its pool, a transaction rolls back, a listener sends a last message. Outside of the context that
//! panics. A value that you keep between two calls is dropped on a thread of yours. Drop it inside
//! [`in_context`](crate::in_context), or wrap it in a [`Held`](crate::Held), which does so by
//! itself:
//!
//! ```
//! # #[cfg(feature = "tokio")] {
//! use crochet::{Error, Held, in_context, wait_for};
//! use std::time::Duration;
//!
//! /// Stands for a transaction, which rolls back unless it was committed.
//! struct Transaction;
//! impl Drop for Transaction {
//!     fn drop(&mut self) {
//!         tokio::spawn(async { /* roll back */ }); // panics outside of the context
//!     }
//! }
//!
//! let begin = || wait_for(Duration::from_secs(60), async { Ok::<_, Error>(Transaction) });
//! let transaction = begin().unwrap();
//! in_context(|| drop(transaction));
//! let transaction = Held::new(begin().unwrap());
//! drop(transaction); // also at the end of its scope, or when the thread unwinds
//! # }
//! ```
//!
//! Without the feature, both do nothing but drop the value.
//!
//! # What to look out for
//!
//! - **The context is that of the job's code, not of the call.** `wait_for(timeout, sleep(..))`
//!   makes the timer on the calling thread, and panics there. Write
//!   `wait_for(timeout, async { sleep(..).await; .. })`. Closures that a job gives to
//!   [`unblock`](crate::unblock) are in the context, as those for tokio's `spawn_blocking` are.
//! - **`tokio::spawn` starts a task of the runtime, not a job.** The task runs on the runtime's
//!   thread. Cancelling the job, a timeout and [`shutdown`](crate::shutdown) leave the task
//!   running, and it is not dropped at the end of the process. Keep its `JoinHandle`, or use a
//!   `JoinSet`, which aborts its tasks when the job is dropped. Do not block in such a task: that
//!   holds up all of tokio's sockets and timers.
//! - **`block_on` in a job blocks the reactor thread**, as any blocking code does. There it does
//!   not panic, as it does in a tokio task; the only sign is the line about a slow poll in the log.
//! - **Tokio's cooperative budget does not apply in jobs**, except in those of a `Driver` that runs
//!   in tokio. A job whose socket is always ready has to yield by itself.
//! - **A program that `kill_on_drop` has killed stays a zombie** until the runtime next has something
//!   to do: [`guide::recipes`](crate::guide::recipes#programs) has the line that wakes it.
//! - **The runtime has one thread.** A library that asks for a runtime with several threads needs
//!   one of your own. tokio's `block_in_place` works, and blocks the thread.
