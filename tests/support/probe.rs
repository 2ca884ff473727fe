//! Jobs in a known state, and what becomes of them: how often a future is polled, what is dropped
//! and where.

use std::fmt;
use std::future::{self, Future};
use std::panic::Location;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, ThreadId};

use crochet::{Error, EventualResult, Reactor};

use super::{Gate, LONG};

/// Runs a closure when it is dropped.
pub(crate) struct OnDrop<F: FnMut()>(pub(crate) F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Panics when it is dropped.
#[derive(Debug)]
pub(crate) struct PanicOnDrop(pub(crate) &'static str);

impl Drop for PanicOnDrop {
    fn drop(&mut self) {
        panic!("{}", self.0);
    }
}

/// Counts the polls of the futures that it watches, and records the drops of its witnesses.
#[derive(Clone, Default)]
pub(crate) struct Probe(Arc<Record>);

#[derive(Default)]
struct Record {
    polls: AtomicUsize,
    drops: Mutex<Vec<ThreadId>>,
}

impl Probe {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn witness(&self) -> Witness {
        Witness(self.clone())
    }

    /// Watches `future`, which has a witness.
    pub(crate) fn of<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        let (probe, witness) = (self.clone(), self.witness());
        async move {
            let _witness = witness;
            let mut future = pin!(future);
            future::poll_fn(|cx| {
                probe.0.polls.fetch_add(1, Ordering::Relaxed);
                future.as_mut().poll(cx)
            })
            .await
        }
    }

    /// Watches a future that is never ready.
    pub(crate) fn pending<T, E>(&self) -> impl Future<Output = Result<T, E>> + use<T, E> {
        self.of(future::poll_fn(|_| Poll::Pending))
    }

    pub(crate) fn polls(&self) -> usize {
        self.0.polls.load(Ordering::Relaxed)
    }

    /// How many witnesses were dropped so far.
    pub(crate) fn count(&self) -> usize {
        self.0.drops.lock().unwrap().len()
    }

    /// The threads on which they were dropped.
    pub(crate) fn threads(&self) -> Vec<ThreadId> {
        self.0.drops.lock().unwrap().clone()
    }
}

pub(crate) struct Witness(Probe);

impl Drop for Witness {
    fn drop(&mut self) {
        self.0.0.drops.lock().unwrap().push(thread::current().id());
    }
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Witness")
    }
}

/// A waker that calls `wake`.
pub(crate) fn waker(wake: impl Fn() + Send + Sync + 'static) -> Waker {
    struct Calls<F>(F);
    impl<F: Fn() + Send + Sync + 'static> Wake for Calls<F> {
        fn wake(self: Arc<Self>) {
            (self.0)();
        }
    }
    Waker::from(Arc::new(Calls(wake)))
}

/// This thread.
pub(crate) fn here() -> ThreadId {
    thread::current().id()
}

/// The thread of a reactor; so it is alive and well.
#[track_caller]
pub(crate) fn thread_of(reactor: &Reactor) -> ThreadId {
    reactor.wait_for(LONG, async { Ok::<_, Error>(here()) }).unwrap()
}

/// Returns when every job that was submitted before has been begun, and has been polled by its
/// task.
#[track_caller]
pub(crate) fn settle(reactor: &Reactor) {
    let round = async {
        futures_lite::future::yield_now().await;
        Ok::<_, Error>(())
    };
    reactor.wait_for(LONG, round).unwrap();
}

/// The future of [`never`], with what it keeps.
pub(crate) struct Never<G> {
    _guard: G,
}

impl<G> Future for Never<G> {
    type Output = Result<(), Error>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Pending
    }
}

/// What a job does that never ends. It keeps `guard`.
pub(crate) fn never<G>(guard: G) -> impl FnOnce() -> Never<G> {
    move || Never { _guard: guard }
}

/// A job that never ends, and keeps `guard`. Returns when the job waits.
#[track_caller]
pub(crate) fn endless(reactor: &Reactor, guard: impl Send + 'static) -> EventualResult<()> {
    let job = reactor.run_in_reactor(never(guard));
    settle(reactor);
    job
}

/// Keeps a job of [`held`] waiting until it is released or dropped.
#[must_use]
pub(crate) struct Leash(async_channel::Sender<()>);

impl Leash {
    pub(crate) fn release(self) {
        drop(self.0);
    }
}

/// A job that is waiting, and returns `result` when it is released.
#[track_caller]
pub(crate) fn held<T, E>(reactor: &Reactor, result: Result<T, E>) -> (Leash, EventualResult<T, E>)
where
    T: Send + 'static,
    E: fmt::Debug + Send + 'static,
{
    let (leash, held) = async_channel::bounded::<()>(1);
    let job = reactor.run_in_reactor(move || async move {
        let _ = held.recv().await;
        result
    });
    settle(reactor);
    (Leash(leash), job)
}

/// A job that holds the reactor thread, inside `poll`, until it is released.
pub(crate) struct Hog {
    release: Gate,
    pub(crate) job: EventualResult<(), Error>,
    /// The place of the call of [`hog`], which is that of the job.
    pub(crate) location: &'static Location<'static>,
}

/// Starts one, and returns when it holds the thread.
#[track_caller]
pub(crate) fn hog(reactor: &Reactor) -> Hog {
    let (started, release) = (Gate::new(), Gate::new());
    let location = Location::caller();
    let job = reactor.run_in_reactor({
        let (started, release) = (started.clone(), release.clone());
        move || async move {
            started.open();
            release.pass();
            Ok(())
        }
    });
    started.pass();
    Hog { release, job, location }
}

impl Hog {
    pub(crate) fn release(self) {
        self.release.open();
        self.job.join(LONG).unwrap();
    }
}
