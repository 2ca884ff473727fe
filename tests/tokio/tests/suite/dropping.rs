//! Where jobs are dropped: always in the context that they are polled in, or if they never were, in
//! any.
//!
//! | the job | dropped by | context |
//! |---|---|---|
//! | finished, panicked, cancelled, stopped | the reactor thread | the reactor's |
//! | timed out in `wait_for`, the thread free or held | the caller | the reactor's |
//! | never begun: cancelled, stopped | the reactor thread | the reactor's |
//! | refused | the caller | the caller's, or else the crate's own |
//!
//! `driver.rs` has the rows for a `Driver`, and `callers.rs` those for callers inside a runtime.

use std::future;
use std::io::{self, Read};
use std::net;
use std::thread;
use std::time::Duration;

use crochet::{Error, Reactor};
use crochet_tokio_tests::{Dropped, own, witness};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::sleep;

use crate::support::{Gate, LONG, hog, limit, thread_of};

const SHORT: Duration = Duration::from_millis(30);

/// What a witness says that was dropped as it should be.
fn on(thread: thread::ThreadId) -> Dropped {
    Dropped { context: Some(own()), thread }
}

/// Runs a case with a reactor, and its thread.
fn with_reactor(case: impl FnOnce(&Reactor, Dropped)) {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let there = on(thread_of(&reactor));
    case(&reactor, there);
}

#[test]
fn a_job_that_has_ended_is_dropped_in_the_context() {
    with_reactor(|reactor, there| {
        for panics in [false, true] {
            let (witness, dropped) = witness();
            let job = reactor.run_in_reactor(move || async move {
                let _witness = witness;
                assert!(!panics, "on purpose");
                Ok::<_, Error>(())
            });
            assert_eq!(job.wait(LONG).is_err(), panics);
            assert_eq!(dropped.wait(), there);
        }
        let (witness, dropped) = witness();
        let lent = reactor.wait_for(LONG, async move {
            let _witness = witness;
            Ok::<_, Error>(())
        });
        lent.unwrap();
        assert_eq!(dropped.wait(), there);
    });
}

#[test]
fn a_job_that_is_cancelled_or_stopped_is_dropped_in_the_context() {
    with_reactor(|reactor, there| {
        for stop in [false, true] {
            let ((witness, dropped), started) = (witness(), Gate::new());
            let job = reactor.run_in_reactor({
                let started = started.clone();
                move || async move {
                    let _witness = witness;
                    started.open();
                    sleep(Duration::from_secs(3600)).await;
                    Ok::<_, Error>(())
                }
            });
            started.pass();
            if stop {
                reactor.shutdown(LONG).unwrap();
                assert!(job.wait(LONG).unwrap_err().is_reactor_stopped());
            } else {
                job.cancel();
                assert!(job.wait(LONG).unwrap_err().is_cancelled());
            }
            assert_eq!(dropped.wait(), there);
        }
    });
}

#[test]
fn a_lent_job_that_is_stopped_is_dropped_in_the_context() {
    with_reactor(|reactor, there| {
        let ((witness, dropped), started) = (witness(), Gate::new());
        thread::scope(|scope| {
            let waiter = scope.spawn(|| {
                reactor.wait_for(LONG, async {
                    let _witness = witness;
                    started.open();
                    future::pending::<Result<(), Error>>().await
                })
            });
            started.pass();
            reactor.shutdown(LONG).unwrap();
            assert!(waiter.join().unwrap().unwrap_err().is_reactor_stopped());
        });
        assert_eq!(dropped.wait(), there);
    });
}

#[test]
fn a_call_that_times_out_drops_its_job_on_this_thread_in_the_context() {
    with_reactor(|reactor, _| {
        for held in [false, true] {
            let hog = held.then(|| hog(reactor));
            for timeout in [Duration::ZERO, SHORT] {
                let (witness, dropped) = witness();
                let late: Result<(), Error> = reactor.wait_for(timeout, async move {
                    let _witness = witness;
                    future::pending().await
                });
                assert!(late.unwrap_err().is_timeout());
                assert_eq!(dropped.wait(), on(thread::current().id()));
            }
            if let Some(hog) = hog {
                hog.release();
            }
        }
    });
}

#[test]
fn a_job_that_was_never_begun_is_dropped_in_the_context() {
    with_reactor(|reactor, there| {
        let hog = hog(reactor);
        let [(cancelled, cancelled_dropped), (stopped, stopped_dropped)] = [witness(), witness()];
        let job = |witness| {
            reactor.run_in_reactor(move || async move {
                drop(witness);
                Ok::<_, Error>(())
            })
        };
        job(cancelled).cancel();
        let stopped = job(stopped);
        assert!(reactor.shutdown(Duration::ZERO).unwrap_err().is_timeout());
        hog.release();
        assert!(stopped.wait(LONG).unwrap_err().is_reactor_stopped());
        assert_eq!((cancelled_dropped.wait(), stopped_dropped.wait()), (there, there));
    });
}

#[test]
fn a_job_that_is_refused_is_dropped_in_a_context() {
    with_reactor(|reactor, _| {
        reactor.shutdown(LONG).unwrap();
        let here = on(thread::current().id());
        let (owned, owned_dropped) = witness();
        let job = reactor.run_in_reactor(move || async move {
            drop(owned);
            Ok::<_, Error>(())
        });
        assert!(job.join(LONG).unwrap_err().is_reactor_stopped());
        assert_eq!(owned_dropped.wait(), here);
        let (lent, lent_dropped) = witness();
        let call: Result<(), Error> = reactor.wait_for(LONG, async move {
            drop(lent);
            Ok(())
        });
        assert!(call.unwrap_err().is_reactor_stopped());
        assert_eq!(lent_dropped.wait(), here);
    });
}

/// Cleans up as database clients do: in a task, for which a destructor has no time.
struct CleansUp(Gate);

impl Drop for CleansUp {
    fn drop(&mut self) {
        let cleaned_up = self.0.clone();
        tokio::spawn(async move {
            sleep(Duration::from_millis(1)).await;
            cleaned_up.open();
        });
    }
}

#[test]
fn a_destructor_may_spawn_a_task_wherever_it_runs() {
    with_reactor(|reactor, _| {
        let late = |timeout| {
            let cleaned_up = Gate::new();
            let cleans_up = CleansUp(cleaned_up.clone());
            let late: Result<(), Error> = reactor.wait_for(timeout, async move {
                let _cleans_up = cleans_up;
                Handle::current(); // panics where there is none
                future::pending().await
            });
            assert!(late.unwrap_err().is_timeout());
            cleaned_up.pass();
        };
        late(SHORT);
        let hog = hog(reactor);
        late(SHORT);
        hog.release();
    });
}

#[test]
fn a_socket_and_a_timer_that_are_dropped_on_this_thread_are_gone() {
    with_reactor(|reactor, _| {
        let server = net::TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = net::TcpStream::connect(server.local_addr().unwrap()).unwrap();
        stream.set_nonblocking(true).unwrap();
        let late: io::Result<()> = reactor.wait_for(SHORT, async {
            let (stream, timer) = (TcpStream::from_std(stream)?, sleep(LONG));
            stream.readable().await?;
            timer.await;
            Ok(())
        });
        assert_eq!(late.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(server.accept().unwrap().0.read(&mut [0]).unwrap(), 0);
    });
}
