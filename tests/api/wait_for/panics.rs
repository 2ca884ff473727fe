//! `wait_for` and panics: wherever the job panics, the panic goes on in the caller, with the same
//! payload, and the reactor goes on.
//!
//! | the panic is in | the future is dropped on |
//! |---|---|
//! | the first `poll`, a later `poll` | the reactor thread |
//! | its `Drop`, when it was ready | the reactor thread |
//! | its `Drop`, at the timeout | the caller's thread |
//! | its `Drop`, at a shutdown | the reactor thread |

use std::any::Any;
use std::future::{self, Future};
use std::panic::{self, AssertUnwindSafe};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use crochet::{Error, Reactor};
use futures_lite::future::yield_now;

use crate::support::{Gate, LONG, OnDrop, Probe, here, limit, thread_of, waker};

const SHORT: Duration = Duration::from_millis(20);

/// What the call panics with.
fn caught<R>(call: impl FnOnce() -> R) -> Box<dyn Any + Send> {
    match panic::catch_unwind(AssertUnwindSafe(call)) {
        Ok(_) => panic!("the call did not panic"),
        Err(payload) => payload,
    }
}

fn text(payload: &(dyn Any + Send)) -> &str {
    payload.downcast_ref::<&str>().expect("a literal")
}

/// Panics with `payload`, in a job.
fn fail(payload: impl Any + Send) -> Result<(), Error> {
    panic::panic_any(payload)
}

/// A future that ends as `ready` says, and whose `Drop` panics.
fn panics_in_drop(trace: &Probe, ready: bool) -> impl Future<Output = Result<(), Error>> + use<> {
    let guards = (trace.witness(), OnDrop(|| panic!("in drop")));
    async move {
        // Here even if it is dropped before its first poll.
        let _guards = guards;
        yield_now().await;
        if !ready {
            future::pending::<()>().await;
        }
        Ok(())
    }
}

#[test]
fn a_panic_in_the_first_poll_goes_on_in_the_caller() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let reactor_thread = thread_of(&reactor);
    let trace = Probe::new();
    let job = trace.of(async { fail("in the first poll") });
    let payload = caught(|| reactor.wait_for(LONG, job));
    assert_eq!(text(&*payload), "in the first poll");
    assert_eq!((trace.polls(), trace.threads()), (1, vec![reactor_thread]));
    assert_eq!(thread_of(&reactor), reactor_thread, "the reactor goes on");
}

#[test]
fn a_panic_in_a_later_poll_goes_on_in_the_caller() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let reactor_thread = thread_of(&reactor);
    let trace = Probe::new();
    let number = 3;
    let job = trace.of(async {
        for _ in 0..number {
            yield_now().await;
        }
        fail(format!("in poll {}", number + 1))
    });
    let payload = caught(|| reactor.wait_for(LONG, job));
    assert_eq!(payload.downcast_ref::<String>().unwrap(), "in poll 4");
    assert!(trace.polls() >= 4);
    assert_eq!(trace.threads(), [reactor_thread]);
    assert_eq!(thread_of(&reactor), reactor_thread, "the reactor goes on");
}

#[test]
fn a_panic_in_the_drop_of_a_ready_future_goes_on_in_the_caller() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let reactor_thread = thread_of(&reactor);

    /// Ready at once; an `async` block would drop its locals before it is ready.
    struct Ready {
        _panic: OnDrop<fn()>,
        trace: Probe,
    }
    impl Future for Ready {
        type Output = Result<String, Error>;

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
            Poll::Ready(Ok("lost".into()))
        }
    }
    impl Drop for Ready {
        fn drop(&mut self) {
            drop(self.trace.witness());
        }
    }

    let trace = Probe::new();
    let job = Ready { _panic: OnDrop(|| panic!("in drop")), trace: trace.clone() };
    let payload = caught(|| reactor.wait_for(LONG, job));
    assert_eq!(text(&*payload), "in drop");
    assert_eq!(trace.threads(), [reactor_thread]);
    assert_eq!(thread_of(&reactor), reactor_thread, "the reactor goes on");

    // The same in the drop of a local of an `async` block.
    let payload = caught(|| reactor.wait_for(LONG, panics_in_drop(&trace, true)));
    assert_eq!(text(&*payload), "in drop");
    assert_eq!(thread_of(&reactor), reactor_thread, "the reactor goes on");
}

#[test]
fn a_panic_in_the_drop_at_the_timeout_is_the_callers_own() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let reactor_thread = thread_of(&reactor);
    let trace = Probe::new();
    let payload = caught(|| reactor.wait_for(SHORT, panics_in_drop(&trace, false)));
    assert_eq!(text(&*payload), "in drop");
    assert_eq!(trace.threads(), [here()]);
    assert_eq!(thread_of(&reactor), reactor_thread, "the reactor goes on");
}

#[test]
fn a_panic_in_the_drop_at_a_shutdown_goes_on_in_the_caller() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let reactor_thread = thread_of(&reactor);
    let (trace, other) = (Probe::new(), Probe::new());
    let started = Gate::new();
    let bystander = reactor.run_in_reactor({
        let other = other.clone();
        move || other.pending::<(), Error>()
    });
    let payload = thread::scope(|scope| {
        scope.spawn(|| {
            started.pass();
            reactor.shutdown(LONG).unwrap();
        });
        let job = panics_in_drop(&trace, false);
        caught(|| {
            reactor.wait_for(Duration::MAX, async {
                let job = job;
                started.open();
                job.await
            })
        })
    });
    assert_eq!(text(&*payload), "in drop");
    assert_eq!(trace.threads(), [reactor_thread]);
    // It went on stopping.
    assert!(bystander.wait(LONG).unwrap_err().is_reactor_stopped());
    assert_eq!(other.threads(), [reactor_thread]);
}

