//! Call async code from ordinary blocking Rust.

#[doc(hidden)]
pub mod __private;
mod attributes;
mod current;
mod driver;
mod error;
mod eventual;
mod global;
#[cfg(all(feature = "macros", any(doc, doctest)))]
pub mod guide;
mod job;
mod notice;
mod occupancy;
mod os;
mod outcome;
mod panic;
mod reactor;
mod scoped;
mod shared;
mod slot;
mod stash;
mod sync;
mod ticket;
mod unblock;

pub use attributes::Eventual;
#[cfg(feature = "macros")]
pub use attributes::{run_in_reactor, wait_for};
pub use current::in_reactor;
pub use driver::Driver;
pub use error::{BlockedBy, Error, JobState, TimedOut};
pub use eventual::{EventualFuture, EventualResult};
pub use global::{no_setup, run_in_reactor, setup, setup_with, shutdown, wait_for};
pub use panic::{Panic, PanicLocation};
pub use reactor::{Builder, Reactor};
pub use stash::{ParseResultIdError, ResultId, RetrieveError, retrieve_result};
pub use unblock::unblock;

/// A `Result` whose error is the crate's own, unless it says otherwise.
pub type Result<T, E = Error> = std::result::Result<T, E>;
