use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::net::TcpListener;

use bytes::Bytes;
use crochet_recipes_tests::bytes::{connect, read_chunks, read_stream};
use futures_util::stream;

use crate::support::{LONG, limit};
use crate::{PATIENT, SHORT};

/// For a call with a short limit that is not to be late: repeats it while the machine is too busy
/// for it.
fn patiently<T>(mut call: impl FnMut() -> io::Result<T>) -> T {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::TimedOut => {}
            result => return result.unwrap(),
        }
    }
}

#[test]
fn a_socket_of_tokio_as_a_reader_and_a_writer() {
    let _limit = limit(LONG);
    let (server, mut client) = patiently(|| {
        let server = TcpListener::bind("127.0.0.1:0")?;
        let client = connect(server.local_addr()?, SHORT)?;
        Ok((server, client))
    });
    let (mut peer, _) = server.accept().unwrap();
    let mut line = String::new();
    assert_eq!(client.read_line(&mut line).unwrap_err().kind(), ErrorKind::TimedOut);
    patiently(|| client.write_all(b"knit\n"));
    patiently(|| client.flush());
    let mut knit = [0; 5];
    peer.read_exact(&mut knit).unwrap();
    peer.write_all(&knit).unwrap();
    patiently(|| client.read_line(&mut line));
    assert_eq!(line, "knit\n");
}

#[test]
fn a_stream_of_chunks_as_a_reader() {
    let _limit = limit(LONG);
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