#[test]
fn a_payload_that_is_no_string_arrives_as_it_is() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let payload = Arc::new(5);
    let sent = Arc::clone(&payload);
    let received = caught(|| {
        reactor.wait_for(LONG, async {
            yield_now().await;
            fail(sent)
        })
    });
    let received = received.downcast::<Arc<i32>>().unwrap();
    assert!(Arc::ptr_eq(&received, &payload));
    drop(received);
    assert_eq!(Arc::strong_count(&payload), 1, "no other owner is left");
    thread_of(&reactor);
}

#[test]
fn of_two_panics_the_first_goes_on() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    struct Both;
    impl Future for Both {
        type Output = Result<(), Error>;

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
            panic!("first, in poll");
        }
    }
    impl Drop for Both {
        fn drop(&mut self) {
            panic!("second, in drop");
        }
    }
    assert_eq!(text(&*caught(|| reactor.wait_for(LONG, Both))), "first, in poll");
    thread_of(&reactor);
}

#[test]
fn a_result_whose_drop_panics_does_no_harm_where_no_caller_gets_it() {
    struct Ready;
    impl Future for Ready {
        type Output = Result<OnDrop<fn()>, Error>;

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
            Poll::Ready(Ok(OnDrop(|| panic!("second, in the drop of the result"))))
        }
    }
    impl Drop for Ready {
        fn drop(&mut self) {
            panic!("first, in the drop of the future");
        }
    }

    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let payload = caught(|| reactor.wait_for(LONG, Ready));
    assert_eq!(text(&*payload), "first, in the drop of the future");
    thread_of(&reactor);
}

/// A payload whose own drop panics.
struct Bomb(Arc<AtomicUsize>);

impl Drop for Bomb {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
        panic!("in the drop of the payload");
    }
}

/// Panics with text in `poll`, and with a [`Bomb`] in `Drop`.
struct Bomber(Arc<AtomicUsize>);

impl Future for Bomber {
    type Output = Result<(), Error>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        panic!("first, in poll");
    }
}

impl Drop for Bomber {
    fn drop(&mut self) {
        panic::panic_any(Bomb(Arc::clone(&self.0)));
    }
}

#[test]
fn a_payload_whose_drop_panics_does_not_hide_the_first_panic() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let reactor_thread = thread_of(&reactor);
    let dropped = Arc::new(AtomicUsize::new(0));
    let bomber = Bomber(Arc::clone(&dropped));
    assert_eq!(text(&*caught(|| reactor.wait_for(LONG, bomber))), "first, in poll");
    assert_eq!(dropped.load(Ordering::Relaxed), 1);
    assert_eq!(thread_of(&reactor), reactor_thread, "the reactor goes on");

    /// Ready; its drop panics with text, that of its output with a [`Bomb`].
    struct Ready(Option<Bomber>);
    impl Future for Ready {
        type Output = Result<Bomber, Error>;

        fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
            Poll::Ready(Ok(self.0.take().unwrap()))
        }
    }
    impl Drop for Ready {
        fn drop(&mut self) {
            panic!("first, in drop");
        }
    }
    let ready = Ready(Some(Bomber(Arc::clone(&dropped))));
    assert_eq!(text(&*caught(|| reactor.wait_for(LONG, ready))), "first, in drop");
    assert_eq!(dropped.load(Ordering::Relaxed), 2);
    assert_eq!(thread_of(&reactor), reactor_thread, "the reactor goes on");
}

#[test]
fn a_payload_whose_drop_panics_does_not_stop_the_reactor() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let reactor_thread = thread_of(&reactor);
    let dropped = Arc::new(AtomicUsize::new(0));
    let (polled, bystander) = (Gate::new(), Probe::new());
    let other = reactor.run_in_reactor({
        let bystander = bystander.clone();
        move || bystander.pending::<(), Error>()
    });
    let job = reactor.run_in_reactor({
        let polled = polled.clone();
        move || async move {
            polled.pass();
            Ok::<_, Error>(())
        }
    });
    let counter = Arc::clone(&dropped);
    let waker = waker(move || panic::panic_any(Bomb(Arc::clone(&counter))));
    let mut job = pin!(job.into_future());
    assert!(job.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    polled.open();
    assert_eq!(thread_of(&reactor), reactor_thread, "the reactor goes on");
    assert_eq!(dropped.load(Ordering::Relaxed), 1);
    assert!(job.as_mut().poll(&mut Context::from_waker(&waker)).is_ready());
    assert!(other.try_wait().is_none());
    assert!(bystander.threads().is_empty());
}

#[test]
fn a_caller_that_is_unwinding_may_wait() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let (sum, late) = (AtomicUsize::new(0), Probe::new());
    let payload = caught(|| {
        let _in_drop = OnDrop(|| {
            let two = reactor.wait_for(LONG, async {
                yield_now().await;
                Ok::<_, Error>(1 + 1)
            });
            sum.store(two.unwrap(), Ordering::Relaxed);
            reactor.wait_for(SHORT, late.pending::<(), Error>()).unwrap_err();
        });
        panic!("the caller's own");
    });
    assert_eq!(text(&*payload), "the caller's own");
    assert_eq!(sum.load(Ordering::Relaxed), 2);
    assert_eq!(late.threads(), [here()]);
}
