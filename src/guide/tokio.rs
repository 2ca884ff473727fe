//! Libraries that need tokio: the feature `tokio`, and what to look out for.
//!
//! reqwest, tonic, sqlx, hickory and everything else that is built on tokio panics outside of a
//! tokio runtime. With the feature `tokio` (`cargo add crochet-rs --features tokio`) such libraries
//! work in jobs as they are: each job is polled and dropped in the context of a runtime. When a job
//! of [`wait_for`](crate::wait_for()) times out, its future is dropped on the caller's thread, in
//! the same context. Without the feature, the message of such a panic ([`Panic`](crate::Panic), or
//! what the panic hook writes) names the feature.
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
//! # What to look out for
//!
//! - **The context is that of the job's code, not of the call.** `wait_for(timeout, sleep(..))`
//!   makes the timer on the calling thread, and panics there. Write
//!   `wait_for(timeout, async { sleep(..).await; .. })`. Closures for [`unblock`](crate::unblock)
//!   are not in the context either; those for tokio's `spawn_blocking` are.
//! - **`tokio::spawn` starts a task of the runtime, not a job.** The task runs on the runtime's
//!   thread. Cancelling the job, a timeout and [`shutdown`](crate::shutdown) leave the task
//!   running, and it is not dropped at the end of the process. Keep its `JoinHandle`, or use a
//!   `JoinSet`, which aborts its tasks when the job is dropped. Do not block in such a task: that
//!   holds up all of tokio's sockets and timers.
//! - **`block_on` in a job blocks the reactor thread**, as any blocking code does. There it does
//!   not panic, as it does in a tokio task; the only sign is the line about a slow poll in the log.
//! - **Tokio's cooperative budget does not apply in jobs**, except in those of a `Driver` that runs
//!   in tokio. A job whose socket is always ready has to yield by itself.
//! - **The runtime has one thread.** A library that asks for a runtime with several threads needs
//!   one of your own. tokio's `block_in_place` works, and blocks the thread.
