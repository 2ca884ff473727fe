//! Which function do I need?
//!
//! # To call async code
//!
//! | to | use |
//! |---|---|
//! | get the result of an async call, here and now | [`wait_for`](crate::wait_for()): blocks; the future may borrow; a timeout drops it |
//! | the same, with an error type of another crate | [`wait_for_wrapped`](crate::wait_for_wrapped): see [`guide::errors`](crate::guide::errors) |
//! | have a blocking API instead of a whole async one | [`#[blocking]`](macro@crate::blocking): see [`guide::twins`](crate::guide::twins) |
//! | have a blocking function instead of an `async fn` | [`#[wait_for]`](macro@crate::wait_for) |
//! | start something, and ask for the result later or from other threads | [`run_in_reactor`](crate::run_in_reactor()), then [`wait`](crate::EventualResult::wait) |
//! | have a function that does that | [`#[run_in_reactor]`](macro@crate::run_in_reactor) |
//! | run a future that is not `Send` | [`run_in_reactor`](crate::run_in_reactor()): the closure must be `Send`, the future need not be |
//! | have a timeout that holds even if the job itself computes or blocks | `run_in_reactor(..)` and [`join`](crate::EventualResult::join) |
//! | start something, and forget it | `run_in_reactor(..)` and [`detach`](crate::EventualResult::detach); a failure is logged |
//! | run blocking code inside a job | [`unblock`](crate::unblock) |
//!
//! # To limit blocking code
//!
//! | to | use |
//! |---|---|
//! | limit one call | its timeout |
//! | limit many calls by one deadline, also those inside a library | [`within`](crate::within) |
//! | have Ctrl-C, a flag, or the host of a plug-in end the calls of a thread | [`interruptible`](crate::interruptible): see [`guide::shutdown`](crate::guide::shutdown#ctrl-c), and for hosts [`guide::ffi`](crate::guide::ffi) |
//! | end all waits, for good | [`shutdown`](crate::shutdown) |
//!
//! # With a result that comes later
//!
//! | to | use |
//! |---|---|
//! | look, without waiting | [`try_wait`](crate::EventualResult::try_wait), [`is_finished`](crate::EventualResult::is_finished) |
//! | wait a while, do something else, and wait again | [`wait`](crate::EventualResult::wait): a timed-out `wait` leaves the job running |
//! | wait once, and give up for good at the timeout | [`join`](crate::EventualResult::join); or [`into_result`](crate::EventualResult::into_result), which tells the crate's errors from the job's |
//! | stop the job | [`cancel`](crate::EventualResult::cancel), and `wait` to be sure that it is gone |
//! | wait in async code | `.await` the [`EventualResult`](crate::EventualResult), on any executor |
//! | find the result again in the next request of a web session | [`stash`](crate::EventualResult::stash) or [`stash_for`](crate::EventualResult::stash_for), [`retrieve_result`](crate::retrieve_result); [`stash_as`](crate::EventualResult::stash_as) to put it back under its id |
//! | wait until all of many results are there, or one of them is | [`wait_all`](crate::wait_all), [`wait_any`](crate::wait_any) |
//! | handle many results as they come | [`iter`](crate::iter()): see [below](#results-as-they-come) |
//!
//! # With things that are async
//!
//! | you have | use |
//! |---|---|
//! | an async stream of items, and want a `for` loop | [`iter`](crate::iter()) |
//! | an async socket, file or pipe, and code that needs `Read`, `Write`, `BufRead` or `Seek` | [`io::Blocking`](crate::io::Blocking) |
//! | an object that must stay on one thread, and other threads that use it | [`InReactor`](crate::InReactor) |
//! | a library that is built on tokio | the feature [`tokio`](crate::guide::tokio) |
//! | a value of such a library, kept by an ordinary thread | [`Held`](crate::Held), or [`in_context`](crate::in_context) to drop it |
//!
//! # The reactor
//!
//! | to | use |
//! |---|---|
//! | have it start by itself | nothing |
//! | start it early, or with settings | [`setup`](crate::setup), [`setup_with`](crate::setup_with) and a [`Builder`](crate::Builder) |
//! | run jobs on the executor that your application already has | [`no_setup`](crate::no_setup) and [`Driver::run`](crate::Driver::run) |
//! | have jobs that do not share a thread with the others | your own [`Reactor`](crate::Reactor) |
//! | stop it, drop its jobs, and wake all waiters | [`shutdown`](crate::shutdown), [`Reactor::shutdown`](crate::Reactor::shutdown) |
//! | limit how many unfinished jobs it takes | [`Builder::max_jobs`](crate::Builder::max_jobs); without a limit see [`guide::limits`](crate::guide::limits#jobs-without-a-bound) |
//! | keep the end of `main` from stopping it | [`Builder::end_of_main`](crate::Builder::end_of_main) |
//! | switch its busy-wait off, or bound it | [`Builder::spin`](crate::Builder::spin), or the environment variable `CROCHET_SPIN` |
//! | find out whether a blocking call would be refused here | [`in_reactor`](crate::in_reactor) |
//!
//! # To see what is going on
//!
//! | to | use |
//! |---|---|
//! | list the unfinished jobs, with their age and state | [`jobs`](crate::jobs()) |
//! | find a certain job in that list | [`EventualResult::id`](crate::EventualResult::id) |
//! | learn why a wait timed out | the text of the error; in code, [`TimedOut`](crate::TimedOut) |
//! | find the job that holds up the others | the log, at level `warn`: [`Builder::slow_poll`](crate::Builder::slow_poll) |
//! | keep a slow logger from holding up jobs | [`BackgroundLogger`](crate::BackgroundLogger) |
//! | have the caller's spans around its jobs | the feature [`tracing`](crate#feature-tracing) |
//! | get the place and the backtrace of a job's panic | [`Panic`](crate::Panic), from [`into_result`](crate::EventualResult::into_result) or `wait` |
//!
//! # `wait_for` or `run_in_reactor`?
//!
//! Take `wait_for` as long as one thread wants one result and has nothing else to do. The future
//! can borrow, so nothing has to be cloned; nothing is left behind, so there is nothing to clean
//! up; and the errors are those of the job. Take `run_in_reactor` when the job outlives the call.
//!
//! ```
//! use crochet::{run_in_reactor, wait_for};
//! use std::{io, time::Duration};
//!
//! async fn length(text: &str) -> io::Result<usize> {
//!     Ok(text.len()) // or ask a server
//! }
//!
//! let text = String::from("knit one");
//! // Here and now: `text` is borrowed.
//! assert_eq!(wait_for(Duration::from_secs(60), length(&text))?, 8);
//! // Later: the job has to own it.
//! let job = run_in_reactor(move || async move { length(&text).await });
//! assert_eq!(job.join(Duration::from_secs(60))?, 8);
//! # Ok::<(), io::Error>(())
//! ```
//!
//! # Results as they come
//!
//! To fetch a thousand pages, fifty at a time, and handle each page as soon as it is there, let a
//! stream do the counting (here with the crate futures-util), and [`iter`](crate::iter()) make a
//! `for` loop of it:
//!
//! ```
//! use futures_util::{StreamExt, stream};
//! use std::{io, time::Duration};
//!
//! async fn fetch(url: String) -> io::Result<usize> {
//!     # async_io::Timer::after(Duration::from_millis(1)).await;
//!     Ok(url.len()) // or download it
//! }
//!
//! let urls = (0..1000).map(|n| format!("http://localhost/{n}"));
//! let pages = stream::iter(urls).map(fetch).buffer_unordered(50);
//! let mut bytes = 0;
//! for page in crochet::iter(pages).timeout(Duration::from_secs(60)) {
//!     bytes += page??; // the first `?` is for the timeout, the second for `fetch`
//! }
//! assert_eq!(bytes, 19_890);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! All of it is one job at a time, so nothing has to be `'static` and no handle has to be kept.
//! Leaving the loop drops the requests that are still under way. The requests make progress only
//! while the loop waits for the next page; if the loop is slow itself,
//! [`read_ahead`](crate::Iter::read_ahead) keeps them going meanwhile.
//!
//! The program `examples/fetch_many.rs` does this with real requests, and ends the stream on
//! Ctrl-C: `.take_until(ctrl_c.next())`, where `ctrl_c` is a stream of signals of the crate
//! async-signal.
