use std::io::{BufRead, ErrorKind, Read, Write};
use std::net::TcpListener;

use bytes::Bytes;
use crochet_recipes_tests::bytes::{connect, read_chunks, read_stream};
use futures_util::stream;

use crate::{PATIENT, SHORT};

#[test]
fn a_socket_of_tokio_as_a_reader_and_a_writer() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = connect(server.local_addr().unwrap(), SHORT).unwrap();
    let (mut peer, _) = server.accept().unwrap();
    let mut line = String::new();
    assert_eq!(client.read_line(&mut line).unwrap_err().kind(), ErrorKind::TimedOut);
    client.write_all(b"knit\n").unwrap();
    client.flush().unwrap();
    let mut knit = [0; 5];
    peer.read_exact(&mut knit).unwrap();
    peer.write_all(&knit).unwrap();
    while let Err(error) = client.read_line(&mut line) {
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }
    assert_eq!(line, "knit\n");
}

#[test]
fn a_stream_of_chunks_as_a_reader() {
    let chunks = || stream::iter(["kn", "it\n", "purl\n"].map(|text| Ok(Bytes::from(text))));
    let lines: Result<Vec<String>, _> = read_chunks(chunks(), PATIENT).lines().collect();
    assert_eq!(lines.unwrap(), ["knit", "purl"]);
    let mut text = String::new();
    read_stream(chunks(), PATIENT).read_to_string(&mut text).unwrap();
    assert_eq!(text, "knit\npurl\n");
    let never = stream::pending();
    let late = read_stream(never, SHORT).read(&mut [0]).unwrap_err();
    assert_eq!(late.kind(), ErrorKind::TimedOut);
}
