//! Plays the web site that an example asks.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use crate::support::Gate;

/// Starts a site: calls `answer` for each request, on a thread of its own, with the path, to write
/// what it likes. Returns the address, without the last slash.
pub(crate) fn site(answer: impl Fn(&mut TcpStream, &str) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, answer) = (stream.unwrap(), answer.clone());
            thread::spawn(move || {
                let mut line = String::new();
                let mut lines = BufReader::new(stream.try_clone().unwrap());
                lines.read_line(&mut line).unwrap();
                let end = lines.lines().find(|line| line.as_ref().is_ok_and(String::is_empty));
                let path = line.strip_prefix("GET ").and_then(|rest| rest.split(' ').next());
                if let (Some(_), Some(path)) = (end, path) {
                    answer(&mut stream, path);
                }
            });
        }
    });
    url
}

/// Starts a site that never answers. Returns its address, a gate that a request opens, and one that
/// its end opens.
pub(crate) fn silent_site() -> (String, Gate, Gate) {
    let (asked, gone) = (Gate::new(), Gate::new());
    let (asks, goes) = (asked.clone(), gone.clone());
    let url = site(move |stream, _| {
        asks.open();
        until_closed(stream);
        goes.open();
    });
    (url, asked, gone)
}

/// Sends a page. The client may have gone.
pub(crate) fn send(stream: &mut TcpStream, status: &str, body: &str) {
    let length = body.len();
    let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}");
}

/// Blocks until the client has closed the connection.
pub(crate) fn until_closed(stream: &mut TcpStream) {
    let _ = stream.read_to_end(&mut Vec::new());
}

/// An address where no server listens.
pub(crate) fn dead_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
