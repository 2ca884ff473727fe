//! From Python's Crochet: every name of it, and what it is here.
//!
//! # Setup
//!
//! | Python | here | what differs |
//! |---|---|---|
//! | `setup()` | [`setup`](crate::setup) | optional: the first job starts the reactor. It returns the failure to start. Logging is not touched |
//! | `no_setup()` | [`no_setup`](crate::no_setup) | gives a [`Driver`](crate::Driver); run it in the place of `reactor.run()` |
//! | `RuntimeError` of `no_setup()` after `setup()` | [`Error::AlreadySetUp`](crate::Error::AlreadySetUp) | says where it was set up; also after another `no_setup` |
//! | the reactor stops with the main thread | the same, on Unix | also [`shutdown`](crate::shutdown), after which a fresh one can be started, and [`Reactor`](crate::Reactor)s beside the global one |
//!
//! # Functions
//!
//! | Python | here | what differs |
//! |---|---|---|
//! | `@wait_for(timeout=5.0)` | [`#[wait_for(timeout = 5.0)]`](macro@crate::wait_for) | on an `async fn` that returns a `Result`; the timeout may also be any `Duration`, and use the arguments |
//! | – | the function [`wait_for`](crate::wait_for()) | for any future, which may borrow |
//! | `@run_in_reactor` | [`#[run_in_reactor]`](macro@crate::run_in_reactor), the function [`run_in_reactor`](crate::run_in_reactor()) | |
//! | `f.wrapped_function` | `f_async` | renamed or made public by `wrapped = pub name` |
//! | `retrieve_result(uid)` | [`retrieve_result`](crate::retrieve_result) | unknown ids are an error that says so, and so are other types |
//! | `@wait_for_reactor` (deprecated) | `#[wait_for(timeout = Duration::MAX)]` | that there is no timeout has to be written |
//! | `@in_reactor` (deprecated) | `#[run_in_reactor]` | [`in_reactor`](crate::in_reactor) here is a question: is this a reactor thread? |
//!
//! # `EventualResult`
//!
//! | Python | here | what differs |
//! |---|---|---|
//! | `EventualResult(deferred, _reactor)` | – | only `run_in_reactor` makes one, as it ought to there |
//! | `wait(timeout)` | [`wait`](crate::EventualResult::wait) | gives a reference, so that all threads can have it; by value: [`join`](crate::EventualResult::join), [`into_result`](crate::EventualResult::into_result), which cancel when they are late |
//! | `wait()`, `wait(timeout=None)` | `wait(Duration::MAX)` | |
//! | `wait(timeout=0)` in a loop | [`try_wait`](crate::EventualResult::try_wait), [`is_finished`](crate::EventualResult::is_finished) | these may be called on the reactor thread |
//! | `cancel()` | [`cancel`](crate::EventualResult::cancel) | works wherever the job awaits, as a future can be dropped there; then `wait` is [`Error::Cancelled`](crate::Error::Cancelled) |
//! | `original_failure()` | [`original_failure`](crate::EventualResult::original_failure) | an [`Error`](crate::Error), with the job's own error in it |
//! | `original_failure().getTraceback()` | [`Panic::backtrace`](crate::Panic::backtrace), [`Panic::location`](crate::Panic::location) | for panics. An `Err` has the backtrace that its own type takes |
//! | `stash()` | [`stash`](crate::EventualResult::stash) | the id is 128 random bits, not a number that counts up: it may be shown. [`stash_for`](crate::EventualResult::stash_for) forgets |
//! | – | `.await`, [`wait_all`](crate::wait_all), [`wait_any`](crate::wait_any), [`detach`](crate::EventualResult::detach) | |
//! | `DeferredResult` (old name) | [`EventualResult`](crate::EventualResult) | |
//!
//! # Exceptions
//!
//! | Python | here | what differs |
//! |---|---|---|
//! | `TimeoutError` | [`Error::TimedOut`](crate::Error::TimedOut) | says why. In an `io::Error`: `ErrorKind::TimedOut` |
//! | `ReactorStopped` | [`Error::ReactorStopped`](crate::Error::ReactorStopped) | |
//! | `twisted`'s `CancelledError` | [`Error::Cancelled`](crate::Error::Cancelled) | |
//! | `RuntimeError` of `wait()` in the reactor thread | [`Error::OnReactorThread`](crate::Error::OnReactorThread) | also from `wait_for` |
//! | the exception that the code raised | [`Error::Job`](crate::Error::Job), or the plain error where the signature has it | |
//! | an exception nobody looked at is logged | the same, for errors and panics | with the place of the call |
//! | `KeyboardInterrupt` ends a wait | – | Ctrl-C ends the program; with a handler, call `shutdown`. In a host such as Python itself: [`guide::ffi`](crate::guide::ffi) |
//!
//! # From Twisted
//!
//! | Twisted | here |
//! |---|---|
//! | the reactor, `reactor.run()` | [`Reactor`](crate::Reactor), [`Driver::run`](crate::Driver::run) |
//! | a `Deferred` | a future; started, an [`EventualResult`](crate::EventualResult) |
//! | `addCallback`, `addErrback`, `inlineCallbacks` | `.await`, `?`, `async fn` |
//! | `reactor.callFromThread` | [`run_in_reactor`](crate::run_in_reactor()) and `detach` |
//! | `threads.blockingCallFromThread` | [`wait_for`](crate::wait_for()) |
//! | `threads.deferToThread` | [`unblock`](crate::unblock) |
//! | `reactor.callLater`, `LoopingCall` | `async_io::Timer` in a job; the example `scheduling` |
//! | `DeferredList`, `gatherResults` | [`wait_all`](crate::wait_all) outside, `futures_lite::future::zip` or `try_zip` in a job |
//! | objects that live in the reactor thread | [`InReactor`](crate::InReactor) |
//! | `reactor.spawnProcess`, and the work-around that notices its end | the crate async-process; nothing has to be worked around |
//! | `reactor.addSystemEventTrigger("before", "shutdown", ..)` | the `Drop` of what a job owns; [`guide::shutdown`](crate::guide::shutdown#shutdown) |
//!
//! # Logging
//!
//! Python's Crochet passes Twisted's log on to `logging`, from a thread of its own, for handlers that block. Here
//! libraries use the crate `log` or `tracing` on their own, and there is nothing to pass on. The thread for slow
//! loggers is [`BackgroundLogger`](crate::BackgroundLogger). There is little to silence: this crate logs only
//! what went wrong, under the target `crochet` (`error`: failures that nobody has seen; `warn`: slow polls), so a
//! filter such as env_logger's `RUST_LOG=crochet=error` is the equivalent of raising the level of the logger
//! `twisted`.
//!
//! # What has no counterpart
//!
//! Locks of `import`: linking runs nothing, and calls work wherever code runs. Functions that are not async,
//! under `@run_in_reactor` to run them in the right thread: write `async fn`. Cancelling that may or may not
//! happen: here it does, unless the job has ended.
