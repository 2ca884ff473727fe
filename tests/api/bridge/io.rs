//! `io::Blocking` over streams that work: what goes through, where it runs, and what a timeout
//! leaves.
//!
//! | | ready | pending | late | interrupted |
//! |---|---|---|---|---|
//! | read, write | whole, vectored | on the reactor | nothing lost | unseen |
//! | flush, close | once | on the reactor | repeated | |
//! | fill_buf, seek | lines, end | | as read | |

use std::io::{self, BufRead, ErrorKind, IoSlice, IoSliceMut, Read, Seek, SeekFrom, Write};
use std::net::TcpStream;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use async_io::Async;
use crochet::io::Blocking;
use crochet::{Error, Reactor};
use futures_lite::io::{BufReader, Cursor};

use super::pair;
use crate::support::scripted::{Scripted, Step};
use crate::support::{Gate, LONG, Probe, here, hog, limit, own_process, thread_of, until};

const SHORT: Duration = Duration::from_millis(20);

/// Blocks until there is something to read.
fn arrived(stream: &async_net::TcpStream) {
    futures_lite::future::block_on(stream.peek(&mut [0; 8])).unwrap();
}

/// Numbers that do not repeat soon.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

#[track_caller]
fn assert_late<T: std::fmt::Debug>(result: io::Result<T>) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    let inner = error.get_ref().unwrap().downcast_ref::<Error>().unwrap();
    assert!(inner.is_timeout(), "{inner:?}");
}

#[test]
fn more_than_any_buffer_goes_through_and_close_is_the_end_of_it() {
    let _limit = limit(LONG);
    let (stream, mut peer) = pair();
    let sent = pattern(16 << 20);
    let echo = thread::spawn(move || {
        let mut received = Vec::new();
        peer.read_to_end(&mut received).unwrap();
        peer.write_all(&received).unwrap();
    });
    let mut stream = Blocking::new(stream).with_timeout(LONG);
    stream.write_all(&sent).unwrap();
    stream.flush().unwrap();
    stream.close().unwrap();
    let mut reply = vec![0; sent.len()];
    stream.read_exact(&mut reply).unwrap();
    assert!(reply == sent);
    assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0);
    echo.join().unwrap();
}

#[test]
fn a_late_read_loses_no_byte() {
    let _limit = limit(LONG);
    let (stream, mut peer) = pair();
    let sent = pattern(20_000);
    for timeout in [Duration::ZERO, Duration::from_micros(50), Duration::from_millis(1)] {
        let mut stream = Blocking::new(stream.clone()).with_timeout(timeout);
        let was_late = Gate::new();
        thread::scope(|scope| {
            scope.spawn(|| {
                was_late.pass();
                for piece in sent.chunks(40) {
                    peer.write_all(piece).unwrap();
                    thread::sleep(Duration::from_micros(100));
                }
            });
            let (mut received, mut buffer) = (Vec::new(), [0; 64]);
            while received.len() < sent.len() {
                match stream.read(&mut buffer) {
                    Ok(count) => received.extend_from_slice(&buffer[..count]),
                    Err(error) if error.kind() == ErrorKind::TimedOut => was_late.open(),
                    Err(error) => panic!("{error}"),
                }
            }
            assert!(received == sent);
        });
    }
}

#[test]
fn a_late_write_has_handed_over_nothing() {
    let _limit = limit(LONG);
    let (stream, mut peer) = pair();
    let mut stream = Blocking::new(stream).with_timeout(Duration::from_millis(2));
    let data = pattern(24 << 20);
    // Reads nothing until a write was late.
    let (was_late, go) = mpsc::channel();
    let reader = thread::spawn(move || {
        go.recv().unwrap();
        let mut received = Vec::new();
        peer.read_to_end(&mut received).unwrap();
        received
    });
    let (mut written, mut timeouts) = (0, 0);
    while written < data.len() {
        match stream.write(&data[written..]) {
            Ok(count) => written += count,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::TimedOut);
                timeouts += 1;
                let _ = was_late.send(());
            }
        }
    }
    stream.close().unwrap();
    assert!(timeouts > 0);
    assert!(reader.join().unwrap() == data);
}

