//! The jobs of a case, and what is seen of them.

use std::any::Any;
use std::future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use async_io::Timer;
use crochet::Error;
use event_listener::Event;
use futures_lite::future::yield_now;

use crate::script::Kind;

/// The job's own error type.
#[derive(Debug)]
pub(crate) enum Failure {
    Own(u64),
    Crochet(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Crochet(error)
    }
}

/// What a call tells of a job.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Seen {
    Value(u64),
    Failed(u64),
    Panicked(String),
    Cancelled,
    Stopped,
    TimedOut,
    Interrupted,
    Forked,
    /// Nothing that a call on an ordinary thread may say.
    Other(String),
}

impl Seen {
    /// Whether it is how the job ended, and not how a wait for it did.
    pub(crate) fn is_final(&self) -> bool {
        !matches!(self, Self::TimedOut | Self::Interrupted)
    }

    pub(crate) fn of(result: Result<u64, Failure>) -> Self {
        match result {
            Ok(value) => Self::Value(value),
            Err(Failure::Own(value)) => Self::Failed(value),
            Err(Failure::Crochet(error)) => Self::of_error(&error, |never| match *never {}),
        }
    }

    pub(crate) fn of_handle<F: std::borrow::Borrow<Failure>>(
        result: Result<u64, Error<F>>,
    ) -> Self {
        match result {
            Ok(value) => Self::Value(value),
            Err(error) => Self::of_error(&error, |failure| match failure.borrow() {
                Failure::Own(value) => Self::Failed(*value),
                Failure::Crochet(error) => Self::Other(format!("the job failed with {error}")),
            }),
        }
    }

    fn of_error<E>(error: &Error<E>, own: impl FnOnce(&E) -> Self) -> Self {
        match error {
            Error::Job(error) => own(error),
            Error::TimedOut(_) => Self::TimedOut,
            Error::Cancelled => Self::Cancelled,
            Error::ReactorStopped => Self::Stopped,
            Error::Panicked(panic) => Self::Panicked(panic.message().unwrap_or("?").to_owned()),
            Error::Interrupted => Self::Interrupted,
            Error::Forked { .. } => Self::Forked,
            Error::OnReactorThread => Self::Other("on the reactor thread".to_owned()),
            _ => Self::Other("a failure that this case cannot have".to_owned()),
        }
    }

    pub(crate) fn of_panic(payload: &(dyn Any + Send)) -> Self {
        Self::Panicked(text(payload).unwrap_or("?").to_owned())
    }
}

pub(crate) fn text(payload: &(dyn Any + Send)) -> Option<&str> {
    let text = payload.downcast_ref::<&'static str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
}

/// Where jobs wait.
#[derive(Default)]
pub(crate) struct Gate {
    is_open: AtomicBool,
    event: Event,
}

impl Gate {
    pub(crate) fn open(&self) {
        self.is_open.store(true, Ordering::SeqCst);
        self.event.notify(usize::MAX);
    }

    async fn pass(&self) {
        while !self.is_open.load(Ordering::SeqCst) {
            let listener = self.event.listen();
            if !self.is_open.load(Ordering::SeqCst) {
                listener.await;
            }
        }
    }
}

pub(crate) const PANIC: &str = "in a poll, on purpose";
pub(crate) const PANIC_IN_DROP: &str = "in a drop, on purpose";

/// Everything that a job owns: counted while it is there.
pub(crate) struct Owned {
    /// Those of one job, and those of the case.
    counts: [Arc<AtomicUsize>; 2],
    panics: bool,
}

impl Owned {
    pub(crate) fn new(kind: Kind, own: &Arc<AtomicUsize>, all: &Arc<AtomicUsize>) -> Self {
        let counts = [Arc::clone(own), Arc::clone(all)];
        counts.iter().for_each(|count| {
            count.fetch_add(1, Ordering::SeqCst);
        });
        Self { counts, panics: kind == Kind::PanicsInItsDrop }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        for count in &self.counts {
            assert!(count.fetch_sub(1, Ordering::SeqCst) > 0, "dropped twice");
        }
        if self.panics && !thread::panicking() {
            std::panic::panic_any(PANIC_IN_DROP);
        }
    }
}

/// The job itself.
pub(crate) async fn run(
    kind: Kind,
    value: u64,
    gates: Arc<[Gate]>,
    owned: Owned,
) -> Result<u64, Failure> {
    let _owned = owned;
    match kind {
        Kind::Ready | Kind::PanicsInItsDrop => {}
        Kind::Yields(times) => {
            for _ in 0..times {
                yield_now().await;
            }
        }
        Kind::Fails => return Err(Failure::Own(value)),
        Kind::Panics => std::panic::panic_any(PANIC),
        Kind::Sleeps(time) => {
            Timer::after(time).await;
        }
        // Keeps the thread, on purpose.
        Kind::Holds(time) => thread::sleep(time),
        Kind::WaitsAtGate(gate) => gates[gate].pass().await,
        Kind::Never => future::pending().await,
    }
    Ok(value)
}
