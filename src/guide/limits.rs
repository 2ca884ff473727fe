//! What it cannot do.
//!
//! # Fork
//!
//! A forked child has a copy of the memory, but none of the threads. It has no reactor, and cannot
//! start one: async-io, on which this crate is built, has one poller for each process, and that
//! belongs to the parent. In the child of a process that has had a reactor, each call that needs
//! one returns [`Error::Forked`](crate::Error::Forked) at once, with the parent's process id. The
//! call never hangs, and the parent is unharmed: the child does not touch what it drops of its
//! parent's jobs.
//!
//! - Fork first, and start the reactor afterwards. In a daemon, or a server that forks its workers,
//!   each worker makes its first call after the fork. Linking the crate starts nothing, so this is
//!   easy to arrange.
//! - `std::process::Command` and async-process are fine. They fork as well, but their child becomes
//!   another program at once.
//!
//! # Jobs that compute
//!
//! All jobs of a reactor share one thread, and take turns only where they await. A job that
//! computes for a second holds up all others for a second. The log names that job
//! ([`Builder::slow_poll`](crate::Builder::slow_poll)), and so do the timeouts that it causes
//! ([`TimedOut::blocked_by`](crate::TimedOut::blocked_by)). Give the odd computation to
//! [`unblock`](crate::unblock). If there are many, use a pool with as many threads as the machine
//! has cores, such as rayon's: `unblock` has up to 500 threads. A long loop that has to stay in the
//! job can call `futures_lite::future::yield_now().await` now and then.
//!
//! One thread is enough for thousands of connections that mostly wait. For a proxy that moves
//! gigabytes on many cores, use tokio.
//!
//! # Jobs that block
//!
//! A job that waits for a lock, a file or a `std::net` socket holds the thread as well, and does
//! not even compute meanwhile. This crate refuses the blocking calls that it can see, which are its
//! own, on the thread of their reactor. It cannot see the `block_on` of other crates.
//!
//! # Cancelling is dropping
//!
//! A timeout, [`cancel`](crate::EventualResult::cancel) and [`shutdown`](crate::shutdown) drop the
//! job's future. A future can be dropped while it awaits, and not while it runs, so a job that
//! computes or blocks finishes its poll first. A closure that `unblock` has started runs to its
//! end, and so does a task of `tokio::spawn`. A request that has reached a server is not taken
//! back.
//!
//! # Jobs without a bound
//!
//! By default [`run_in_reactor`](crate::run_in_reactor()) always accepts the job. A program that
//! submits jobs faster than the reactor thread completes them queues them all, until the memory is
//! used up: two threads in a loop can queue millions of jobs in a few seconds. Where others decide
//! how many jobs there are, as in a server, bound them: with
//! [`Builder::max_jobs`](crate::Builder::max_jobs), beyond which a job ends at once with
//! [`Error::Full`](crate::Error::Full) and `wait_for` waits for room. Or wait for results before
//! submitting more, or let a fixed number of threads call [`wait_for`](crate::wait_for()).
//!
//! # `panic = "abort"`
//!
//! Everything works, but with this setting a panic ends the process at once, in a job as anywhere
//! else. Unfinished jobs are not dropped then, and no call returns
//! [`Error::Panicked`](crate::Error::Panicked).
//!
//! # Several versions in one program
//!
//! If two libraries ask for incompatible versions of this crate, Cargo links both. Each has a
//! global reactor of its own, with its own thread, stash and settings, and they do not disturb each
//! other. But
//!
//! - their types are different types: an `EventualResult` or an `Error` of one cannot be passed to
//!   the other;
//! - [`no_setup`](crate::no_setup), [`shutdown`](crate::shutdown) and
//!   [`in_reactor`](crate::in_reactor) know only their own version. A blocking call of one version
//!   in a job of the other is not refused, and blocks the thread, as all blocking code does;
//! - with the feature `tokio`, each has a runtime of its own.
//!
//! Your users will not notice any of this if your library
//! [hides the reactor](crate::guide#hide-the-reactor).
//!
//! # The attributes
//!
//! `#[wait_for]` needs a future that is `Send`, and an error type with `From<Error>`; a job of
//! `#[run_in_reactor]` owns its arguments. A trait, or the `impl` of one, has no room for two
//! functions: put the attribute on a function outside, and call that one from the trait's method.
//! The compiler refuses all of this. The text says what to write instead, except where the
//! attribute is not told where it is used. On a method in the `impl` of a trait, rustc says that
//! "`NAME_async` is not a member" of it; on a method with a body in a trait, that its future
//! "cannot be sent between threads". Only the notes below these errors say to call a function
//! outside. For a whole trait there is [`#[blocking]`](macro@crate::blocking).
//!
//! For a call of a blocking function in a job the compiler has no error; the call returns
//! [`Error::OnReactorThread`](crate::Error::OnReactorThread). Await the async original instead.
//!
//! # The end of the process
//!
//! Jobs are dropped at the end of `main` on Linux (with glibc), Android and macOS, if the reactor
//! was started from the main thread. On Windows, with musl and on the BSDs, if another thread
//! started the reactor, and if another thread calls `exit`, they are not dropped: the process ends,
//! and they with it. See [`guide::shutdown`](crate::guide::shutdown#the-end-of-main).
//!
//! # Windows
//!
//! The crate's calls do the same on Windows as on Unix. What differs is around them:
//!
//! - **The end of `main`** drops no jobs, and does not write what a
//!   [`BackgroundLogger`](crate::BackgroundLogger) still holds, because Windows ends all other
//!   threads first. Hold a [`guard`](crate::guard()) in `main`, or call
//!   [`shutdown`](crate::shutdown) as the last thing, and `log::logger().flush()` after that.
//! - **Ctrl-C** ends the program at once, as on Unix, if the program does not handle it. To handle
//!   it, use the crate async-signal, in a job (`examples/fetch_many.rs` and
//!   `examples/own_executor.rs` do) or on a thread that raises the flag of an
//!   [`interruptible`](crate::interruptible) (`examples/ctrl_c.rs`). There is no `SIGTERM`, and
//!   async-signal does not tell of Ctrl-Break, of a window that is closed, or of a log-off: these
//!   end the program at once.
//! - **Time**: Windows wakes a thread that sleeps with its clock's next tick, which comes every
//!   15.6 ms unless a program asks for more. So a timeout, or the tick of an `interruptible`, may be
//!   late by as much. (This is what Microsoft's documentation says; under Wine it was not seen.)
//! - **`fork`** does not exist, so [`Error::Forked`](crate::Error::Forked) is never returned.
//! - **Child processes**: async-process reads and writes their pipes on threads of the crate
//!   blocking, so what a job has written is on its way only after a `flush`. Flush before you drop
//!   a child's standard input, or the end is lost (`examples/child_process.rs` does).
//! - **Unix sockets** do not exist in `async_net`. Between two programs of one machine use a TCP
//!   socket on loopback; or, with the feature `tokio`, a named pipe: a
//!   [recipe](crate::guide::recipes#this-machine) has both.
//! - **`/etc/resolv.conf`** does not exist, so the DNS examples need `--server`.
//!
//! # Platforms
//!
//! Linux on x86-64 is where all tests run. What is said of Windows was seen under Wine 8.0 only
//! (x86-64, GNU toolchain), where the crate's tests and examples run; nothing has run on Windows
//! itself. Wine does not tell a UDP socket that no one listens at the other end, so that was not
//! seen. For macOS, FreeBSD, Android, 32-bit x86 and 64-bit ARM the crate and its tests are
//! compiled, not run, apart from some tests on 64-bit ARM in an emulator. The README has a table of
//! what ran where.
//!
//! Other systems work if they have threads and async-io can poll there. WebAssembly in a browser
//! has no thread that may block, so this crate is of no use there.
