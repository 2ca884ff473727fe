//! What the library promises, by subject. A test of global state (the global reactor, a logger, a
//! panic hook, threads, forks) has a process of its own: see `own_process!`.

mod bridge;
mod errors;
#[cfg(unix)]
mod fork;
mod job;
#[cfg(feature = "macros")]
mod macros;
mod reactor;
mod result;
mod scope;
mod support;
#[cfg(feature = "macros")]
mod twins;
mod wait_for;
