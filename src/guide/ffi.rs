//! How to interrupt a wait: plug-ins and extension modules, where Ctrl-C belongs to somebody else.
//!
//! In a program of your own a handler of the signal calls [`shutdown`](crate::shutdown), and every wait is over;
//! the example `ctrl_c` does so. A library inside of Python, R, Ruby, an editor or a database has no such say.
//! The host takes the signal, sets a flag, and acts on it when its own code runs next. A thread that waits in
//! Rust runs none of that, so Ctrl-C seems dead until the wait is over.
//!
//! Such hosts have a function to call now and then: Python's is `PyErr_CheckSignals`, PyO3's
//! `Python::check_signals`. A [`wait`](crate::EventualResult::wait) that is late changes nothing, so wait in
//! small pieces, and call it in between:
//!
//! ```
//! use crochet::{Error, EventualResult};
//! use std::io;
//! use std::time::{Duration, Instant};
//!
//! /// How long the user waits for Ctrl-C to be heard, at the most.
//! const TICK: Duration = Duration::from_millis(50);
//!
//! /// Waits as `join` does, and asks the host now and then whether to go on.
//! fn join_checking<T, E: From<Error>>(
//!     job: EventualResult<T, E>,
//!     timeout: Duration,
//!     mut check_signals: impl FnMut() -> Result<(), E>,
//! ) -> Result<T, E> {
//!     let start = Instant::now();
//!     loop {
//!         let left = timeout.saturating_sub(start.elapsed());
//!         if left <= TICK {
//!             return job.join(left); // the last piece: late now is late
//!         }
//!         if !matches!(job.wait(TICK), Err(Error::TimedOut(_))) {
//!             return job.join(Duration::ZERO); // it has an outcome
//!         }
//!         if let Err(interrupted) = check_signals() {
//!             job.cancel(); // dropping it would let it run on
//!             return Err(interrupted);
//!         }
//!     }
//! }
//!
//! // What the host says, here: go on once, then stop.
//! let mut asked = 0;
//! let check_signals = || {
//!     asked += 1;
//!     if asked < 2 { Ok(()) } else { Err(io::Error::from(io::ErrorKind::Interrupted)) }
//! };
//! let never = crochet::run_in_reactor(|| std::future::pending::<io::Result<()>>());
//! let error = join_checking(never, Duration::MAX, check_signals).unwrap_err();
//! assert_eq!(error.kind(), io::ErrorKind::Interrupted);
//! assert_eq!(asked, 2);
//!
//! let quick = crochet::run_in_reactor(|| async { Ok::<_, io::Error>("done") });
//! assert_eq!(join_checking(quick, Duration::from_secs(60), || Ok(()))?, "done");
//! # Ok::<(), io::Error>(())
//! ```
//!
//! A thread that wakes 20 times a second for as long as a user waits costs nothing worth a thought. The job
//! itself is not disturbed by it. Where the timeout strikes, the error counts from the last piece; if the text
//! goes to the user, make one of your own. To wait until the job is really gone, with its sockets, `wait` once
//! more after `cancel`.
//!
//! # What else to know in a host
//!
//! - **The check has to return.** R's `R_CheckUserInterrupt` and Ruby's `rb_thread_check_ints` jump out of their
//!   caller instead, past Rust's destructors. Call them through `R_ToplevelExec`, or `rb_protect`, which do
//!   return.
//! - **Let go of the host's lock** around each `wait`, and take it for the check: in Python the GIL
//!   (`Python::detach`, before PyO3 0.26 `allow_threads`). Else no other thread of the host runs, and a job that
//!   calls back into the host waits for the lock that its waiter holds.
//! - **No panic may cross the border.** [`join`](crate::EventualResult::join) and [`wait_for`](crate::wait_for())
//!   go on with a job's panic; `wait` and [`into_result`](crate::EventualResult::into_result) return it as
//!   [`Error::Panicked`](crate::Error::Panicked). Binding crates such as PyO3 catch panics; in an `extern "C"`
//!   function of your own use the latter.
//! - **Hosts fork**: Python's `multiprocessing` may, and so do pre-forking web servers. A child gets
//!   [`Error::Forked`](crate::Error::Forked) once its parent has had a reactor; see
//!   [`guide::limits`](crate::guide::limits#fork). Have the first job start after that.
//! - **Stay loaded.** The thread `async-io` never ends, so a library that uses this crate must not be unloaded
//!   (`dlclose`). Before the host ends, [`shutdown`](crate::shutdown) drops the jobs in order, also where the
//!   host's `main` did not start them.
//! - **Logs** go to the crate `log` under the target `crochet`. A logger that hands records to the host needs its
//!   lock: wrap it in a [`BackgroundLogger`](crate::BackgroundLogger), so that jobs do not wait for that.
