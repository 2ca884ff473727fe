//! Bridges between blocking code and async things other than a single future: streams, values,
//! loggers, threads.

pub(crate) mod background_logger;
mod fair_mutex;
pub(crate) mod in_reactor;
pub mod io;
pub(crate) mod iter;
pub(crate) mod unblock;
