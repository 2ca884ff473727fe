//! What other handles there are, in a forked child: refused, and left to the parent.

use std::io::{self, ErrorKind, Read, Write};
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::time::Duration;
use std::{future, process};

use crochet::io::Blocking;
use crochet::{Error, InReactor, Reactor, wait_all, wait_any};
use futures_lite::stream::{self, StreamExt};

use crate::bridge::pair;
use crate::support::fork::{End, at_once, in_fork, in_fork_ending, refused};
use crate::support::scripted::Scripted;
use crate::support::{LONG, Probe, hog, own_process, settle};

#[test]
fn wait_all_is_refused_and_the_parent_goes_on() {
    own_process!();
    let ready = crochet::run_in_reactor(|| async { Ok::<_, Error>(()) });
    ready.wait(LONG).unwrap();
    let late = crochet::run_in_reactor(future::pending::<Result<(), Error>>);
    let parent = process::id();
    in_fork(|| {
        refused(parent, || wait_all(&[&ready, &late], Duration::MAX));
        refused(parent, || wait_all(&[&ready], LONG));
    });
    wait_all(&[&ready], LONG).unwrap();
    late.cancel();
    wait_all(&[&ready, &late], LONG).unwrap();
}

#[test]
fn wait_any_is_refused_and_the_parent_goes_on() {
    own_process!();
    let ready = crochet::run_in_reactor(|| async { Ok::<_, Error>(()) });
    ready.wait(LONG).unwrap();
    let late = crochet::run_in_reactor(future::pending::<Result<(), Error>>);
    let parent = process::id();
    in_fork(|| {
        refused(parent, || wait_any(&[&late], Duration::MAX));
        refused(parent, || wait_any(&[&ready, &late], LONG));
    });
    late.cancel();
    assert_eq!(wait_any(&[&late, &late], LONG).unwrap(), 0);
}

#[test]
fn an_iterator_is_refused_and_left_alone() {
    own_process!();
    let trace = Probe::new();
    let mark = trace.witness();
    let numbers = stream::iter(1..4).map(move |n| {
        let _mark = &mark;
        n
    });
    let mut items = Some(crochet::iter(numbers));
    assert_eq!(items.as_mut().unwrap().next().unwrap().unwrap(), 1);
    let parent = process::id();
    in_fork(|| {
        let mut items = items.take().unwrap();
        refused(parent, || items.next().unwrap());
        assert!(items.next().is_none());
        at_once(|| drop(items));
        assert_eq!(trace.threads(), []);
    });
    assert_eq!(items.unwrap().map(Result::unwrap).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(trace.threads().len(), 1);
}

#[test]
fn an_iterator_that_reads_ahead_is_refused_and_left_alone() {
    own_process!();
    let reactor = Reactor::global().unwrap();
    let mut items = Some(crochet::iter(stream::iter(0..4)).read_ahead(2));
    settle(&reactor);
    let parent = process::id();
    in_fork(|| {
        let mut items = items.take().unwrap();
        assert_eq!(items.size_hint(), (0, None));
        refused(parent, || items.next().unwrap());
        assert!(items.next().is_none());
        at_once(|| drop(items));
    });
    let items: Vec<_> = items.unwrap().map(Result::unwrap).collect();
    assert_eq!(items, [0, 1, 2, 3]);
}

#[test]
fn a_blocking_stream_is_refused_untouched() {
    own_process!();
    crochet::setup().unwrap();
    let (script, (stream, mut peer)) = (Scripted::new([]), pair());
    let mut scripted = Blocking::new(script.clone());
    let mut stream = Blocking::new(stream).with_timeout(LONG);
    peer.write_all(b"for the parent").unwrap();
    let parent = process::id();
    in_fork(|| {
        for error in [scripted.write(b"abc"), stream.read(&mut [0; 64])] {
            let error = at_once(|| error.unwrap_err());
            assert_eq!(error.kind(), ErrorKind::Other);
            let own: Option<&Error> = error.get_ref().unwrap().downcast_ref();
            assert!(matches!(own, Some(Error::Forked { setup_pid }) if *setup_pid == parent));
        }
        assert!(script.threads().is_empty());
    });
    let mut buffer = [0; 14];
    stream.read_exact(&mut buffer).unwrap();
    assert_eq!(&buffer, b"for the parent");
    stream.write_all(b"and back").unwrap();
    drop((stream, scripted));
    assert_eq!(io::read_to_string(peer).unwrap(), "and back");
}

#[test]
fn a_value_in_the_reactor_is_refused_and_the_parent_goes_on() {
    own_process!();
    let drops = Probe::new();
    let witness = drops.witness();
    let make = move || async move { Ok::<_, Error>((Rc::new(5), witness)) };
    let value = InReactor::new(LONG, make).unwrap();
    let reactor = Reactor::global().unwrap();
    let parent = process::id();
    let mut value = Some(value);
    in_fork(AssertUnwindSafe(|| {
        let value = value.take().unwrap();
        refused(parent, || value.with(LONG, async |_| Ok::<_, Error>(())));
        let make = || async { Ok::<_, Error>(()) };
        refused(parent, || InReactor::new(LONG, make));
        refused(parent, || InReactor::on(&reactor, LONG, make));
        at_once(|| drop(value));
    }));
    let value = value.take().unwrap();
    assert_eq!(value.with(LONG, async |value| Ok::<_, Error>(*value.0)).unwrap(), 5);
    assert_eq!(drops.count(), 0);
}

/// The thread that forks is the one that has the value. When the child ends, so do the
/// thread-locals there.
#[test]
fn a_fork_inside_of_a_call_leaves_the_value_to_the_parent() {
    struct ParentsOnly(u32);
    impl Drop for ParentsOnly {
        fn drop(&mut self) {
            if process::id() != self.0 {
                eprintln!("the child has dropped it");
                process::abort();
            }
        }
    }

    own_process!();
    let parent = process::id();
    let make = move || async move { Ok::<_, Error>(ParentsOnly(parent)) };
    let value = InReactor::new(LONG, make).unwrap();
    let forks = async |_: &mut ParentsOnly| {
        in_fork_ending(End::Normally, || ());
        Ok::<_, Error>(())
    };
    value.with(LONG, forks).unwrap();
    assert_eq!(value.with(LONG, async |value| Ok::<_, Error>(value.0)).unwrap(), parent);
}

#[test]
fn there_are_no_jobs_and_none_of_the_parents_is_dropped() {
    own_process!();
    let reactor = Reactor::new().unwrap();
    let hog = hog(&reactor);
    let drops = Probe::new();
    let witness = drops.witness();
    let job = reactor.run_in_reactor(move || async move {
        drop(witness);
        Ok::<_, Error>(())
    });
    crochet::setup().unwrap();
    let other = crochet::run_in_reactor(future::pending::<Result<(), Error>>);
    // The list moves the job out of the queue, into the tracker.
    assert_eq!(reactor.jobs().len(), 2);
    let mut mine = Some((reactor, job));
    in_fork(|| {
        let (reactor, job) = mine.take().unwrap();
        assert!(at_once(crochet::jobs).is_empty());
        assert!(at_once(|| reactor.jobs()).is_empty());
        drop((reactor, job));
        assert_eq!(drops.count(), 0);
    });
    assert_eq!(crochet::jobs().len(), 1);
    let (reactor, job) = mine.take().unwrap();
    assert_eq!(reactor.jobs().len(), 2);
    hog.release();
    job.join(LONG).unwrap();
    assert_eq!(drops.count(), 1);
    drop(other);
}
