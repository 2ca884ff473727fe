//! What the benchmarks have in common, whatever they measure.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;

/// The length of a message to [`echo_server`].
pub const LENGTH: usize = 4;

/// Starts a TCP server on loopback that sends each message back, and returns its address. Each connection
/// has a blocking thread of its own, so that what is measured is the client.
///
/// # Errors
///
/// If there is no port or no thread for it.
pub fn echo_server() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    thread::Builder::new().name("echo".to_owned()).spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || echo(stream));
        }
    })?;
    Ok(address)
}

/// Ends with an error, when the client has gone.
fn echo(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut message = [0; LENGTH];
    loop {
        stream.read_exact(&mut message)?;
        stream.write_all(&message)?;
    }
}
