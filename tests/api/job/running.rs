//! What `run_in_reactor` does with a job. Panics are in `panics.rs`, cancellation in
//! `cancelling.rs`.
//!
//! | | reactor idle | reactor held | shut down |
//! |---|---|---|---|
//! | `run_in_reactor` | begun at once | queued, in order | dropped uncalled: `ReactorStopped` |
//! | … on the reactor thread | begun after this poll | the same | the same |
//! | a wake, from any thread | polled | polled when it is free | – |

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use crochet::{Error, EventualResult, Reactor};
use futures_lite::future::yield_now;

use crate::support::{Gate, LONG, Probe, hog, limit, settle, thread_of, until};

#[test]
fn the_closure_is_called_and_the_future_polled_on_the_reactor_thread() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let job = reactor.run_in_reactor(|| {
        assert!(crochet::in_reactor());
        let called = thread::current().id();
        async move {
            let first = thread::current().id();
            yield_now().await;
            Ok::<_, Error>([called, first, thread::current().id()])
        }
    });
    assert_eq!(job.join(LONG).unwrap(), [thread_of(&reactor); 3]);
}

#[test]
fn a_future_need_not_be_send() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let job = reactor.run_in_reactor(|| async {
        let shared = Rc::new(RefCell::new(vec![1]));
        let other = Rc::clone(&shared);
        yield_now().await;
        other.borrow_mut().push(2);
        yield_now().await;
        Ok::<_, Error>(shared.take())
    });
    assert_eq!(job.join(LONG).unwrap(), [1, 2]);
}

#[test]
fn jobs_share_what_is_on_the_reactor_thread() {
    thread_local! {
        static COUNT: Cell<u32> = const { Cell::new(0) };
    }

    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for expected in 1..=10 {
        let job = reactor.run_in_reactor(|| async {
            COUNT.set(COUNT.get() + 1);
            Ok::<_, Error>(COUNT.get())
        });
        assert_eq!(job.join(LONG).unwrap(), expected);
    }
}

#[test]
fn jobs_are_started_in_the_order_in_which_each_thread_submitted_them() {
    const THREADS: usize = 4;
    const JOBS: usize = 1000;
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let started: Arc<Mutex<[Vec<usize>; THREADS]>> = Arc::default();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (reactor, started) = (&reactor, &started);
            scope.spawn(move || {
                let mut last = None;
                for number in 0..JOBS {
                    let started = Arc::clone(started);
                    let job = reactor.run_in_reactor(move || {
                        started.lock().unwrap()[thread].push(number);
                        async move {
                            // Some are done at once, the others take a while.
                            for _ in 0..number % 3 {
                                yield_now().await;
                            }
                            Ok::<_, Error>(())
                        }
                    });
                    last = Some(job);
                }
                last.unwrap().join(LONG).unwrap();
            });
        }
    });
    let in_order: Vec<_> = (0..JOBS).collect();
    for order in &*started.lock().unwrap() {
        assert!(*order == in_order, "{order:?}");
    }
}

#[test]
fn jobs_that_were_queued_while_the_reactor_was_held_are_started_in_order() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let hog = hog(&reactor);
    let (send, order) = mpsc::channel();
    for number in 0..1000 {
        let send = send.clone();
        let queued: EventualResult<()> = reactor.run_in_reactor(move || async move {
            send.send(number).unwrap();
            Ok(())
        });
        queued.detach();
    }
    drop(send);
    assert!(order.try_recv().is_err());
    hog.release();
    assert!(order.iter().eq(0..1000));
}

#[test]
fn a_job_takes_no_turn_away_from_the_others() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let greedy: EventualResult<()> = reactor.run_in_reactor(|| async {
        loop {
            yield_now().await;
        }
    });
    for number in 0..100 {
        let job = reactor.run_in_reactor(move || async move {
            yield_now().await;
            Ok::<_, Error>(number)
        });
        assert_eq!(job.join(LONG).unwrap(), number);
    }
    assert!(!greedy.is_finished());
    greedy.cancel();
    assert!(greedy.wait(LONG).unwrap_err().is_cancelled());
}

#[test]
fn a_flood_of_new_jobs_takes_no_turn_away_from_those_begun() {
    fn flood(reactor: Reactor, stop: Arc<AtomicBool>) {
        let again = reactor.clone();
        let job: EventualResult<()> = reactor.run_in_reactor(move || async move {
            if !stop.load(Ordering::Relaxed) {
                flood(again, stop);
            }
            Ok(())
        });
        job.detach();
    }

    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    // Each of them submits its successor, so the queue is never empty.
    (0..4).for_each(|_| flood(reactor.clone(), Arc::clone(&stop)));
    let job = reactor.run_in_reactor(|| async {
        for _ in 0..100 {
            yield_now().await;
        }
        Ok::<_, Error>(7)
    });
    assert_eq!(job.join(LONG).unwrap(), 7);
    stop.store(true, Ordering::Relaxed);
    settle(&reactor);
}

#[test]
fn a_job_may_submit_jobs_and_await_them() {
    fn sum(reactor: Reactor, depth: u32) -> EventualResult<u32> {
        reactor.clone().run_in_reactor(move || async move {
            if depth == 0 {
                return Ok(1);
            }
            let [left, right] = [(); 2].map(|()| sum(reactor.clone(), depth - 1));
            Ok(left.await.map_err(Error::flatten)? + right.await.map_err(Error::flatten)?)
        })
    }

    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    assert_eq!(sum(reactor, 8).join(LONG).unwrap(), 256);
}

