//! What is the user's is dropped in the context, also where it is no job: results, errors, panics'
//! payloads, streams, items, closures. `dropping.rs` has the jobs.
//!
//! | what | dropped by | where |
//! |---|---|---|
//! | result of `run_in_reactor`: untaken, looked at, awaited in vain | the owner of the handle | its thread |
//! | result that comes late | the reactor thread | there |
//! | error: looked at, unseen, of a refused job | the owner of the handle | its thread |
//! | payload of a panic | whichever has its last clone | its thread |
//! | stashed result: expired in time, expired late | reactor, next user of the stash | their thread |
//! | stream of `Iter`: never asked, reactor stopped, reactor held | the owner of the iterator | its thread |
//! | items read ahead: the job has ended, the job is waiting | the iterator, the reactor | their thread |
//! | stream of `io::Blocking`, and of its clone | the owner | its thread |
//! | value of an `InReactor`: dropped, reactor stopped, made too late | the reactor thread | there |
//! | closure of an `InReactor` without a reactor | the caller | its thread |
//! | closure of `unblock`, and its result, where the future is gone | a thread of the pool | there |
//! | thread-local of the reactor thread | that thread, at its end | there |
//! | `main` of a `Driver` that may not run | the executor's thread | there |
//! | logger of a `BackgroundLogger` | its owner | its thread |

use std::cell::RefCell;
use std::fmt;
use std::future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use crochet::io::Blocking;
use crochet::{BackgroundLogger, Error, EventualResult, InReactor, Iter, Reactor};
use crochet_tokio_tests::{Dropped, Testimony, Witness, own, witness};
use futures_lite::future::{block_on, poll_once};
use futures_lite::{AsyncRead, Stream};
use tokio::runtime::Handle;

use crate::support::{Gate, LONG, hog, limit, own_process, thread_of, until};

const SHORT: Duration = Duration::from_millis(30);

/// As many a connection: its `Drop` panics outside of a context. It also tells where it is dropped.
struct Connection {
    _witness: Witness,
}

impl Drop for Connection {
    fn drop(&mut self) {
        Handle::current().spawn(async { "goodbye" });
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection")
    }
}

fn connection() -> (Connection, Testimony) {
    let (witness, dropped) = witness();
    (Connection { _witness: witness }, dropped)
}

/// Dropped as it should be, on this thread.
fn here() -> Dropped {
    Dropped { context: Some(own()), thread: thread::current().id() }
}

/// Dropped as it should be, on the reactor's thread.
fn there(reactor: &Reactor) -> Dropped {
    Dropped { thread: thread_of(reactor), ..here() }
}

/// A job that has made a connection.
fn connected(reactor: &Reactor) -> (EventualResult<Connection>, Testimony) {
    let (connection, dropped) = connection();
    let job = reactor.run_in_reactor(move || async move { Ok(connection) });
    until(|| job.is_finished());
    (job, dropped)
}

#[test]
fn a_result_that_is_not_taken_is_dropped_in_the_context() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (untaken, dropped) = connected(&reactor);
    drop(untaken);
    assert_eq!(dropped.wait(), here());
    let (looked_at, dropped) = connected(&reactor);
    looked_at.wait(LONG).unwrap();
    looked_at.detach();
    assert_eq!(dropped.wait(), here());
    let (awaited, dropped) = connected(&reactor);
    drop(awaited.into_future());
    assert_eq!(dropped.wait(), here());
    // The reactor is gone, its context is not.
    let (untaken, dropped) = connected(&reactor);
    let here = here();
    drop(reactor);
    drop(untaken);
    assert_eq!(dropped.wait(), here);
}

#[test]
fn a_result_that_comes_late_is_dropped_in_the_context() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let hog = hog(&reactor);
    let (connection, dropped) = connection();
    reactor.run_in_reactor(move || async move { Ok::<_, Error>(connection) }).detach();
    hog.release();
    assert_eq!(dropped.wait(), there(&reactor));
}

#[test]
fn an_error_is_dropped_in_the_context() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for seen in [false, true] {
        let (connection, dropped) = connection();
        let job = reactor.run_in_reactor(move || async move { Err::<(), _>(connection) });
        until(|| job.is_finished());
        if seen {
            assert!(matches!(job.wait(LONG), Err(Error::Job(_))));
        }
        drop(job);
        assert_eq!(dropped.wait(), here());
    }
}

#[test]
fn the_payload_of_a_panic_is_dropped_in_the_context() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let panicked = || {
        let (connection, dropped) = connection();
        let job = reactor.run_in_reactor(move || async move {
            resume_unwind(Box::new(connection));
            #[expect(unreachable_code, reason = "it gives the job its type")]
            Ok::<(), Error>(())
        });
        until(|| job.is_finished());
        (job, dropped)
    };
    let (unseen, dropped) = panicked();
    drop(unseen);
    assert_eq!(dropped.wait(), here());
    let (job, dropped) = panicked();
    let Err(Error::Panicked(panic)) = job.into_result(LONG) else { panic!("it panicked") };
    let clone = panic.clone();
    drop(panic);
    thread::scope(|scope| {
        let other = scope.spawn(move || drop(clone)).thread().id();
        assert_eq!(dropped.wait(), Dropped { thread: other, ..here() });
    });
}

