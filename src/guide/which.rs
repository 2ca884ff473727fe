//! Which one do I need? From what you want to the name of it.
//!
//! # Calling async code
//!
//! | you want | use |
//! |---|---|
//! | the result of an async call, here and now | [`wait_for`](crate::wait_for()): blocks, the future may borrow, a timeout drops it |
//! | a blocking function instead of an `async fn` | [`#[wait_for]`](macro@crate::wait_for) |
//! | to start something, and ask for its result later, or from other threads | [`run_in_reactor`](crate::run_in_reactor()), then [`wait`](crate::EventualResult::wait) |
//! | a function that does that | [`#[run_in_reactor]`](macro@crate::run_in_reactor) |
//! | to run a future that is not `Send` | [`run_in_reactor`](crate::run_in_reactor()): the closure has to be, the future has not |
//! | a timeout that holds even if the job itself computes or blocks | `run_in_reactor(..)` and [`join`](crate::EventualResult::join) |
//! | to start something, and forget it | `run_in_reactor(..)` and [`detach`](crate::EventualResult::detach); a failure is logged |
//! | blocking code inside a job | [`unblock`](crate::unblock) |
//!
//! # With a result that comes later
//!
//! | you want | use |
//! |---|---|
//! | to look, and not to wait | [`try_wait`](crate::EventualResult::try_wait), [`is_finished`](crate::EventualResult::is_finished) |
//! | to wait a while, do something else, and wait again | [`wait`](crate::EventualResult::wait): one that is late changes nothing |
//! | to wait once, and give up for good when it is late | [`join`](crate::EventualResult::join), or [`into_result`](crate::EventualResult::into_result), which tells the crate's errors from the job's |
//! | to stop the job | [`cancel`](crate::EventualResult::cancel), and `wait` to know that it is gone |
//! | to wait in async code | `.await` the [`EventualResult`](crate::EventualResult), on any executor |
//! | to find it again with the next request of a web session | [`stash`](crate::EventualResult::stash), [`stash_for`](crate::EventualResult::stash_for), [`retrieve_result`](crate::retrieve_result) |
//! | to wait until all of many are done, or one is | [`wait_all`](crate::wait_all), [`wait_any`](crate::wait_any) |
//! | to have Ctrl-C, or the host of a plug-in, interrupt the wait | `wait` in a loop: [`guide::ffi`](crate::guide::ffi) |
//!
//! # With things that are async
//!
//! | you have | use |
//! |---|---|
//! | an async stream of items, and want a `for` loop | [`iter`](crate::iter()) |
//! | an async socket, file or pipe, and code that wants `Read`, `Write`, `BufRead` or `Seek` | [`io::Blocking`](crate::io::Blocking) |
//! | an object that has to stay on its thread, and threads that want to use it | [`InReactor`](crate::InReactor) |
//! | a library that is built on tokio | the feature [`tokio`](crate#feature-tokio) |
//!
//! # The reactor
//!
//! | you want | use |
//! |---|---|
//! | it to start by itself | nothing |
//! | it to start early, or with settings | [`setup`](crate::setup), [`setup_with`](crate::setup_with) and a [`Builder`](crate::Builder) |
//! | jobs on the executor that your application has anyway | [`no_setup`](crate::no_setup) and [`Driver::run`](crate::Driver::run) |
//! | jobs that do not share a thread with the others | a [`Reactor`](crate::Reactor) of your own |
//! | to stop it, drop its jobs, and free who waits | [`shutdown`](crate::shutdown), [`Reactor::shutdown`](crate::Reactor::shutdown) |
//! | to know whether a blocking call would be refused here | [`in_reactor`](crate::in_reactor) |
//!
//! # To see what goes on
//!
//! | you want | use |
//! |---|---|
//! | to list the jobs that there are, their age and their state | [`jobs`](crate::jobs()) |
//! | to know why a wait was late | what the error says; in code, [`TimedOut`](crate::TimedOut) |
//! | to find the job that holds up the others | the log, at `warn`: [`Builder::slow_poll`](crate::Builder::slow_poll) |
//! | a logger that writes slowly not to hold up jobs | [`BackgroundLogger`](crate::BackgroundLogger) |
//! | the caller's spans around its jobs | the feature [`tracing`](crate#feature-tracing) |
//! | the place and the backtrace of a job's panic | [`Panic`](crate::Panic), from [`into_result`](crate::EventualResult::into_result) or `wait` |
//!
//! # `wait_for` or `run_in_reactor`?
//!
//! `wait_for`, as long as one thread wants one result and has nothing else to do. It borrows, so nothing has to
//! be cloned; there is nothing to forget, as nothing is left behind; and errors are those of the job. Take
//! `run_in_reactor` when the job outlives the call.
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
