//! Every call of the crate that blocks, made on something that is ready soon, or never.

use std::future::{self, Future};
use std::io::{self, ErrorKind, Read};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use async_io::Timer;
use crochet::io::Blocking;
use crochet::{Error, InReactor, Iter, Reactor, wait_all, wait_any};
use futures_lite::{AsyncRead, stream};

use crate::support::{Gate, LONG, Probe, hog};

/// After this time a result comes that is to come in time. A call sleeps until then.
const SOON: Duration = Duration::from_millis(30);

/// When what a call waits for is there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum When {
    Soon,
    Never,
}

/// How a call ended.
#[derive(Debug, PartialEq)]
pub(super) enum Ended {
    Done,
    /// With this text.
    Late(String),
    Interrupted,
}

impl Ended {
    fn from_error(error: &Error) -> Self {
        match error {
            Error::TimedOut(why) => Self::Late(why.to_string()),
            Error::Interrupted => Self::Interrupted,
            error => panic!("{error}"),
        }
    }

    #[track_caller]
    pub(super) fn text(self) -> String {
        match self {
            Self::Late(text) => text,
            other => panic!("{other:?}"),
        }
    }
}

impl<T> From<Result<T, Error>> for Ended {
    fn from(result: Result<T, Error>) -> Self {
        result.map_or_else(|error| Self::from_error(&error), |_| Self::Done)
    }
}

impl<T> From<io::Result<T>> for Ended {
    fn from(result: io::Result<T>) -> Self {
        let Err(error) = result else { return Self::Done };
        let ended = Self::from_error(error.get_ref().unwrap().downcast_ref().unwrap());
        // `std` tries again after `ErrorKind::Interrupted`.
        let kind = if ended == Self::Interrupted { ErrorKind::Other } else { ErrorKind::TimedOut };
        assert_eq!(error.kind(), kind);
        ended
    }
}

/// What becomes of a job when its call ends too early.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fate {
    /// It is gone when the call returns.
    Dropped,
    /// It is dropped on the reactor thread, some time.
    Cancelled,
    /// It goes on.
    Stays,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Call {
    WaitFor,
    WaitForWrapped,
    /// `wait_for` on a reactor that has no room for the job yet.
    WaitForRoom,
    Wait,
    IntoResult,
    Join,
    WaitAll,
    WaitAny,
    Read,
    Next,
    NextAhead,
    With,
    Shutdown,
    #[cfg(feature = "macros")]
    Attribute,
    #[cfg(feature = "macros")]
    Twin,
}

pub(super) use Call::*;

pub(super) const CALLS: &[Call] = &[
    WaitFor,
    WaitForWrapped,
    WaitForRoom,
    Wait,
    IntoResult,
    Join,
    WaitAll,
    WaitAny,
    Read,
    Next,
    NextAhead,
    With,
    Shutdown,
    #[cfg(feature = "macros")]
    Attribute,
    #[cfg(feature = "macros")]
    Twin,
];

impl Call {
    /// What becomes of what the call waited for. (The calls of `Stays` have prepared it before.)
    pub(super) fn fate(self) -> Fate {
        match self {
            IntoResult | Join | With => Fate::Cancelled,
            Wait | WaitAll | WaitAny | Read | Next | NextAhead | Shutdown => Fate::Stays,
            _ => Fate::Dropped,
        }
    }