#[test]
fn a_job_that_is_submitted_by_a_job_is_not_started_inside_its_poll() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let inner_started = Arc::new(AtomicBool::new(false));
    let outer = reactor.run_in_reactor({
        let reactor = reactor.clone();
        move || async move {
            let flag = Arc::clone(&inner_started);
            let inner = reactor.run_in_reactor(move || async move {
                flag.store(true, Ordering::Relaxed);
                Ok::<_, Error>(())
            });
            let early = inner_started.load(Ordering::Relaxed);
            inner.await.map_err(Error::flatten)?;
            Ok::<_, Error>((early, inner_started.load(Ordering::Relaxed)))
        }
    });
    assert_eq!(outer.join(LONG).unwrap(), (false, true));
}

#[test]
fn a_job_may_cancel_itself_through_its_handle() {
    let _limit = limit(LONG);
    let (reactor, drops) = (Reactor::new().unwrap(), Probe::new());
    let witness = drops.witness();
    let (send, own) = async_channel::bounded::<EventualResult<()>>(1);
    let (ended, outcome) = mpsc::channel();
    let job = reactor.run_in_reactor(move || async move {
        let _witness = witness;
        let handle = own.recv().await.unwrap();
        handle.cancel();
        ended.send((handle.is_finished(), handle)).unwrap();
        pending().await
    });
    send.try_send(job).unwrap();
    let (finished, handle) = outcome.recv().unwrap();
    assert!(!finished, "it is inside `poll`");
    assert!(handle.wait(LONG).unwrap_err().is_cancelled());
    assert_eq!(drops.threads(), [thread_of(&reactor)]);
}

#[test]
fn a_job_may_own_its_handle() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    for cancels in [false, true] {
        let (drops, went_on) = (Probe::new(), Gate::new());
        let (witness, go_on) = (drops.witness(), went_on.clone());
        let (send, own) = async_channel::bounded::<EventualResult<()>>(1);
        let job = reactor.run_in_reactor(move || async move {
            let _witness = witness;
            let handle = own.recv().await.unwrap();
            if cancels {
                handle.cancel();
            }
            yield_now().await;
            go_on.open();
            Ok(())
        });
        send.try_send(job).unwrap();
        until(|| drops.count() == 1);
        assert_eq!(went_on.is_open(), !cancels, "a cancelled job is not polled again");
    }
}

#[test]
fn a_job_that_is_refused_after_a_shutdown_is_stopped_and_its_closure_dropped_uncalled() {
    let _limit = limit(LONG);
    let (reactor, drops) = (Reactor::new().unwrap(), Probe::new());
    reactor.shutdown(LONG).unwrap();
    let witness = drops.witness();
    let called = Arc::new(AtomicBool::new(false));
    let job = reactor.run_in_reactor({
        let called = Arc::clone(&called);
        move || {
            called.store(true, Ordering::Relaxed);
            async move {
                let _witness = witness;
                Ok::<_, Error>(())
            }
        }
    });
    assert!(job.is_finished());
    assert_eq!(drops.threads(), [thread::current().id()]);
    assert!(job.wait(Duration::ZERO).unwrap_err().is_reactor_stopped());
    assert!(job.original_failure().unwrap().is_reactor_stopped());
    assert!(job.into_result(LONG).unwrap_err().is_reactor_stopped());
    assert!(!called.load(Ordering::Relaxed));
}

#[test]
fn a_job_is_polled_for_every_wake_from_another_thread() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (send, numbers) = async_channel::bounded::<usize>(1);
    let job = reactor.run_in_reactor(move || async move {
        let mut sum = 0;
        while let Ok(number) = numbers.recv().await {
            sum += number;
        }
        Ok::<_, Error>(sum)
    });
    thread::scope(|scope| {
        for first in 0..4 {
            let send = send.clone();
            scope.spawn(move || {
                (first..8000).step_by(4).for_each(|number| send.send_blocking(number).unwrap());
            });
        }
    });
    drop(send);
    assert_eq!(job.join(LONG).unwrap(), (0..8000).sum::<usize>());
}

#[test]
fn wakes_from_many_threads_at_once_and_after_the_end_are_harmless() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let polls = Arc::new(AtomicUsize::new(0));
    let (given, wakers) = mpsc::channel::<Waker>();
    let (enough, again) = (Gate::new(), Gate::new());
    let job = reactor.run_in_reactor({
        let (polls, enough, again) = (Arc::clone(&polls), enough.clone(), again.clone());
        move || {
            poll_fn(move |cx| {
                given.send(cx.waker().clone()).unwrap();
                if polls.fetch_add(1, Ordering::Relaxed) > 1 {
                    again.open();
                }
                if enough.is_open() { Poll::Ready(Ok::<_, Error>(())) } else { Poll::Pending }
            })
        }
    });
    settle(&reactor);
    let waker = wakers.try_iter().last().unwrap();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..1000).for_each(|_| waker.wake_by_ref()));
        }
    });
    again.pass();
    enough.open();
    waker.wake_by_ref();
    job.wait(LONG).unwrap();
    let polled = polls.load(Ordering::Relaxed);
    (0..1000).for_each(|_| waker.wake_by_ref());
    settle(&reactor);
    assert_eq!(polls.load(Ordering::Relaxed), polled, "it is not polled after its end");
    reactor.shutdown(LONG).unwrap();
    waker.wake();
}
