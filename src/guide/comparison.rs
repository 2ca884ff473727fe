//! How this compares: with async/await, tokio, smol, pollster and `reqwest::blocking`.
//!
//! # With async/await
//!
//! They are not rivals: a job is written with async/await. This crate is about who calls it.
//!
//! | | `.await` | a call of this crate |
//! |---|---|---|
//! | whose code it is in | async functions only, all the way up to a runtime | any function |
//! | what the thread does meanwhile | other tasks | it sleeps |
//! | how many can wait at once | as many as memory holds | as many as you have threads; jobs of [`run_in_reactor`](crate::run_in_reactor()) as memory holds |
//! | when it starts | when polled | at the call |
//! | how it ends early | its owner drops it | timeout, [`cancel`](crate::EventualResult::cancel), [`shutdown`](crate::shutdown): all of them drop it |
//! | what it may borrow | anything | with `wait_for` anything, with `run_in_reactor` nothing |
//! | a panic | goes up the caller's stack | stays in the job, and goes on in who waits, or is returned |
//!
//! So: async inside, where many things wait at once; blocking outside, where one thing is done after the other.
//! In a job never call a blocking function of this crate: `lookup_async(..).await`, not `lookup(..)`.
//!
//! # With tokio
//!
//! A runtime for programs that are async, with many threads, and the largest set of libraries. From a blocking
//! program one makes a `Runtime`, keeps it somewhere, and calls `block_on`, or `spawn` with a channel for the
//! result.
//!
//! What you do not have to do here: decide who owns the runtime and when it ends; pass a `Handle` around; add
//! `tokio::time::timeout` to each call, and turn its error into yours; make what you spawn `Send` and `'static`;
//! find out that a caller is in a runtime already, where `block_on` and `blocking_recv` panic. What you do not
//! get: jobs on many threads. And it is not either or: with the feature [`tokio`](crate#feature-tokio) jobs use
//! tokio's libraries, and an application on tokio can [drive the jobs
//! itself](crate::guide::shutdown#an-application-with-an-executor-of-its-own).
//!
//! # With smol
//!
//! This crate is made of the same parts: async-io, async-executor, blocking. `smol::block_on` runs a future on
//! the calling thread, and `smol::spawn` on a global executor; a `Task` that is dropped is cancelled. It is the
//! best choice for a program that is async and small. What is added here is the bridge: timeouts that cancel and
//! tell why, results for several threads and for later requests, failures that are not lost, futures that are not
//! `Send` started from any thread, a shutdown that frees who waits, and an answer instead of a deadlock when a
//! job blocks on its own reactor.
//!
//! # With pollster
//!
//! One function, `block_on`, and little code: it polls, and parks the thread. There is no reactor in it, so a
//! future that needs one has to bring its own (async-io's do). For a single call with no timeout it is all you
//! need. Nothing goes on between two calls: no background job, no keep-alive, no timer.
//!
//! # With `reqwest::blocking`
//!
//! A blocking library over an async one, done by hand, for HTTP: each client starts a thread with a tokio
//! runtime, and its methods send their work there. It is good at that, and if a few HTTP requests are what you
//! want, use it. The bridge is private: the next library (a database, DNS, MQTT) has to write it again, with its
//! own thread, its own timeouts, and its own answer to being called in a runtime, which there may be a panic.
//! This crate is that bridge for all of them: one thread, one set of rules. The example `tokio_client` does with
//! reqwest's async side what `reqwest::blocking` does, and the example `drop_in` is a client library whose users
//! see no more of this crate than those of reqwest do of its thread.
//!
//! # With threads, and nothing async
//!
//! A thread for each task, with `std::net` and its timeouts, is simple and often right. It ends where a call
//! cannot be given a timeout or be cancelled (resolving a name, a read that hangs, a child process), where
//! thousands wait, and where the library that you need is async.
