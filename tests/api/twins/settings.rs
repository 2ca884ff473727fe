//! `timeout`, `error`, `reactor` and `crate`, of the whole and of one function.

use std::future::pending;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::thread::{self, ThreadId};
use std::time::Duration;

use crochet::{Error, Reactor};
use futures_lite::{Stream, stream};

use crate::support::{LONG, limit};

/// An error without `From<crochet::Error>`, as those of other crates are.
#[derive(Debug, PartialEq)]
pub(crate) enum Foreign {
    Own,
    Late(bool),
}

impl Foreign {
    fn late(error: Error) -> Self {
        Self::Late(error.is_timeout())
    }
}

type ForeignResult<T> = Result<T, Foreign>;

struct Client;

#[derive(Debug)]
struct Page(u32);

mod converted {
    pub(super) struct Client(pub(super) super::Client);
    #[derive(Debug)]
    pub(super) struct Page(pub(super) super::Page);
}

#[crochet::blocking(as = converted::Client, timeout = 0.05, error = Foreign::late, types(Page as converted::Page))]
impl Client {
    pub(crate) async fn own(&self) -> Result<(), Foreign> {
        Err(Foreign::Own)
    }

    pub(crate) async fn late(&self) -> ForeignResult<Page> {
        pending().await
    }

    #[blocking(timeout = 60)]
    pub(crate) async fn page(&self) -> ForeignResult<Page> {
        Ok(Page(1))
    }

    pub(crate) async fn no_result(&self) -> u8 {
        pending().await
    }

    #[blocking(error = wrap)]
    pub(crate) async fn wrapped(&self) -> ForeignResult<u8> {
        pending().await
    }

    #[blocking(error = |_| io::Error::other("late"))]
    pub(crate) async fn closure(&self) -> io::Result<()> {
        pending().await
    }

    pub(crate) fn pages(&self) -> impl Stream<Item = Result<u8, Foreign>> + Send {
        stream::once_future(pending())
    }
}

#[test]
fn errors_may_come_of_a_function() {
    let _limit = limit(LONG);
    let client = converted::Client(Client);
    assert_eq!(client.own(), Err(Foreign::Own));
    assert_eq!(client.late().unwrap_err(), Foreign::Late(true));
    assert_eq!(client.page().unwrap().0.0, 1);
    let no_result: Result<u8, Error> = client.no_result();
    assert!(no_result.unwrap_err().is_timeout());
    assert!(client.wrapped().unwrap_err().is_timeout());
    assert_eq!(client.closure().unwrap_err().to_string(), "late");
    assert_eq!(client.pages().next(), Some(Err(Foreign::Late(true))));
}

struct Wrapped(Client);

#[crochet::blocking(as = Wrapped, timeout = 0.05, error = wrap, types(Page as converted::Page))]
impl Client {
    pub(crate) async fn fails(&self) -> Result<Page, Foreign> {
        Err(Foreign::Own)
    }

    pub(crate) async fn hangs(&self) -> ForeignResult<Page> {
        pending().await
    }

    pub(crate) async fn alias(&self, ok: bool) -> io::Result<Vec<Page>> {
        if ok { Ok(vec![Page(2)]) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    pub(crate) async fn plain(&self) -> usize {
        3
    }

    pub(crate) fn stream(&self) -> impl Stream<Item = io::Result<u8>> + Send {
        stream::iter([Ok(1)])
    }
}

#[test]
fn errors_may_be_wrapped() {
    let _limit = limit(LONG);
    let client = Wrapped(Client);
    let fails: Result<converted::Page, Error<Foreign>> = client.fails();
    assert!(matches!(fails, Err(Error::Job(Foreign::Own))));
    let hangs: Result<converted::Page, Error<Foreign>> = client.hangs();
    assert!(hangs.unwrap_err().is_timeout());
    let alias: Result<Vec<converted::Page>, Error<io::Error>> = client.alias(true);
    assert_eq!(alias.unwrap()[0].0.0, 2);
    assert!(matches!(client.alias(false), Err(Error::Job(_))));
    let plain: Result<usize, Error> = client.plain();
    assert_eq!(plain.unwrap(), 3);
    let mut two_levels: crochet::Iter<_> = client.stream();
    assert_eq!(two_levels.next().unwrap().unwrap().unwrap(), 1);
}

struct Timed {
    reactor: Reactor,
}

struct BlockingTimed(Timed, Duration);

/// Stands for a crate under another name.
mod facade {
    pub(super) use crochet as inner;
}

#[facade::inner::blocking(
    as = BlockingTimed,
    timeout = self.1,
    reactor = &self.0.reactor,
    crate = facade::inner,
)]
impl Timed {
    pub(crate) async fn never(&self) -> io::Result<()> {
        pending().await
    }

    pub(crate) async fn thread(&self) -> io::Result<ThreadId> {
        Ok(thread::current().id())
    }

    #[blocking(timeout = within)]
    pub(crate) async fn within(&self, within: Duration) -> io::Result<Duration> {
        let _ = within;
        pending().await
    }

    #[blocking(timeout = a + b)]
    pub(crate) async fn sum(&self, [a, mut b]: [Duration; 2]) -> io::Result<()> {
        b += a;
        let _ = b;
        pending().await
    }

    pub(crate) async fn consumed(self) -> io::Result<()> {
        pending().await
    }

    pub(crate) async fn threads(
        &self,
    ) -> io::Result<(ThreadId, impl Stream<Item = ThreadId> + Send)> {
        Ok((thread::current().id(), stream::once_future(async { thread::current().id() })))
    }

    pub(crate) fn slow(self) -> impl Stream<Item = ThreadId> + Send {
        stream::once_future(pending())
    }
}

#[test]
fn the_timeout_and_the_reactor_may_be_the_twins() {
    let _limit = limit(LONG);
    let reactor = Reactor::new().unwrap();
    let expected =
        reactor.wait_for(LONG, async { Ok::<_, Error>(thread::current().id()) }).unwrap();
    let client = |timeout| BlockingTimed(Timed { reactor: reactor.clone() }, timeout);
    let short = Duration::from_millis(20);
    let is_late = |error: io::Error| error.kind() == io::ErrorKind::TimedOut;
    assert!(is_late(client(short).never().unwrap_err()));
    assert!(is_late(client(LONG).within(short).unwrap_err()));
    assert!(is_late(client(LONG).sum([short, short]).unwrap_err()));
    assert!(is_late(client(short).consumed().unwrap_err()));
    assert_eq!(client(LONG).thread().unwrap(), expected);
    let client_with_stream = client(LONG);
    let (thread, mut threads) = client_with_stream.threads().unwrap();
    assert_eq!((thread, threads.next().unwrap().unwrap()), (expected, expected));
    assert!(client(short).slow().next().unwrap().unwrap_err().is_timeout());
}

struct Fragile;
struct BlockingFragile(Fragile);

#[crochet::blocking(as = BlockingFragile, timeout = 60)]
impl Fragile {
    pub(crate) async fn fail(&self) -> io::Result<()> {
        panic::resume_unwind(Box::new(7_u32))
    }

    pub(crate) async fn fail_without_result(&self) {
        panic::resume_unwind(Box::new(8_u32))
    }
}

#[test]
fn panics_go_on_in_the_caller() {
    let _limit = limit(LONG);
    let client = BlockingFragile(Fragile);
    let payload = panic::catch_unwind(AssertUnwindSafe(|| client.fail())).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&7_u32));
    let payload = panic::catch_unwind(AssertUnwindSafe(|| client.fail_without_result()));
    assert_eq!(payload.unwrap_err().downcast_ref(), Some(&8_u32));
}
