//! What each name of Python's Crochet is called here.
//!
//! # Setup
//!
//! | Python | here | what differs |
//! |---|---|---|
//! | `setup()` | [`setup`](crate::setup) | optional, as the first job starts the reactor; returns an error if the reactor cannot start; does not touch logging |
//! | `no_setup()` | [`no_setup`](crate::no_setup) | returns a [`Driver`](crate::Driver), to run in the place of `reactor.run()` |
//! | `RuntimeError` of `no_setup()` after `setup()` | [`Error::AlreadySetUp`](crate::Error::AlreadySetUp) | says where the reactor was set up; also after another `no_setup` |
//! | the reactor stops with the main thread | the same, on Linux and macOS; elsewhere hold a [`guard`](crate::guard()) in `main` | also [`shutdown`](crate::shutdown), after which a fresh reactor can start, and [`Reactor`](crate::Reactor)s beside the global one |
//!
//! # Functions
//!
//! | Python | here | what differs |
//! |---|---|---|
//! | `@wait_for(timeout=5.0)` | [`#[wait_for(timeout = 5.0)]`](macro@crate::wait_for) | on an `async fn` that returns a `Result`; the timeout may also be any `Duration`, and use the arguments |
//! | – | the function [`wait_for`](crate::wait_for()) | for any future; the future may borrow |
//! | `@run_in_reactor` | [`#[run_in_reactor]`](macro@crate::run_in_reactor), the function [`run_in_reactor`](crate::run_in_reactor()) | |
//! | `f.wrapped_function` | `f_async` | `wrapped = pub name` renames it or makes it public |
//! | `retrieve_result(uid)` | [`retrieve_result`](crate::retrieve_result) | an unknown id and a wrong type are two different errors |
//! | `@wait_for_reactor` (deprecated) | `#[wait_for(timeout = Duration::MAX)]` | waiting for ever has to be written out |
//! | `@in_reactor` (deprecated) | `#[run_in_reactor]` | here, [`in_reactor`](crate::in_reactor) tells whether this is a reactor thread |
//!
//! # `EventualResult`
//!
//! | Python | here | what differs |
//! |---|---|---|
//! | `EventualResult(deferred, _reactor)` | – | only `run_in_reactor` makes one |
//! | `wait(timeout)` | [`wait`](crate::EventualResult::wait) | returns a reference, so that all threads can have the result; by value: [`join`](crate::EventualResult::join), [`into_result`](crate::EventualResult::into_result), which cancel the job at the timeout |
//! | `wait()`, `wait(timeout=None)` | `wait(Duration::MAX)` | |
//! | `wait(timeout=0)` in a loop | [`try_wait`](crate::EventualResult::try_wait), [`is_finished`](crate::EventualResult::is_finished) | can be called on the reactor thread, too |
//! | `cancel()` | [`cancel`](crate::EventualResult::cancel) | works wherever the job awaits, by dropping its future; then `wait` returns [`Error::Cancelled`](crate::Error::Cancelled) |
//! | `original_failure()` | [`original_failure`](crate::EventualResult::original_failure) | an [`Error`](crate::Error) that contains the job's own error |
//! | `original_failure().getTraceback()` | [`Panic::backtrace`](crate::Panic::backtrace), [`Panic::location`](crate::Panic::location) | for panics; whether an `Err` has a backtrace is up to its type |
//! | `stash()` | [`stash`](crate::EventualResult::stash) | the id is 128 random bits, not a counter, so it can be shown; [`stash_for`](crate::EventualResult::stash_for) has a time limit, [`stash_as`](crate::EventualResult::stash_as) keeps the id |
//! | – | `.await`, [`wait_all`](crate::wait_all), [`wait_any`](crate::wait_any), [`detach`](crate::EventualResult::detach) | |
//! | `DeferredResult` (old name) | [`EventualResult`](crate::EventualResult) | |
//!
//! # Exceptions
//!
//! | Python | here | what differs |
//! |---|---|---|
//! | `TimeoutError` | [`Error::TimedOut`](crate::Error::TimedOut) | says why; as an `io::Error`, its kind is `TimedOut` |
//! | `ReactorStopped` | [`Error::ReactorStopped`](crate::Error::ReactorStopped) | |
//! | `twisted`'s `CancelledError` | [`Error::Cancelled`](crate::Error::Cancelled) | |
//! | `RuntimeError` of `wait()` in the reactor thread | [`Error::OnReactorThread`](crate::Error::OnReactorThread) | also from `wait_for` |
//! | the exception that the code raised | [`Error::Job`](crate::Error::Job), or the error itself where the signature says so | |
//! | an exception that was never looked at is logged | the same, for errors and panics | the line has the place of the call |
//! | `KeyboardInterrupt` ends a wait | [`interruptible`](crate::interruptible), [`Error::Interrupted`](crate::Error::Interrupted) | without a handler Ctrl-C ends the program; in a host such as Python itself, see [`guide::ffi`](crate::guide::ffi) |
//!
//! # From Twisted
//!
//! | Twisted | here |
//! |---|---|
//! | the reactor, `reactor.run()` | [`Reactor`](crate::Reactor), [`Driver::run`](crate::Driver::run) |
//! | a `Deferred` | a future; once started, an [`EventualResult`](crate::EventualResult) |
//! | `addCallback`, `addErrback`, `inlineCallbacks` | `.await`, `?`, `async fn` |
//! | `reactor.callFromThread` | [`run_in_reactor`](crate::run_in_reactor()) and `detach` |
//! | `threads.blockingCallFromThread` | [`wait_for`](crate::wait_for()) |
//! | `threads.deferToThread` | [`unblock`](crate::unblock) |
//! | `reactor.callLater`, `LoopingCall` | `async_io::Timer` in a job, as in `examples/scheduling.rs` |
//! | `DeferredList`, `gatherResults` | [`wait_all`](crate::wait_all) in blocking code, `futures_lite::future::zip` or `try_zip` in a job |
//! | objects that live in the reactor thread | [`InReactor`](crate::InReactor) |
//! | `reactor.spawnProcess`, and the work-around that notices its end | the crate async-process, without a work-around |
//! | `reactor.addSystemEventTrigger("before", "shutdown", ..)` | the `Drop` of what a job owns; [`guide::shutdown`](crate::guide::shutdown#shutdown) |
//!
//! # Logging
//!
//! Python's Crochet passes Twisted's log on to `logging`, from a thread of its own, because
//! handlers may block. Here libraries use the crate `log` or `tracing` themselves, so there is
//! nothing to pass on. The thread for slow loggers is
//! [`BackgroundLogger`](crate::BackgroundLogger). This crate logs little, under the target
//! `crochet`: failures that the program never looked at (`error`), and slow polls (`warn`). A
//! filter such as env_logger's `RUST_LOG=crochet=error` does what raising the level of the logger
//! `twisted` does there.
//!
//! # What has no counterpart
//!
//! - **Import locks**: linking runs nothing, and the crate's calls work wherever code runs.
//! - **Functions that are not async under `@run_in_reactor`**, to run them on the right thread:
//!   write `async fn`.
//! - **Cancelling that may or may not happen**: here it does happen, unless the job has ended.
