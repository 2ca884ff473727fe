//! How this compares with async/await, tokio, smol, pollster, `reqwest::blocking`, and with what
//! else makes a blocking API of an async one: maybe-async, bisync, synca, block_on_proc.
//!
//! # With async/await
//!
//! They are not rivals: a job is written with async/await. This crate is about the code that calls
//! it.
//!
//! | | `.await` | a call of this crate |
//! |---|---|---|
//! | where it can be written | in async functions only, all the way up to a runtime | in any function |
//! | what the thread does meanwhile | it runs other tasks | it sleeps |
//! | how many can wait at once | as many as the memory holds | one for each of your threads; with [`run_in_reactor`](crate::run_in_reactor()) as many as the memory holds |
//! | when the work starts | when the future is polled | at the call |
//! | how the work ends early | its owner drops it | a timeout, [`cancel`](crate::EventualResult::cancel) or [`shutdown`](crate::shutdown) drops it |
//! | what it may borrow | anything | with `wait_for` anything, with `run_in_reactor` nothing |
//! | a panic | unwinds the caller's stack | stays in the job, and is re-raised in the caller or returned |
//!
//! So: write async code where many things wait at once, and blocking code where one thing is done
//! after the other. In a job, never call a blocking function of this crate: write
//! `lookup_async(..).await`, not `lookup(..)`.
//!
//! # With tokio
//!
//! A runtime for programs that are async, with many threads and the largest set of libraries. A
//! blocking program makes a `Runtime`, keeps it somewhere, and calls `block_on`, or `spawn` with a
//! channel for the result.
//!
//! What this crate does for you there: it decides which part of the program owns the runtime and
//! when the runtime ends; you pass no `Handle` around; each call has a timeout, and its error is
//! already yours; what you run need not be `Send` and `'static`; and a call from inside a runtime
//! works, where `block_on` and `blocking_recv` panic. What it does not give you: jobs on many
//! threads. You can also have both: with the feature [`tokio`](crate::guide::tokio) jobs use
//! tokio's libraries, and an application on tokio can
//! [drive the jobs itself](crate::guide::shutdown#an-application-with-its-own-executor).
//!
//! # With smol
//!
//! This crate is made of the same parts: async-io, async-executor, blocking. `smol::block_on` runs
//! a future on the calling thread, and `smol::spawn` on a global executor; dropping a `Task`
//! cancels it. For a small program that is async, smol is the best choice. This crate adds the
//! bridge from blocking code: timeouts that cancel and say why, results for several threads and for
//! later requests, failures that are not lost, futures that are not `Send` started from any thread,
//! a shutdown that wakes all waiters, and an error instead of a deadlock when a job blocks on its
//! own reactor.
//!
//! # With pollster
//!
//! One function, `block_on`, and little code: it polls the future and parks the thread. It has no
//! reactor, so a future that needs one must bring its own (those of async-io do). For a single call
//! without a timeout that is all you need. Between two calls nothing runs: no background job, no
//! keep-alive, no timer.
//!
//! # With `reqwest::blocking`
//!
//! A blocking library over an async one, made by hand, for HTTP. Each client starts a thread with a
//! tokio runtime, and its methods send their work there. It does that well; if a few HTTP requests
//! are all you want, use it. But its bridge is private: the next library (for a database, DNS,
//! MQTT) has to write one again, with a thread of its own, timeouts of its own, and its own
//! reaction to being called inside a runtime, which may be a panic. This crate is one bridge for
//! all of them, with one thread and one set of rules. The program
//! `examples/tokio_client/src/main.rs` of the repository does with reqwest's async side what
//! `reqwest::blocking` does, and `examples/drop_in.rs` contains a client library whose users see no
//! more of this crate than users of reqwest see of its thread.
//!
//! # With maybe-async, bisync, synca and block_on_proc
//!
//! Macros that give an async library a blocking API, as [twins](crate::guide::twins) do. The first
//! three remove the words `async` and `.await`, and compile what is left; block_on_proc calls
//! `block_on` in each function. They were tried with a client that connects, asks, and returns a
//! stream (maybe-async 0.2.11, synca 0.5.3, block_on_proc 0.2.0; all releases of bisync are yanked,
//! so it could only be read).
//!
//! | | maybe-async | bisync, synca | block_on_proc | `#[crochet::blocking]` |
//! |---|---|---|---|---|
//! | your code is compiled | once, as one or the other | twice | once | once |
//! | both APIs in one program | no: a feature of the whole build decides | yes, as two modules | yes, as `get` and `get_blocking` of one type | yes, as two types |
//! | async I/O, as of tokio | does not compile in the blocking form: a second I/O layer is yours to write | the same | works | works |
//! | what runs the future | nothing, there is none | nothing, there is none | a new tokio runtime for each call, which takes 150 µs and more | the reactor, which is kept |
//! | a connection kept between two calls | yes | yes | no: the second call fails with "context was found, but it is being shutdown" | yes |
//! | called inside a tokio runtime | blocks | blocks | panics | blocks |
//! | timeouts that cancel | no | no | no | yes |
//! | `impl Stream` | stays a stream | stays a stream | stays a stream | an iterator |
//! | types that have a blocking form | the same type | copied types | not replaced | `types(A as B)` |
//! | threads of its own | none | none | those of the runtimes | one |
//!
//! So: if the blocking form has I/O of its own anyway, as drivers for embedded devices and parsers
//! have, the first three give you blocking code with no runtime in it, which is what you want
//! there. If your library stands on async I/O, they cannot help.
//!
//! # With threads, and nothing async
//!
//! A thread for each task, with `std::net` and its timeouts, is simple and often right. It is not
//! enough where a call takes no timeout and cannot be cancelled (resolving a name, a read that
//! hangs, a child process), where thousands of tasks wait, and where the library that you need is
//! async.
