//! What the bridge from async streams to `std::io` costs where much goes through it:
//! `cargo bench -p crochet-benches --bench throughput`.
//!
//! A sample is one GiB over a TCP connection on loopback, in pieces of 64 KiB, read or written by
//! the side that is measured; the other side is a thread with blocking sockets. Compare the
//! medians.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crochet::io::Blocking;

const TOTAL: usize = 1 << 30;
const PIECE: usize = 64 << 10;
/// No call takes so long.
const TIMEOUT: Duration = Duration::from_secs(5);

fn main() {
    divan::main();
}

fn send<W: Write>(mut to: W) -> io::Result<()> {
    let piece = vec![b'x'; PIECE];
    for _ in 0..TOTAL / PIECE {
        to.write_all(&piece)?;
    }
    to.flush()
}

fn receive<R: Read>(mut from: R) -> io::Result<()> {
    let (mut buffer, mut total) = (vec![0; PIECE], 0);
    while total < TOTAL {
        match from.read(&mut buffer)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => total += count,
        }
    }
    Ok(())
}

type Peer = JoinHandle<io::Result<()>>;

/// A connection, whose other end is with a thread that does `work`.
fn connect(work: fn(TcpStream) -> io::Result<()>) -> (TcpStream, Peer) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (peer, _) = listener.accept().unwrap();
    (stream, thread::spawn(move || work(peer)))
}

fn timed(stream: TcpStream) -> TcpStream {
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    stream.set_write_timeout(Some(TIMEOUT)).unwrap();
    stream
}

fn blocking(stream: TcpStream) -> Blocking<async_net::TcpStream> {
    crochet::setup().unwrap();
    Blocking::new(stream.try_into().unwrap()).with_timeout(TIMEOUT)
}

macro_rules! group {
    ($name:ident, $work:ident, $peer:ident) => {
        #[divan::bench_group(sample_count = 8, sample_size = 1)]
        mod $name {
            use divan::Bencher;
            use divan::counter::BytesCount;

            use super::{TOTAL, blocking, connect, timed};

            #[divan::bench(name = "crochet: io::Blocking")]
            fn crochet(bencher: Bencher<'_, '_>) {
                bencher
                    .counter(BytesCount::new(TOTAL))
                    .with_inputs(|| connect(super::$peer::<super::TcpStream>))
                    .bench_local_values(|(stream, peer)| {
                        super::$work(blocking(stream)).unwrap();
                        peer.join().unwrap().unwrap();
                    });
            }

            #[divan::bench(name = "std: blocking sockets")]
            fn std_net(bencher: Bencher<'_, '_>) {
                bencher
                    .counter(BytesCount::new(TOTAL))
                    .with_inputs(|| connect(super::$peer::<super::TcpStream>))
                    .bench_local_values(|(stream, peer)| {
                        super::$work(timed(stream)).unwrap();
                        peer.join().unwrap().unwrap();
                    });
            }
        }
    };
}

group!(read, receive, send);
group!(write, send, receive);