#[test]
fn a_late_call_takes_its_time_and_says_why() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (stream, mut peer) = pair();
    let mut stream = Blocking::on(&reactor, stream).with_timeout(SHORT);
    let start = Instant::now();
    let late = stream.read(&mut [0; 8]);
    assert!(start.elapsed() >= SHORT);
    assert_late(late);

    let hog = hog(&reactor);
    let late = stream.read(&mut [0; 8]).unwrap_err();
    let place = format!("{}:{}", hog.location.file(), hog.location.line());
    assert!(late.to_string().ends_with(&place), "{late}");
    // What need not wait does not notice.
    peer.write_all(b"ready").unwrap();
    arrived(stream.get_ref());
    let mut buffer = [0; 8];
    assert_eq!(stream.read(&mut buffer).unwrap(), 5);
    assert_eq!(&buffer[..5], b"ready");
    hog.release();
}

#[test]
fn zero_takes_what_is_there_and_max_waits() {
    let _limit = limit(LONG);
    let (stream, mut peer) = pair();
    let mut stream = Blocking::new(stream).with_timeout(Duration::ZERO);
    assert_late(stream.read(&mut [0; 8]));
    peer.write_all(b"x").unwrap();
    arrived(stream.get_ref());
    assert_eq!(stream.read(&mut [0; 8]).unwrap(), 1);

    let mut stream = stream.with_timeout(Duration::MAX);
    let writer = thread::spawn(move || {
        thread::sleep(SHORT);
        peer.write_all(b"xy").unwrap();
        peer
    });
    assert_eq!(stream.read(&mut [0; 8]).unwrap(), 2);
    drop(writer.join().unwrap());
    assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0);
}

#[test]
fn it_is_polled_here_first_and_then_on_its_reactor() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let ready = Scripted::new([Step::Ready]);
    let mut stream = Blocking::on(&reactor, ready.clone());
    assert_eq!(stream.read(&mut [0; 8]).unwrap(), 1);
    assert_eq!(ready.threads(), [here()]);

    let slow = Scripted::new((0..100).map(|_| Step::Pending).chain([Step::Ready]));
    let mut stream = Blocking::on(&reactor, slow.clone());
    assert_eq!(stream.write(b"abc").unwrap(), 3);
    let threads = slow.threads();
    assert_eq!(threads.first(), Some(&here()));
    assert_eq!(threads.last(), Some(&thread_of(&reactor)));
    let there = threads.iter().position(|thread| *thread != here()).unwrap();
    assert!(threads[there..].iter().all(|thread| *thread == thread_of(&reactor)));
}

#[test]
fn a_stream_that_keeps_its_reader_waiting_is_tried_once_and_more_often_when_it_does_not() {
    let _limit = limit(LONG);
    if has_one_core() {
        return without_a_busy_wait(&Reactor::new().unwrap());
    }
    // The reactor is to be awake when the next call comes, however slow the test is.
    let reactor = Reactor::builder().spin(LONG).build().unwrap();
    let script = Scripted::endless(|| Step::Stuck);
    let polled_here = || script.threads().into_iter().filter(|thread| *thread == here()).count();
    let mut stream = Blocking::on(&reactor, script.clone()).with_timeout(SHORT);
    let tries: Vec<_> = (0..8)
        .map(|_| {
            let before = polled_here();
            assert_late(stream.read(&mut [0; 8]));
            polled_here() - before
        })
        .collect();
    assert!(tries.iter().any(|&tries| tries > 1), "{tries:?}");
    assert_eq!(tries[7], 1);
    // With no time to wait it is not tried more often either.
    stream = stream.with_timeout(Duration::ZERO);
    let before = polled_here();
    for _ in 0..8 {
        assert_late(stream.read(&mut [0; 8]));
    }
    assert_eq!(polled_here() - before, 8);

    stream = stream.with_timeout(LONG);
    script.then_ready();
    until(|| {
        script.then([Step::Pending, Step::Ready]);
        assert_eq!(stream.read(&mut [0; 8]).unwrap(), 1);
        let before = polled_here();
        script.then((0..100).map(|_| Step::Pending));
        assert_eq!(stream.read(&mut [0; 8]).unwrap(), 1);
        polled_here() - before > 1
    });
}