#[test]
fn a_stashed_result_that_expires_is_dropped_in_the_context() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (job, dropped) = connected(&reactor);
    job.stash_for(SHORT);
    // By the reactor, or by another test's use of the stash; in the context of either.
    assert_eq!(dropped.wait().context, Some(own()));
}

#[test]
fn a_stashed_result_whose_reactor_has_stopped_is_dropped_in_the_context() {
    own_process!();
    let reactor = Reactor::new().unwrap();
    let (job, dropped) = connected(&reactor);
    let id = job.stash_for(SHORT);
    reactor.shutdown(LONG).unwrap();
    thread::sleep(SHORT);
    // The timer went with the reactor, so this drops the result.
    crochet::retrieve_result::<Connection, Error>(id).unwrap_err();
    assert_eq!(dropped.wait(), here());
}

/// A stream, and a reader, with a connection.
#[derive(Debug)]
struct Rows(#[expect(dead_code, reason = "to be dropped")] Connection);

impl Stream for Rows {
    type Item = u8;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<u8>> {
        Handle::current();
        Poll::Ready(Some(1))
    }
}

impl AsyncRead for Rows {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<std::io::Result<usize>> {
        Handle::current();
        Poll::Ready(Ok(buffer.len()))
    }
}

#[test]
fn the_stream_of_an_iterator_is_dropped_in_the_context() {
    let _limit = limit(LONG);
    let (never_asked, dropped) = connection();
    drop(crochet::iter(Rows(never_asked)));
    assert_eq!(dropped.wait(), here());
    let reactor = Reactor::new().unwrap();
    let (asked, dropped) = connection();
    let mut rows = Iter::on(&reactor, Rows(asked));
    assert_eq!(rows.next().unwrap().unwrap(), 1);
    drop(rows);
    assert_eq!(dropped.wait(), there(&reactor));
    let (stopped, dropped) = connection();
    let mut rows = Iter::on(&reactor, Rows(stopped));
    assert_eq!(rows.next().unwrap().unwrap(), 1);
    let here = here();
    reactor.shutdown(LONG).unwrap();
    drop(rows);
    assert_eq!(dropped.wait(), here);
}

#[test]
fn a_stream_is_dropped_in_the_context_if_the_reactor_is_held() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (connection, dropped) = connection();
    let mut rows = Iter::on(&reactor, Rows(connection));
    assert_eq!(rows.next().unwrap().unwrap(), 1);
    let hog = hog(&reactor);
    drop(rows);
    assert_eq!(dropped.wait(), here());
    hog.release();
}

#[test]
fn a_loop_over_a_stream_whose_reactor_stops_ends_without_an_abort() {
    own_process!();
    let (connection, dropped) = connection();
    let here = here();
    let (started, stopped) = (Gate::new(), Gate::new());
    let listener = thread::spawn({
        let (started, stopped) = (started.clone(), stopped.clone());
        move || {
            for row in crochet::iter(Rows(connection)) {
                started.open();
                if let Err(error) = row {
                    return error.is_reactor_stopped();
                }
                stopped.pass();
            }
            false
        }
    });
    started.pass();
    crochet::shutdown(LONG).unwrap();
    stopped.open();
    let thread = listener.thread().id();
    assert!(listener.join().unwrap());
    assert_eq!(dropped.wait(), Dropped { thread, ..here });
}

#[test]
fn items_that_were_read_ahead_are_dropped_in_the_context() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    // The job has put the items into the buffer, and has ended.
    let (connections, dropped): (Vec<_>, Vec<_>) = (0..3).map(|_| connection()).unzip();
    let mut items = Iter::on(&reactor, futures_lite::stream::iter(connections)).read_ahead(8);
    drop(items.next().unwrap().map(crochet::Held::new).unwrap());
    until(|| reactor.jobs().is_empty());
    drop(items);
    assert!(dropped.iter().all(|dropped| dropped.wait() == here()));
    // The job waits for room, or has stopped doing so; it may come second, or first.
    let (connections, dropped): (Vec<_>, Vec<_>) = (0..3).map(|_| connection()).unzip();
    drop(Iter::on(&reactor, futures_lite::stream::iter(connections)).read_ahead(1));
    assert!(dropped.iter().all(|dropped| dropped.wait().context == Some(own())));
}

#[test]
fn a_blocking_stream_is_dropped_in_the_context() {
    let _limit = limit(LONG);
    let (connection, dropped) = connection();
    let mut stream = Blocking::new(Rows(connection)).with_timeout(LONG);
    std::io::Read::read_exact(&mut stream, &mut [0; 8]).unwrap();
    drop(stream);
    assert_eq!(dropped.wait(), here());
}

