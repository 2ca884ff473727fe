//! Bridges from blocking code to other async things than a single future, built on the public API.

pub(crate) mod background_logger;
mod fair_mutex;
pub(crate) mod in_reactor;
pub mod io;
pub(crate) mod iter;
pub(crate) mod unblock;