fn has_one_core() -> bool {
    thread::available_parallelism().is_ok_and(|cores| cores.get() == 1)
}

/// Asserts that calls poll once on their own thread.
fn without_a_busy_wait(reactor: &Reactor) {
    let script = Scripted::endless(|| Step::Stuck);
    let mut stream = Blocking::on(reactor, script.clone()).with_timeout(SHORT);
    for calls in 1..=3 {
        assert_late(stream.read(&mut [0; 8]));
        let threads = script.threads();
        assert_eq!(threads.iter().filter(|thread| **thread == here()).count(), calls);
    }
}

#[test]
fn without_a_busy_wait_a_stream_is_polled_once_on_the_callers_thread() {
    let _limit = limit(LONG);
    without_a_busy_wait(&Reactor::builder().spin(Duration::ZERO).build().unwrap());
}

#[test]
fn the_environment_turns_the_busy_wait_of_a_stream_off_too() {
    own_process!(|command| _ = command.env("CROCHET_SPIN", "0"));
    without_a_busy_wait(&Reactor::global().unwrap());
}

#[test]
fn a_late_call_names_the_place_of_the_call() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    thread::scope(|scope| {
        let mut stream = Blocking::on(&reactor, Scripted::endless(|| Step::Stuck));
        let line = line!() + 1;
        let read = move || stream.read(&mut [0; 8]).unwrap_err().kind();
        let read = scope.spawn(read);
        let listed = || reactor.jobs().first().map(|job| job.location());
        until(|| listed().is_some());
        let location = listed().unwrap();
        assert_eq!((location.file(), location.line()), (file!(), line));
        reactor.shutdown(LONG).unwrap();
        assert_eq!(read.join().unwrap(), ErrorKind::Other);
    });
}

#[test]
fn buffers_are_passed_on_whole() {
    let _limit = limit(LONG);
    let script = Scripted::new([]);
    let mut stream = Blocking::new(script.clone());
    let (mut one, mut two) = ([0; 3], [0; 4]);
    let mut buffers = [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)];
    assert_eq!(stream.read_vectored(&mut buffers).unwrap(), 7);
    let buffers = [IoSlice::new(b"one"), IoSlice::new(b"two"), IoSlice::new(b"three")];
    assert_eq!(stream.write_vectored(&buffers).unwrap(), 11);
    stream.flush().unwrap();
    stream.close().unwrap();
    let calls = ["read_vectored 3 4", "write_vectored one two three", "flush", "close"];
    assert_eq!(script.calls(), calls);
}

#[test]
fn interruptions_are_not_shown_and_end_with_the_timeout() {
    let _limit = limit(LONG);
    let interrupted = || Step::Fail(ErrorKind::Interrupted);
    let script = Scripted::new((0..20).map(|_| interrupted()).chain([Step::Ready]));
    let mut stream = Blocking::new(script.clone()).with_timeout(LONG);
    assert_eq!(stream.write(b"abc").unwrap(), 3);
    assert_eq!(script.threads().len(), 21);

    let for_ever = Scripted::endless(interrupted);
    let mut stream = Blocking::new(for_ever).with_timeout(SHORT);
    assert_eq!(stream.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::TimedOut);
}

