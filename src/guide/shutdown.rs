//! Executors of your own, shutdown, and deadlocks.
//!
//! # An application with an executor of its own
//!
//! An application that is async itself, and has synchronous parts (handlers in a thread pool, a plug-in, a
//! blocking library built on this crate), needs no second loop beside its own. [`no_setup`](crate::no_setup),
//! first thing in `main`, gives it a [`Driver`](crate::Driver); [`Driver::run`](crate::Driver::run) runs the
//! application's `main` and all jobs on the executor that polls it. No thread is started, libraries that call
//! [`setup`](crate::setup) find it done, and their jobs can use what lives on the application's thread.
//!
//! ```
//! use crochet::{Error, unblock, wait_for};
//! use std::time::Duration;
//!
//! /// A library that blocks. It does not know who runs its jobs.
//! fn answer() -> Result<u32, Error> {
//!     wait_for(Duration::from_secs(60), async { Ok(42) })
//! }
//!
//! /// The application. Async, so it has blocking code run elsewhere.
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
//! The thread that runs it is the reactor thread: `answer()` called straight in `application` would be
//! [`Error::OnReactorThread`](crate::Error::OnReactorThread). While nobody runs the driver, jobs queue, and waits
//! that time out say so. The example `own_executor` is a web server of this kind.
//!
//! If your application is async and does not want to lend its thread, do nothing: the crate's calls work from
//! inside any runtime, with the reactor on a thread of its own. They block the thread they are called on.
//!
//! # Shutdown
//!
//! [`shutdown(grace)`](crate::shutdown) refuses new jobs, drops every unfinished job on the reactor thread, in
//! the order in which they were submitted, and has every wait for one return
//! [`Error::ReactorStopped`](crate::Error::ReactorStopped), from whatever thread and whatever its timeout. It
//! returns when the thread has ended. If a job holds the thread, that is not before the job lets go: after
//! `grace` it is [`Error::TimedOut`](crate::Error::TimedOut), with the place of that job, and the reactor goes on
//! stopping. After it the next job starts a fresh reactor.
//!
//! Being dropped is all that a job is told. What it has to do last, closing a file, a word to a server that needs
//! no answer, belongs into the `Drop` of what it owns. For an orderly farewell that awaits, tell the jobs to end
//! (a channel, a flag), wait for them, and then shut down.
//!
//! # The end of `main`
//!
//! On Unix, if the reactor was started from the main thread, the return of `main`, and `exit` called there, do
//! the same as `shutdown` with a grace of one second: late enough for all of `main`'s own destructors, early
//! enough for exit handlers of C libraries to come after. It never keeps the process for longer than that. In all
//! other cases call `shutdown` last thing in `main`, if it matters that jobs are dropped.
//!
//! # Deadlocks, and what prevents them
//!
//! **A wait on the reactor thread for a job of that reactor** could never end. It is refused at once, in release
//! builds as well. In a job, `.await` the result, or the function's async original.
//!
//! **Joining threads that wait.** A pool whose threads wait for jobs ends when they do. So stop the reactor
//! first, or cancel the jobs, and join after:
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
//! reactor.shutdown(Duration::from_secs(60))?; // frees them
//! for worker in pool {
//!     assert!(worker.join().unwrap().unwrap_err().is_reactor_stopped());
//! }
//! # Ok::<(), Error>(())
//! ```
//!
//! **Joining on the reactor thread**, in a job or in the `main` of a `Driver`, blocks the jobs that those threads
//! wait for. Join in [`unblock`](crate::unblock), and await that. If the pool's end is part of the executor's own
//! (its `Drop` joins), cancel the jobs before: shutdown may not get its turn in time.
//!
//! **A lock held across a wait.** A thread that holds a `Mutex` and waits for a job that wants the same one waits
//! for itself; the job holds up all others meanwhile. Let go of locks before you wait. The job, if it has to have
//! one, should use an async lock, or `try_lock`.
//!
//! **Two reactors that wait for each other.** A job that blocks on another reactor is not refused: it is that
//! reactor's affair. If one waits back, both stand until a timeout. Await, rather than block, in jobs.
//!
//! In each of them a timeout ends the wait, and says who held the thread. That is why there is no call without
//! one: `Duration::MAX` has to be written.
