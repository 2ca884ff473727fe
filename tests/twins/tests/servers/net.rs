//! `async-net` and a `redis-server`, as its client and as the server that it copies from.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::SocketAddr;

use crochet_twins_tests::net::blocking::{TcpListener, TcpStream};

use crate::server::Server;

#[test]
fn a_server_is_asked() {
    let Some(server) = Server::redis(&[]) else { return };
    let stream = TcpStream::connect(server.address).unwrap();
    assert_eq!(stream.peer_addr().unwrap(), server.address);
    let silent = stream.peek(&mut [0]).unwrap_err();
    assert_eq!(silent.kind(), ErrorKind::TimedOut, "{silent}");
    stream.io().write_all(b"PING\r\nECHO yarn\r\n").unwrap();
    let lines: Vec<String> =
        BufReader::new(stream.io()).lines().take(3).collect::<Result<_, _>>().unwrap();
    assert_eq!(lines, ["+PONG", "$4", "yarn"]);
}

#[test]
fn a_server_asks() {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let Some(_server) = Server::redis(&["--replicaof", "127.0.0.1", &port]) else { return };
    // A replica greets the server that it copies from, and comes again if that hangs up.
    let greeting = |stream: &TcpStream| {
        let mut lines = BufReader::new(stream.io()).lines().map(Result::unwrap);
        lines.nth(2).unwrap().to_uppercase()
    };
    let (first, from) = listener.accept().unwrap();
    assert_eq!((first.peer_addr().unwrap(), greeting(&first).as_str()), (from, "PING"));
    drop(first);
    let again = listener.incoming().next().unwrap().unwrap();
    assert_eq!(greeting(&again), "PING");
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let Some(server) = Server::redis(&[]) else { return };
    let address = server.address;
    drop(server);
    assert_eq!(TcpStream::connect(address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
}
