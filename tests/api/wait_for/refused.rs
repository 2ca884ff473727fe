//! `wait_for` where there is no reactor to wait for: on its own thread, while it stops, after it
//! has stopped; and the free function, which starts one.

use std::future;
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use crochet::{Error, Iter, Reactor};
use futures_lite::future::{block_on, yield_now};
use futures_lite::stream::repeat;

use crate::support::{
    Gate, LONG, OnDrop, Probe, here, hog, limit, log, own_process, thread_of, until,
};

const SHORT: Duration = Duration::from_millis(20);

#[test]
fn it_is_refused_at_once_on_the_thread_of_its_own_reactor() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let trace = Probe::new();
    let inner = trace.of(async { Ok::<(), Error>(()) });
    let start = Instant::now();
    let result = reactor.wait_for(LONG, async {
        yield_now().await;
        Ok::<_, Error>(reactor.wait_for(Duration::MAX, inner))
    });
    assert!(matches!(result.unwrap(), Err(Error::OnReactorThread)));
    assert!(start.elapsed() < LONG / 2);
    assert_eq!((trace.polls(), trace.threads()), (0, vec![thread_of(&reactor)]));
}

#[test]
fn the_log_says_once_where_a_refused_call_was_made() {
    own_process!();
    let log = log();
    let reactor = Reactor::new().unwrap();
    let job = reactor.run_in_reactor(|| async { Ok::<_, Error>(()) });
    let calls = reactor.wait_for(LONG, async {
        let mut lines = Vec::new();
        for _ in 0..2 {
            lines = vec![line!() + 1];
            let _ = reactor.wait_for(LONG, async { Ok::<_, Error>(()) });
            lines.push(line!() + 1);
            let _ = job.wait(LONG);
            lines.push(line!() + 1);
            let _ = crochet::wait_all(&[&job], LONG);
            lines.push(line!() + 1);
            let _ = Iter::on(&reactor, repeat(1)).next();
        }
        // Dropped on this thread, which is no call of the user's.
        drop(Iter::on(&reactor, repeat(1)));
        Ok::<_, Error>(lines)
    });
    let records = log.with("was refused");
    let lines = calls.unwrap();
    for (record, line) in records.iter().zip(&lines) {
        assert_eq!(record.level, log::Level::Warn);
        let start = format!("the blocking call at {}:{line} was refused", file!());
        assert!(record.text.starts_with(&start), "{}", record.text);
        assert!(record.text.contains("await the async original"), "{}", record.text);
    }
    assert_eq!(records.len(), lines.len(), "{records:?}");
}

#[test]
fn it_is_refused_inside_another_block_on_there_and_in_a_drop() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let again = || reactor.wait_for(Duration::MAX, async { Ok::<(), Error>(()) });
    let nested = reactor.wait_for(LONG, async {
        let inside = block_on(async {
            yield_now().await;
            block_on(async { again() })
        });
        Ok::<_, Error>(inside)
    });
    assert!(matches!(nested.unwrap(), Err(Error::OnReactorThread)));

    let (sender, receiver) = mpsc::channel();
    let in_drop = OnDrop(move || sender.send(again()).unwrap());
    reactor
        .wait_for(LONG, async move {
            let _in_drop = in_drop;
            Ok::<_, Error>(())
        })
        .unwrap();
    assert!(matches!(receiver.recv().unwrap(), Err(Error::OnReactorThread)));
}

#[test]
fn a_job_of_another_reactor_may_wait() {
    let _limit = limit(LONG);
    let (outer, inner) = (Reactor::new().unwrap(), Reactor::new().unwrap());
    let (theirs, nested) = outer
        .wait_for(LONG, async {
            let theirs = inner.wait_for(LONG, async {
                // And back: the outer reactor's thread is held by this very wait, so it is late.
                let back = outer.wait_for(SHORT, async { Ok::<(), Error>(()) });
                Ok::<_, Error>((here(), back))
            })?;
            Ok::<_, Error>(theirs)
        })
        .unwrap();
    assert_eq!(theirs, thread_of(&inner));
    let Err(Error::TimedOut(why)) = nested else { panic!("{nested:?}") };
    assert_eq!(why.blocked_by().unwrap().location().file(), file!());
}

