//! `io::Blocking` where it cannot wait: on the reactor thread, while the reactor stops and after,
//! in a forked child; and with a stream that panics.

use std::io::{self, ErrorKind, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use crochet::io::Blocking;
use crochet::{Error, Reactor};

use super::pair;
use crate::support::scripted::{Scripted, Step};
use crate::support::{LONG, limit, own_process};

/// The crate's own error inside of an `io::Error`.
#[track_caller]
fn own(error: &io::Error) -> &Error {
    error.get_ref().unwrap().downcast_ref().unwrap()
}

/// Reads in a job of `reactor`, on its thread.
fn read_on(reactor: &Reactor, stream: &mut Blocking<Scripted>) -> io::Result<usize> {
    reactor.wait_for(LONG, async { stream.read(&mut [0; 8]) })
}

#[test]
fn on_its_reactors_thread_it_is_a_deadlock_even_if_ready() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let script = Scripted::new([]);
    let mut stream = Blocking::on(&reactor, script.clone());
    let error = read_on(&reactor, &mut stream).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadlock);
    assert!(matches!(own(&error), Error::OnReactorThread));
    assert!(script.threads().is_empty());
    // It is as it was; and the job of another reactor may use it.
    assert_eq!(stream.read(&mut [0; 8]).unwrap(), 1);
    assert_eq!(read_on(&Reactor::new().unwrap(), &mut stream).unwrap(), 1);
}

#[test]
fn the_global_one_is_a_deadlock_on_the_global_thread() {
    own_process!();
    let mut stream = Blocking::new(Scripted::new([]));
    let global = Reactor::global().unwrap();
    assert_eq!(read_on(&global, &mut stream).unwrap_err().kind(), ErrorKind::Deadlock);
    assert_eq!(read_on(&Reactor::new().unwrap(), &mut stream).unwrap(), 1);
}

#[test]
fn a_shutdown_wakes_the_reader_and_leaves_the_stream_whole() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (stream, mut peer) = pair();
    let mut stream = Blocking::on(&reactor, stream);
    let error = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(20)); // let it wait, most of the time
            reactor.shutdown(LONG).unwrap();
        });
        stream.read(&mut [0; 8]).unwrap_err()
    });
    assert_eq!(error.kind(), ErrorKind::Other);
    assert!(own(&error).is_reactor_stopped());
    let error = stream.read(&mut [0; 8]).unwrap_err();
    assert!(own(&error).is_reactor_stopped());

    peer.write_all(b"still there").unwrap();
    let mut stream = Blocking::new(stream.into_inner()).with_timeout(LONG);
    let mut buffer = [0; 11];
    stream.read_exact(&mut buffer).unwrap();
    assert_eq!(&buffer, b"still there");
}

#[test]
fn after_a_shutdown_of_the_global_reactor_the_next_wait_starts_a_fresh_one() {
    own_process!();
    let (stream, mut peer) = pair();
    let mut stream = Blocking::new(stream).with_timeout(Duration::from_millis(20));
    assert_eq!(stream.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::TimedOut);
    crochet::shutdown(LONG).unwrap();
    assert_eq!(stream.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::TimedOut);
    let mut stream = stream.with_timeout(LONG);
    let writer = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        peer.write_all(b"x").unwrap();
    });
    assert_eq!(stream.read(&mut [0; 8]).unwrap(), 1);
    writer.join().unwrap();
}

#[test]
fn it_holds_on_to_its_reactor() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let slow = (0..8).map(|_| Step::Pending).chain([Step::Ready]);
    let mut stream = Blocking::on(&reactor, Scripted::new(slow));
    drop(reactor);
    assert_eq!(stream.read(&mut [0; 8]).unwrap(), 1);
}

#[test]
fn a_panic_on_either_thread_is_raised_again_in_the_caller() {
    let _limit = limit(LONG);
    for delay in [0, 8] {
        let steps = (0..delay).map(|_| Step::Pending).chain([Step::Panic("dropped a stitch")]);
        let mut stream = Blocking::new(Scripted::new(steps));
        let panic = catch_unwind(AssertUnwindSafe(|| stream.write(b"abc"))).unwrap_err();
        assert_eq!(panic.downcast_ref::<String>().unwrap(), "dropped a stitch");
        assert_eq!(stream.write(b"abc").unwrap(), 3);
    }
}