#[test]
fn the_streams_own_errors_come_as_they_are() {
    let _limit = limit(LONG);
    let own = || Step::Fail(ErrorKind::ConnectionReset);
    let pending = || Step::Pending;
    let mut stream = Blocking::new(Scripted::new([own()]));
    let error = stream.flush().unwrap_err();
    assert_eq!((error.kind(), error.get_ref().is_none()), (ErrorKind::ConnectionReset, true));
    let later = (0..8).map(|_| pending()).chain([own()]);
    let error = Blocking::new(Scripted::new(later)).close().unwrap_err();
    assert_eq!((error.kind(), error.get_ref().is_none()), (ErrorKind::ConnectionReset, true));
}

#[test]
fn a_late_flush_or_close_can_be_repeated() {
    let _limit = limit(LONG);
    let script = Scripted::endless(|| Step::Stuck);
    let mut stream = Blocking::new(script.clone()).with_timeout(SHORT);
    assert_late(stream.flush());
    assert_late(stream.close());
    script.then_ready();
    stream.flush().unwrap();
    stream.close().unwrap();
}

#[test]
fn buffered_streams_are_read_line_by_line() {
    let _limit = limit(LONG);
    let (stream, mut peer) = pair();
    let mut stream = Blocking::new(BufReader::with_capacity(7, stream)).with_timeout(SHORT);
    assert_late(stream.fill_buf().map(<[u8]>::to_vec));
    peer.write_all(b"knit one\npurl").unwrap();
    until(|| stream.fill_buf().is_ok());
    assert_eq!(stream.fill_buf().unwrap(), b"knit on");
    stream.consume(5);
    assert_eq!(stream.fill_buf().unwrap(), b"on");

    let mut stream = stream.with_timeout(LONG);
    drop(peer);
    let lines: Vec<String> = (&mut stream).lines().map(Result::unwrap).collect();
    assert_eq!(lines, ["one", "purl"]);
    assert_eq!(stream.fill_buf().unwrap(), b"");
}

#[test]
fn seeking_moves_the_stream() {
    let _limit = limit(LONG);
    let mut stream = Blocking::new(Cursor::new(b"0123456789".to_vec()));
    assert_eq!(stream.seek(SeekFrom::End(-3)).unwrap(), 7);
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "789");
    stream.rewind().unwrap();
    stream.write_all(b"abc").unwrap();
    assert_eq!(stream.stream_position().unwrap(), 3);
    assert_eq!(stream.into_inner().into_inner(), b"abc3456789");
}

#[test]
fn two_of_them_over_one_socket_read_and_write_at_once() {
    let _limit = limit(LONG);
    let (stream, mut peer) = pair();
    let stream = Arc::<Async<TcpStream>>::from(stream);
    let (mut reader, mut writer) = (Blocking::new(&*stream), Blocking::new(&*stream));
    thread::scope(|scope| {
        let read = scope.spawn(move || {
            let mut reply = [0; 4];
            reader.read_exact(&mut reply).unwrap();
            reply
        });
        thread::sleep(SHORT); // let it wait, most of the time
        writer.write_all(b"ping").unwrap();
        let mut request = [0; 4];
        peer.read_exact(&mut request).unwrap();
        peer.write_all(b"pong").unwrap();
        assert_eq!((&request, &read.join().unwrap()), (b"ping", b"pong"));
    });
}

#[test]
fn the_stream_is_at_hand_and_is_dropped_with_it() {
    let _limit = limit(LONG);
    let trace = Probe::new();
    let mut stream = Blocking::new(Cursor::new(Vec::new()));
    stream.write_all(b"ab").unwrap();
    assert_eq!(stream.get_ref().position(), 2);
    stream.get_mut().set_position(1);
    stream.write_all(b"c").unwrap();
    assert_eq!(stream.into_inner().into_inner(), b"ac");
    drop(Blocking::new(trace.witness()));
    assert_eq!(trace.threads(), [here()]);
}