#[test]
fn a_value_in_the_reactor_is_dropped_in_the_context() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let there = there(&reactor);
    let make = |reactor: &Reactor| {
        let (connection, dropped) = connection();
        let value = InReactor::on(reactor, LONG, || async move { Ok::<_, Error>(connection) });
        (value.unwrap(), dropped)
    };
    let (value, dropped) = make(&reactor);
    drop(value);
    assert_eq!(dropped.wait(), there);
    let (late, late_dropped) = connection();
    let hog = hog(&reactor);
    let made = InReactor::on(&reactor, SHORT, || async move { Ok::<_, Error>(late) });
    assert!(made.unwrap_err().is_timeout());
    hog.release();
    assert_eq!(late_dropped.wait(), there);
    let (value, dropped) = make(&reactor);
    reactor.shutdown(LONG).unwrap();
    assert_eq!(dropped.wait(), there);
    drop(value);
    // Refused: the reactor has stopped.
    let (refused, dropped) = connection();
    let made = InReactor::on(&reactor, LONG, || async move { Ok::<_, Error>(refused) });
    assert!(made.unwrap_err().is_reactor_stopped());
    assert_eq!(dropped.wait(), here());
}

#[test]
fn what_makes_a_value_is_dropped_in_the_context_if_there_is_no_reactor_for_it() {
    own_process!();
    drop(crochet::no_setup().unwrap());
    let (connection, dropped) = connection();
    let made = InReactor::new(LONG, || async move { Ok::<_, Error>(connection) });
    assert!(made.unwrap_err().is_reactor_stopped());
    assert_eq!(dropped.wait(), here());
}

#[test]
fn blocking_code_is_run_and_its_result_dropped_in_the_context() {
    let _limit = limit(LONG);
    let (started, go_on) = (Gate::new(), Gate::new());
    let (connection, dropped) = connection();
    let mut work = Box::pin(crochet::unblock({
        let (started, go_on) = (started.clone(), go_on.clone());
        move || {
            Handle::current();
            started.open();
            go_on.pass();
            connection
        }
    }));
    assert!(block_on(poll_once(&mut work)).is_none());
    started.pass();
    drop(work);
    go_on.open();
    assert_eq!(dropped.wait().context, Some(own()));
}

#[test]
fn blocking_code_that_is_never_run_is_dropped_in_the_context() {
    own_process!(|command| _ = command.env("BLOCKING_MAX_THREADS", "1"));
    let own = own();
    // The only thread of the pool is busy, so the second closure waits for one.
    let (started, go_on) = (Gate::new(), Gate::new());
    let mut busy = Box::pin(crochet::unblock({
        let (started, go_on) = (started.clone(), go_on.clone());
        move || {
            started.open();
            go_on.pass();
        }
    }));
    assert!(block_on(poll_once(&mut busy)).is_none());
    started.pass();
    let (connection, dropped) = connection();
    let mut waits = Box::pin(crochet::unblock(move || drop(connection)));
    assert!(block_on(poll_once(&mut waits)).is_none());
    drop(waits);
    go_on.open();
    assert_eq!(dropped.wait().context, Some(own));
}

#[test]
fn a_thread_local_of_the_reactor_thread_is_dropped_in_the_context() {
    thread_local! {
        static KEPT: RefCell<Option<Connection>> = const { RefCell::new(None) };
    }
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let there = there(&reactor);
    let (connection, dropped) = connection();
    let keep = reactor.run_in_reactor(move || async move {
        KEPT.set(Some(connection));
        Ok::<_, Error>(())
    });
    keep.join(LONG).unwrap();
    reactor.shutdown(LONG).unwrap();
    assert_eq!(dropped.wait(), there);
}

#[test]
fn the_main_future_of_a_driver_that_may_not_run_is_dropped_in_the_context() {
    own_process!();
    let driver = crochet::no_setup().unwrap();
    crochet::shutdown(LONG).unwrap();
    let (connection, dropped) = connection();
    let run = driver.run(async move {
        let _connection = connection;
        future::pending::<()>().await;
    });
    assert!(block_on(run).unwrap_err().is_reactor_stopped());
    assert_eq!(dropped.wait(), here());
}

#[test]
fn a_logger_is_dropped_in_the_context() {
    struct Ships(#[expect(dead_code, reason = "to be dropped")] Connection);
    impl log::Log for Ships {
        fn enabled(&self, _: &log::Metadata<'_>) -> bool {
            true
        }
        fn log(&self, _: &log::Record<'_>) {}
        fn flush(&self) {}
    }
    let _limit = limit(LONG);
    let (connection, dropped) = connection();
    drop(BackgroundLogger::new(Ships(connection)));
    assert_eq!(dropped.wait(), here());
}
