//! Applications with an executor of their own, shutdown, and deadlocks.
//!
//! # An application with its own executor
//!
//! An application that is async itself and has synchronous parts (handlers in a thread pool, a
//! plug-in, a blocking library built on this crate) needs no second loop beside its own.
//! [`no_setup`](crate::no_setup), called first in `main`, returns a [`Driver`](crate::Driver), and
//! [`Driver::run`](crate::Driver::run) runs the application's `main` and all jobs on the executor
//! that polls it. No thread is started, libraries that call [`setup`](crate::setup) find that done,
//! and their jobs can use what lives on the application's thread.
//!
//! ```
//! use crochet::{Error, unblock, wait_for};
//! use std::time::Duration;
//!
//! /// A library function that blocks. Which executor runs its job makes no difference to it.
//! fn answer() -> Result<u32, Error> {
//!     wait_for(Duration::from_secs(60), async { Ok(42) })
//! }
//!
//! /// The application is async, so it runs blocking code on another thread.
//! async fn application() -> Result<u32, Error> {
//!     unblock(answer).await
//! }
//!
//! # fn main() -> Result<(), Error> {
//! let driver = crochet::no_setup()?;
//! let answer = async_io::block_on(driver.run(application()))??; // or smol's, or tokio's
//! assert_eq!(answer, 42);
//! # Ok(())
//! # }
//! ```
//!
//! The thread that runs the `Driver` is the reactor thread: `answer()` called directly in
//! `application` would return [`Error::OnReactorThread`](crate::Error::OnReactorThread). While the
//! `Driver` is not being run, jobs queue, and a wait that times out says so. The program
//! `examples/own_executor.rs` is a web server of this kind.
//!
//! If your application is async and should not lend its thread, do nothing: the calls of this crate
//! work inside any runtime, with the reactor on a thread of its own. They block the thread that
//! they are called on.
//!
//! # Shutdown
//!
//! [`shutdown(grace)`](crate::shutdown) refuses new jobs and drops every unfinished job on the
//! reactor thread, in the order of their submission. Every wait for one of them returns
//! [`Error::ReactorStopped`](crate::Error::ReactorStopped), on any thread and whatever its timeout.
//! `shutdown` itself returns when the thread has ended. If a job holds the thread for longer than
//! `grace`, `shutdown` returns [`Error::TimedOut`](crate::Error::TimedOut) with the place of that
//! job, and the reactor goes on stopping. The next job after that starts a fresh reactor; after a
//! `Driver` has ended, only an explicit start does ([`setup`](crate::setup),
//! [`setup_with`](crate::setup_with), [`no_setup`](crate::no_setup)).
//!
//! A job is not told of the shutdown in any other way than by being dropped. Put what it must do
//! last, such as closing a file or sending a message that needs no answer, into the `Drop` of what
//! it owns. For an orderly farewell that awaits, tell the jobs to end (by a channel or a flag),
//! wait for them, and then call `shutdown`.
//!
//! # Ctrl-C
//!
//! Without a handler Ctrl-C ends the program at once, however it waits. With one, there are two
//! things that it can stop. Both go well together, for example for Ctrl-C and `SIGTERM`, as in
//! `examples/ctrl_c.rs`.
//!
//! **Everything.** A thread that is told of the signal calls `shutdown`, which ends every wait of
//! every thread with [`Error::ReactorStopped`](crate::Error::ReactorStopped).
//!
//! **The work of one thread.** The handler raises a flag, and
//! [`interruptible`](crate::interruptible) looks at it while that thread sleeps in a call of this
//! crate. That call ends, with every later one in the closure; other threads and their jobs go on,
//! and so does the program:
//!
//! ```
//! use crochet::{interruptible, wait_for};
//! use std::sync::atomic::{AtomicBool, Ordering};
//! use std::{future, io, time::Duration};
//! # use std::thread;
//!
//! static STOP: AtomicBool = AtomicBool::new(false); // the handler raises it
//!
//! fn check() -> Result<(), &'static str> {
//!     if STOP.load(Ordering::Relaxed) { Err("stopped") } else { Ok(()) }
//! }
//!
//! // A command of an interactive program.
//! fn command() -> io::Result<String> {
//!     wait_for(Duration::MAX, async { future::pending().await })
//! }
//!
//! # let handler = thread::spawn(|| STOP.store(true, Ordering::Relaxed));
//! assert_eq!(interruptible(Duration::from_millis(50), check, command).unwrap_err(), "stopped");
//! # handler.join().unwrap();
//! ```
//!
//! A call of `shutdown` sleeps, too: inside `interruptible` it can be interrupted, and inside
//! [`within`](crate::within) its `grace` ends at the deadline at the latest. The reactor goes on
//! stopping.
//!
//! # The end of `main`
//!
//! On Linux, Android and macOS, if the reactor was started from the main thread, the return of
//! `main` and a call of `exit` on the main thread do the same as `shutdown` with a grace of one
//! second. This happens after all of `main`'s own destructors and before the exit handlers of C
//! libraries, and never delays the process by more than that second.
//! [`Builder::end_of_main(false)`](crate::Builder::end_of_main) switches this off, for hosts that
//! end by rules of their own.
//!
//! In all other cases hold a [`guard`](crate::guard()) in `main`, or call `shutdown` at its end, if
//! jobs have to be dropped. Windows is one of these cases: when `main` has ended, the other threads
//! are gone. With musl, and on the BSDs, the C library does not run the destructors of the main
//! thread's thread-locals, by which the crate would learn of the end (so std's source says; it has
//! not been tried).
//!
//! # Deadlocks, and what prevents them
//!
//! **Waiting on the reactor thread for a job of that reactor** could never end. Such a call is
//! refused at once, in release builds as well. In a job, `.await` the result, or the function's
//! async original.
//!
//! **Joining threads that wait.** Threads of a pool that wait for jobs end when the jobs do. Stop
//! the reactor or cancel the jobs first, and join the threads afterwards:
//!
//! ```
//! use crochet::{Error, Reactor};
//! use std::{future, thread, time::Duration};
//!
//! let reactor = Reactor::new()?;
//! let pool: Vec<_> = (0..4)
//!     .map(|_| {
//!         let reactor = reactor.clone();
//!         let job = move || reactor.wait_for(Duration::MAX, future::pending::<Result<(), Error>>());
//!         thread::spawn(job) // waits for ever
//!     })
//!     .collect();
//!
//! reactor.shutdown(Duration::from_secs(60))?; // wakes them all
//! for worker in pool {
//!     assert!(worker.join().unwrap().unwrap_err().is_reactor_stopped());
//! }
//! # Ok::<(), Error>(())
//! ```
//!
//! **Joining on the reactor thread**, in a job or in the `main` of a `Driver`, blocks the jobs that
//! those threads wait for. Join in [`unblock`](crate::unblock), and await that. If the executor's
//! own `Drop` joins the pool, cancel the jobs before: a shutdown might come too late.
//!
//! **A lock held across a wait.** A thread that holds a `Mutex` and waits for a job that locks the
//! same `Mutex` waits for itself, and the job holds up all others meanwhile. Release locks before
//! you wait. If the job needs the lock, let it use an async lock, or `try_lock`.
//!
//! **Two reactors that wait for each other.** A job that blocks on another reactor is not refused,
//! because that reactor can answer. If a job of the other one waits back, both stand still until a
//! timeout. In jobs, await; do not block.
//!
//! In each of these cases a timeout ends the wait, and its error says which job held the thread.
//! This is why no call goes without a timeout: `Duration::MAX` has to be written out.
