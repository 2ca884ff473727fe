//! The example of the documentation: a client, its sessions, its events.

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_lite::{Stream, stream};

use crate::support::{LONG, limit};

#[derive(Clone, Debug)]
pub(crate) struct Client {
    address: String,
    pings: u32,
}

#[derive(Debug)]
pub(crate) struct Session {
    name: String,
}

#[derive(Debug)]
pub(crate) enum MyError {
    Crochet(#[expect(dead_code, reason = "it is for `{:?}`")] crochet::Error),
    Refused,
}

impl From<crochet::Error> for MyError {
    fn from(error: crochet::Error) -> Self {
        Self::Crochet(error)
    }
}

pub(crate) struct Raw;

pub(crate) mod blocking {
    #[derive(Clone, Debug)]
    pub(crate) struct Client(pub(super) super::Client);

    #[derive(Debug)]
    pub(crate) struct Session(pub(super) super::Session);
}

#[crochet::blocking(as = blocking::Client, timeout = 30.0, types(Session as blocking::Session))]
impl Client {
    pub(crate) const PORT: u16 = 6379;

    pub(crate) async fn connect(address: &str) -> io::Result<Self> {
        let mut client = Self { address: address.to_owned(), pings: 0 };
        client.ping().await?;
        Ok(client)
    }

    pub(crate) async fn open(&self, name: &str) -> Result<Option<Session>, MyError> {
        match name {
            "" => Ok(None),
            "admin" => Err(MyError::Refused),
            name => Ok(Some(Session { name: format!("{name}@{}", self.address) })),
        }
    }

    pub(crate) async fn len(&self) -> usize {
        assert!(crochet::in_reactor());
        self.address.len()
    }

    pub(crate) fn peer(&self) -> SocketAddr {
        assert!(!crochet::in_reactor());
        self.address.parse().unwrap()
    }

    pub(crate) fn events(&self) -> impl Stream<Item = usize> + Send + '_ {
        stream::iter(0..self.address.len())
    }

    #[blocking(timeout = 1.0)]
    pub(crate) async fn ping(&mut self) -> io::Result<()> {
        self.pings += 1;
        self.count();
        Ok(())
    }

    #[blocking(timeout = 0.05)]
    pub(crate) async fn never(&self) -> io::Result<()> {
        pending().await
    }

    #[blocking(skip)]
    pub(crate) async fn raw(&self) -> Raw {
        Raw
    }

    fn count(&self) -> u32 {
        self.pings
    }
}

const ADDRESS: &str = "127.0.0.1:80";

#[test]
fn the_twin_of_the_documentation_works() {
    let _limit = limit(LONG);
    let mut client: blocking::Client = blocking::Client::connect(ADDRESS).unwrap();
    let session: Option<blocking::Session> = client.open("knit").unwrap();
    assert_eq!(session.unwrap().0.name, "knit@127.0.0.1:80");
    assert!(client.open("").unwrap().is_none());
    assert!(matches!(client.open("admin"), Err(MyError::Refused)));
    let len: Result<usize, crochet::Error> = client.len();
    assert_eq!(len.unwrap(), ADDRESS.len());
    assert_eq!(client.peer().port(), 80);
    client.ping().unwrap();
    assert_eq!(client.0.count(), 2);
    assert_eq!(blocking::Client::PORT, 6379);
    let events: crochet::Iter<_> = client.events();
    assert!(events.map(Result::unwrap).eq(0..ADDRESS.len()));
    let late = client.never().unwrap_err();
    assert_eq!(late.kind(), io::ErrorKind::TimedOut);
}

#[test]
fn the_async_client_is_as_it_was() {
    let _limit = limit(LONG);
    let done = crochet::wait_for(LONG, async {
        let client = Client::connect(ADDRESS).await?;
        let Raw = client.raw().await;
        assert!(matches!(client.open("admin").await, Err(MyError::Refused)));
        Ok::<_, io::Error>(client.len().await)
    });
    assert_eq!(done.unwrap(), ADDRESS.len());
    assert_eq!(Duration::from_secs(30), Duration::new(30, 0));
}

#[test]
fn on_the_reactor_thread_a_twin_refuses_to_wait() {
    let _limit = limit(LONG);
    let client = blocking::Client::connect(ADDRESS).unwrap();
    let refused = crochet::wait_for(LONG, async { Ok::<_, crochet::Error>(client.len()) });
    assert!(matches!(refused.unwrap(), Err(crochet::Error::OnReactorThread)));
}
