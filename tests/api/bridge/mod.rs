//! Between async and blocking code: streams, items, values that stay in the reactor, blocking work,
//! a logger.

mod background_logger;
mod held;
mod in_reactor;
mod in_reactor_end;
mod io;
mod io_refused;
mod iter;
mod iter_ahead;
mod merge_errors;
mod unblock;

use std::net::{TcpListener, TcpStream};

/// A connection: an async end, and an ordinary one.
pub(crate) fn pair() -> (async_net::TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (stream.try_into().unwrap(), listener.accept().unwrap().0)
}