#[test]
fn a_shutdown_meanwhile_drops_the_future_on_the_reactor_thread_before_it_returns() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let reactor_thread = thread_of(&reactor);
    let (polled, trace) = (Gate::new(), Probe::new());
    let result = thread::scope(|scope| {
        scope.spawn(|| {
            polled.pass();
            reactor.shutdown(LONG).unwrap();
        });
        let job = trace.of(future::poll_fn(|_| {
            polled.open();
            Poll::<Result<(), Error>>::Pending
        }));
        let result = reactor.wait_for(Duration::MAX, job);
        assert_eq!(trace.threads(), [reactor_thread]);
        result
    });
    assert!(matches!(result, Err(Error::ReactorStopped)));
}

#[test]
fn a_shutdown_drops_a_queued_future_on_the_reactor_thread() {
    let _limit = limit(LONG);
    // Nothing tells when the job is in the queue; so again, until it was there in time.
    until(|| {
        let reactor = Reactor::new().unwrap();
        let (reactor_thread, trace) = (thread_of(&reactor), Probe::new());
        let (hog, about_to) = (hog(&reactor), Gate::new());
        let (result, caller) = thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                about_to.open();
                (reactor.wait_for(Duration::MAX, trace.pending::<(), Error>()), here())
            });
            about_to.pass();
            thread::sleep(SHORT);
            assert!(reactor.shutdown(SHORT).unwrap_err().is_timeout());
            hog.release();
            waiting.join().unwrap()
        });
        assert!(matches!(result, Err(Error::ReactorStopped)));
        assert_eq!((trace.polls(), trace.threads().len()), (0, 1));
        let refused = trace.threads() == [caller];
        assert!(refused || trace.threads() == [reactor_thread]);
        !refused
    });
}

#[test]
fn after_a_shutdown_the_future_is_dropped_unpolled() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    reactor.shutdown(LONG).unwrap();
    let trace = Probe::new();
    let result = reactor.wait_for(Duration::MAX, trace.of(async { Ok::<(), Error>(()) }));
    assert!(matches!(result, Err(Error::ReactorStopped)));
    assert_eq!((trace.polls(), trace.threads()), (0, vec![here()]));
}

// The free function.

#[test]
fn the_free_function_starts_the_global_reactor_and_starts_a_fresh_one_after_a_shutdown() {
    own_process!();
    async fn thread() -> Result<(String, thread::ThreadId), Error> {
        Ok((thread::current().name().unwrap_or_default().to_owned(), here()))
    }
    let first = crochet::wait_for(LONG, thread()).unwrap();
    assert_eq!(first.0, "crochet");
    assert_eq!(crochet::wait_for(LONG, thread()).unwrap(), first);
    crochet::shutdown(LONG).unwrap();
    let second = crochet::wait_for(LONG, thread()).unwrap();
    assert_eq!(second.0, "crochet");
    assert_ne!(second.1, first.1);
}

#[test]
fn the_free_function_is_refused_on_the_global_reactors_thread_only() {
    own_process!();
    let inner = || crochet::wait_for(LONG, async { Ok::<_, Error>(here()) });
    let own = Reactor::new().unwrap();
    let from_own = own.wait_for(LONG, async { inner() }).unwrap();
    let from_global = crochet::wait_for(LONG, async { Ok::<_, Error>(inner()) }).unwrap();
    assert!(matches!(from_global, Err(Error::OnReactorThread)));
    assert_eq!(crochet::wait_for(LONG, async { Ok::<_, Error>(here()) }).unwrap(), from_own);
}
