//! The other end of the network calls. It runs in a process of its own, so that its time is not
//! counted.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// The length of a message to the echo server.
pub const LENGTH: usize = 4;

/// Starts a TCP server on loopback that sends each message back after `delay`, and returns its
/// address. Each connection has a blocking thread of its own.
///
/// # Errors
///
/// If there is no port or no thread for it.
pub fn echo_server(delay: Duration) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    thread::Builder::new().name("echo".to_owned()).spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || echo(stream, delay));
        }
    })?;
    Ok(address)
}

/// Ends with an error, when the client has gone.
fn echo(mut stream: TcpStream, delay: Duration) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut message = [0; LENGTH];
    loop {
        stream.read_exact(&mut message)?;
        if !delay.is_zero() {
            thread::sleep(delay);
        }
        stream.write_all(&message)?;
    }
}
