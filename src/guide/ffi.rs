//! How to interrupt waits in a host: plug-ins and extension modules, where Ctrl-C is the host's.
//!
//! In your own program a handler of the signal can call [`shutdown`](crate::shutdown), which ends
//! every wait; see [`guide::shutdown`](crate::guide::shutdown#ctrl-c). A library inside Python, R,
//! Ruby, an editor or a database has no such handler. The host takes the signal, sets a flag, and
//! acts on it when its own code runs next. A thread that waits in Rust runs none of that, so Ctrl-C
//! seems dead until the wait is over.
//!
//! Such hosts have a function to call now and then: Python's is `PyErr_CheckSignals`.
//! [`interruptible`](crate::interruptible) calls it while this thread sleeps in any call of this
//! crate, however deep in your library, and ends the call once the function says so:
//!
//! ```
//! use crochet::{interruptible, wait_for};
//! use std::{future, io, time::Duration};
//!
//! /// How long the user waits for Ctrl-C to be noticed, at most.
//! const TICK: Duration = Duration::from_millis(50);
//!
//! // Any blocking code on top of this crate, which knows nothing of the host.
//! fn fetch(url: &str) -> io::Result<String> {
//!     wait_for(Duration::from_secs(30), async { future::pending().await })
//! }
//!
//! // The host's answer, here: go on once, then stop.
//! let mut asked = 0;
//! let check_signals = || {
//!     asked += 1;
//!     if asked < 2 { Ok(()) } else { Err("KeyboardInterrupt") }
//! };
//! let page = interruptible(TICK, check_signals, || fetch("http://example.com/"));
//! assert_eq!(page.unwrap_err(), "KeyboardInterrupt");
//! ```
//!
//! The interrupted call does what it does after a timeout: `wait_for` drops its future, with the
//! sockets in it, `join` cancels its job, `wait` leaves the job running. A thread that wakes 20
//! times a second while a user waits costs nothing worth a thought, and a result wakes it at once.
//!
//! # Python
//!
//! With [PyO3](https://pyo3.rs), in full. `detach` (before PyO3 0.26 `allow_threads`) releases the
//! GIL, so that other Python threads run meanwhile; the check takes it for a moment:
//!
//! ```text
//! #[pyfunction]
//! fn fetch(py: Python<'_>, url: &str) -> PyResult<String> {
//!     Ok(py.detach(|| {
//!         crochet::interruptible(
//!             TICK,
//!             || Python::attach(|py| py.check_signals()), // Err(KeyboardInterrupt), or what a handler raised
//!             || client::fetch(url),                      // io::Result<String>: becomes an OSError, or TimeoutError
//!         )
//!     })??)
//! }
//! ```
//!
//! The first `?` raises the exception of the signal, the second one the call's own error. Python
//! runs signal handlers on its main thread only; on any other one the check always succeeds.
//!
//! The package `examples/python` of the repository is such an extension module.
//!
//! # R, Ruby, C
//!
//! A check has to **return**. `R_CheckUserInterrupt` and `rb_thread_check_ints` jump out of their
//! caller instead, past Rust's destructors, so call them through a function that returns. In R:
//!
//! ```text
//! extern "C" fn check(_: *mut c_void) { unsafe { R_CheckUserInterrupt() } }
//!
//! // FALSE if it jumped.
//! let check = || match unsafe { R_ToplevelExec(Some(check), ptr::null_mut()) } {
//!     Rboolean::TRUE => Ok(()),
//!     _ => Err(Interrupt),
//! };
//! crochet::interruptible(TICK, check, || client::fetch(url))
//! ```
//!
//! In Ruby, `rb_thread_call_without_gvl` releases the lock. Its "unblocking function" is called on
//! another thread when this one is to be interrupted, and sets the flag that the check reads:
//!
//! ```text
//! extern "C" fn unblock(flag: *mut c_void) { unsafe { &*flag.cast::<AtomicBool>() }.store(true, Relaxed) }
//!
//! // Without the lock:
//! let check = || if flag.load(Relaxed) { Err(Interrupt) } else { Ok(()) };
//! crochet::interruptible(TICK, check, || client::fetch(url))
//! // Back under the lock, where Ruby raises its exception: rb_thread_check_ints()
//! ```
//!
//! A C interface takes the check as a function with its data, as libcurl and SQLite do (nonzero:
//! stop):
//!
//! ```text
//! #[unsafe(no_mangle)]
//! extern "C" fn client_fetch(client: &Client, check: extern "C" fn(*mut c_void) -> c_int, data: *mut c_void) -> c_int {
//!     let check = || match check(data) { 0 => Ok(()), code => Err(code) };
//!     match crochet::interruptible(TICK, check, || client.fetch()) {
//!         Ok(result) => client.keep(result), // 0, or the code of its error
//!         Err(code) => code,
//!     }
//! }
//! ```
//!
//! # What else to know in a host
//!
//! - **Release the host's lock** around the call, and take it in the check only. Otherwise no other
//!   thread of the host runs, and a job that calls back into the host waits for the lock that its
//!   waiter holds.
//! - **A check runs on the thread that waits.** A host that has a thread for its own code (an
//!   editor, a game) cannot be called back from others: let its code set a flag, and let the check
//!   read that.
//! - **No panic may cross the border.** [`join`](crate::EventualResult::join) and
//!   [`wait_for`](crate::wait_for()) re-raise a job's panic; `wait` and
//!   [`into_result`](crate::EventualResult::into_result) return it as
//!   [`Error::Panicked`](crate::Error::Panicked). Binding crates such as PyO3 catch panics. In an
//!   `extern "C"` function of your own, use `catch_unwind`, or the two that return it.
//! - **Hosts fork**: Python's `multiprocessing` may, and so do pre-forking web servers. A child
//!   gets [`Error::Forked`](crate::Error::Forked) once its parent has had a reactor; see
//!   [`guide::limits`](crate::guide::limits#fork). Have the first job start after that.
//! - **Stay loaded.** The thread `async-io` never ends, so a library that uses this crate must not
//!   be unloaded (`dlclose`). Before the host ends, [`shutdown`](crate::shutdown) drops the jobs in
//!   order, also where the host's `main` did not start them.
//! - **Logs** go to the crate `log` under the target `crochet`. A logger that hands records to the
//!   host needs its lock: wrap it in a [`BackgroundLogger`](crate::BackgroundLogger), so that jobs
//!   do not wait for it.
