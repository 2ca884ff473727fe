//! Compression, which knows nothing of async, over an async socket.

use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use crochet::io::Blocking;
use flate2::Compression;
use flate2::read::{GzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};

/// No call takes so long.
const LONG: Duration = Duration::from_secs(60);

fn pair() -> (Blocking<async_net::TcpStream>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let stream = Blocking::new(stream.try_into().unwrap()).with_timeout(LONG);
    (stream, listener.accept().unwrap().0)
}

fn lines() -> impl Iterator<Item = String> {
    (0..50_000_u64).map(|n| format!("row {n}: knit {}, purl {}", n % 7, n.wrapping_mul(n) % 1013))
}

#[test]
fn what_is_compressed_on_one_side_is_read_line_by_line_on_the_other() {
    let (stream, peer) = pair();
    let sender = thread::spawn(move || -> io::Result<()> {
        let mut gzip = GzEncoder::new(BufWriter::new(stream), Compression::fast());
        lines().try_for_each(|line| writeln!(gzip, "{line}"))?;
        // The encoder knows `Write` only: the end is for the stream to send.
        gzip.finish()?.into_inner()?.close()
    });
    let (back, forth) = pair();
    let received = thread::spawn(move || BufReader::new(GzDecoder::new(back)).lines().collect());
    io::copy(&mut &peer, &mut &forth).unwrap();
    drop(forth);
    sender.join().unwrap().unwrap();
    let received: io::Result<Vec<String>> = received.join().unwrap();
    assert!(received.unwrap().into_iter().eq(lines()));
}

#[test]
fn timeouts_in_the_middle_lose_nothing() {
    let (stream, mut peer) = pair();
    let sender = thread::spawn(move || {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        lines().for_each(|line| writeln!(zlib, "{line}").unwrap());
        let compressed = zlib.finish().unwrap();
        for piece in compressed.chunks(compressed.len() / 50) {
            peer.write_all(piece).unwrap();
            thread::sleep(Duration::from_millis(2));
        }
    });
    // `GzDecoder` would not do: it gives up when it is late at the header.
    let mut zlib = ZlibDecoder::new(stream.with_timeout(Duration::from_micros(500)));
    let (mut text, mut buffer, mut late) = (Vec::new(), [0; 8192], 0);
    loop {
        match zlib.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => text.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::TimedOut => late += 1,
            Err(error) => panic!("{error}"),
        }
    }
    sender.join().unwrap();
    assert!(late > 0);
    assert!(text.lines().map(Result::unwrap).eq(lines()));
}