    /// Prepares the call.
    pub(super) fn on(self, when: When, timeout: Duration) -> Site {
        let full = self == WaitForRoom;
        let reactor = Reactor::builder().max_jobs(if full { 1 } else { usize::MAX }).build();
        let (reactor, probe) = (reactor.unwrap(), Probe::new());
        let (own, seen) = (reactor.clone(), probe.clone());
        let answer = {
            let seen = seen.clone();
            move || seen.of(answer(when))
        };
        let make: Box<dyn FnMut() -> Ended> = match self {
            WaitFor => Box::new(move || own.wait_for(timeout, answer()).into()),
            WaitForWrapped => {
                Box::new(move || own.wait_for_wrapped(timeout, answer()).map_err(flat).into())
            }
            WaitForRoom => {
                own.run_in_reactor(move || super::calls::answer(when)).detach();
                Box::new(move || {
                    own.wait_for(timeout, seen.of(async { Ok::<_, Error>(()) })).into()
                })
            }
            Wait | WaitAll | WaitAny => {
                let answer = answer();
                let job = own.run_in_reactor(move || answer);
                Box::new(move || match self {
                    Wait => job.wait(timeout).map_err(flat).into(),
                    WaitAll => wait_all(&[&job, &job], timeout).into(),
                    _ => wait_any(&[&job, &job], timeout).into(),
                })
            }
            IntoResult | Join => Box::new(move || {
                let answer = answer();
                let job = own.run_in_reactor(move || answer);
                match self {
                    Join => job.join(timeout).into(),
                    _ => job.into_result(timeout).map_err(flat).into(),
                }
            }),
            Read => {
                let source = Source(Box::pin(answer()));
                let mut stream = Blocking::on(&own, source).with_timeout(timeout);
                Box::new(move || stream.read(&mut [0]).into())
            }
            Next => {
                let items = Box::pin(stream::once_future(answer()));
                let mut items = Iter::on(&own, items).timeout(timeout);
                Box::new(move || items.next().unwrap().into())
            }
            NextAhead => {
                let items = Box::pin(stream::once_future(answer()));
                let mut items = Iter::on(&own, items).timeout(timeout).read_ahead(1);
                Box::new(move || items.next().unwrap().into())
            }
            With => {
                let make = || async { Ok::<_, Error>(()) };
                let value = InReactor::on(&own, LONG, make).unwrap();
                Box::new(move || {
                    let answer = answer();
                    value.with(timeout, async move |_| answer.await).into()
                })
            }
            Shutdown => {
                let holder = Holder::new(&own, when, probe.clone());
                Box::new(move || {
                    let _ = &holder;
                    own.shutdown(timeout).into()
                })
            }
            #[cfg(feature = "macros")]
            Attribute => Box::new(move || attribute(&own, timeout, answer()).into()),
            #[cfg(feature = "macros")]
            Twin => {
                let twin = blocking::Client(Client { reactor: own, timeout });
                Box::new(move || twin.ask(answer()).into())
            }
        };
        Site { reactor, probe, make }
    }
}

/// A call that is prepared.
pub(super) struct Site {
    pub(super) reactor: Reactor,
    /// Watches the futures that the call waits for.
    pub(super) probe: Probe,
    make: Box<dyn FnMut() -> Ended>,
}

impl Site {
    pub(super) fn make(&mut self) -> Ended {
        (self.make)()
    }
}

async fn answer(when: When) -> Result<(), Error> {
    match when {
        When::Soon => _ = Timer::after(SOON).await,
        When::Never => future::pending().await,
    }
    Ok(())
}

fn flat<E>(error: Error<E>) -> Error {
    match error {
        Error::TimedOut(why) => Error::TimedOut(why),
        Error::Interrupted => Error::Interrupted,
        _ => panic!("neither late nor interrupted"),
    }
}

/// A stream that has a byte when its answer is there.
struct Source(Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>);

impl AsyncRead for Source {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        _: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.0.as_mut().poll(cx).map(|_| Ok(1))
    }
}

/// Has a job hold the reactor thread, so that a shutdown takes until it is released.
struct Holder {
    release: Gate,
    thread: Option<thread::JoinHandle<()>>,
}

impl Holder {
    fn new(reactor: &Reactor, when: When, probe: Probe) -> Self {
        let release = Gate::new();
        let released = release.clone();
        let hog = hog(reactor);
        let thread = thread::spawn(move || {
            let _witness = probe.witness();
            match when {
                When::Soon => thread::sleep(SOON),
                When::Never => released.pass(),
            }
            hog.release();
        });
        Self { release, thread: Some(thread) }
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.release.open();
        self.thread.take().unwrap().join().unwrap();
    }
}

#[cfg(feature = "macros")]
#[crochet::wait_for(timeout = timeout, reactor = reactor)]
async fn attribute(
    reactor: &Reactor,
    timeout: Duration,
    answer: impl Future<Output = Result<(), Error>> + Send,
) -> Result<(), Error> {
    let _ = (reactor, timeout);
    answer.await
}

#[cfg(feature = "macros")]
struct Client {
    reactor: Reactor,
    timeout: Duration,
}

#[cfg(feature = "macros")]
mod blocking {
    pub(super) struct Client(pub(super) super::Client);
}

#[cfg(feature = "macros")]
#[crochet::blocking(as = blocking::Client, timeout = self.0.timeout, reactor = &self.0.reactor)]
impl Client {
    pub(crate) async fn ask(
        &self,
        answer: impl Future<Output = Result<(), Error>> + Send,
    ) -> Result<(), Error> {
        answer.await
    }
}
