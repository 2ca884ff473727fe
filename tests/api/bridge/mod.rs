//! Between async and blocking code: streams, items, values that stay in the reactor, blocking work, a logger.

mod background_logger;
mod held;
mod in_reactor;
mod in_reactor_end;
mod io;
mod io_refused;
mod iter;
mod iter_ahead;
mod unblock;
