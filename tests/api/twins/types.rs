//! Types that have twins, wherever they may stand.
//!
//! | place | tests |
//! |---|---|
//! | results | `results_are_converted ..` |
//! | arguments | `arguments ..` |
//! | receivers | `receivers ..`, `an_arc ..` |
//! | the twin's field | `the_field ..`, `make ..` |

#![allow(clippy::boxed_local, clippy::needless_arbitrary_self_type, reason = "forms to trip over")]

use std::io;
use std::sync::Arc;

use crate::support::{LONG, limit};

pub(crate) mod wire {
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) struct Frame<'a>(pub(crate) &'a str);
}

#[derive(Clone, Debug, PartialEq)]
struct Client(u32);

#[derive(Debug)]
struct Session(u32);

#[derive(Debug)]
struct Lost(Client);

impl From<crochet::Error> for Lost {
    fn from(_: crochet::Error) -> Self {
        Self(Client(0))
    }
}

type TinyResult<T> = Result<T, Lost>;

mod blocking {
    #[derive(Clone, Debug, PartialEq)]
    pub(super) struct Client(pub(super) super::Client);
    #[derive(Debug)]
    pub(super) struct Session(pub(super) super::Session);
    #[derive(Debug, PartialEq)]
    pub(super) struct Frame<'a>(pub(super) super::wire::Frame<'a>);
    #[derive(Debug)]
    pub(super) struct Lost(pub(super) super::Lost);

    impl From<crochet::Error> for Lost {
        fn from(error: crochet::Error) -> Self {
            Self(error.into())
        }
    }
}

#[crochet::blocking(
    as = blocking::Client,
    timeout = 60,
    types(Session as blocking::Session, wire::Frame as blocking::Frame, Lost as blocking::Lost),
)]
impl Client {
    pub(crate) async fn new(id: u32) -> Self {
        Self(id)
    }

    pub(crate) async fn by_name(id: u32) -> io::Result<Client> {
        Ok(Client(id))
    }

    pub(crate) fn at_once(id: u32) -> Self {
        Self(id)
    }

    pub(crate) fn maybe_at_once(id: u32) -> Option<Self> {
        (id > 0).then_some(Self(id))
    }

    pub(crate) async fn session(&self) -> Session {
        Session(self.0)
    }

    pub(crate) async fn sessions(&self, n: u32) -> io::Result<Vec<Session>> {
        Ok((0..n).map(Session).collect())
    }

    pub(crate) async fn boxed(&self) -> Result<Box<Session>, crochet::Error> {
        Ok(Box::new(Session(self.0)))
    }

    pub(crate) async fn pair(self) -> io::Result<(u32, (Self, Option<Session>))> {
        Ok((1, (self.clone(), Some(Session(self.0)))))
    }

    pub(crate) fn triple(&self) -> (Session, u8, Vec<Option<Client>>) {
        (Session(self.0), 2, vec![None, Some(self.clone())])
    }

    pub(crate) async fn named(&self) -> TinyResult<Session> {
        Ok(Session(self.0))
    }

    pub(crate) async fn fails(&self) -> Result<(), Lost> {
        Err(Lost(self.clone()))
    }

    pub(crate) async fn frame<'a>(&self, text: &'a str) -> io::Result<wire::Frame<'a>> {
        Ok(wire::Frame(text))
    }

    pub(crate) fn first(&self, frame: wire::Frame<'_>) -> char {
        frame.0.chars().next().unwrap()
    }

    pub(crate) async fn give(&self, session: Session) -> io::Result<u32> {
        Ok(session.0)
    }

    pub(crate) async fn lend(&self, session: &Session, other: &Self) -> io::Result<u32> {
        Ok(session.0 + other.0)
    }

    pub(crate) async fn change(&mut self, mut session: &mut Session, by: u32) -> io::Result<()> {
        let again = &mut session;
        again.0 += by;
        self.0 += by;
        Ok(())
    }

    pub(crate) async fn taken_apart(
        &self,
        Session(id): Session,
        (a, mut b): (u32, u32),
    ) -> io::Result<u32> {
        b += 1;
        Ok(id + a + b)
    }

    pub(crate) async fn ignored(_: Session, _: u8) -> io::Result<()> {
        Ok(())
    }

    pub(crate) async fn into_id(mut self) -> u32 {
        self.0 += 1;
        self.0
    }

    pub(crate) async fn spelled(self: &Self) -> io::Result<u32> {
        Ok(self.0)
    }

    pub(crate) async fn spelled_mut(self: &mut Client) -> io::Result<u32> {
        self.0 += 1;
        Ok(self.0)
    }

    pub(crate) async fn of_box(self: Box<Self>) -> io::Result<u32> {
        Ok(self.0)
    }

    pub(crate) async fn of_arc(self: Arc<Self>) -> io::Result<(u32, usize)> {
        Ok((self.0, Arc::strong_count(&self)))
    }

    pub(crate) fn of_arc_at_once(self: Arc<Self>) -> u32 {
        self.0
    }

    pub(crate) async fn nothing(&self) {}

    pub(crate) fn nothing_at_once(&self) {}
}

fn client() -> blocking::Client {
    blocking::Client(Client(7))
}

#[test]
fn results_are_converted_in_all_places() {
    let _limit = limit(LONG);
    assert_eq!(blocking::Client::new(7).unwrap(), client());
    assert_eq!(blocking::Client::by_name(7).unwrap(), client());
    assert_eq!(blocking::Client::at_once(7), client());
    assert_eq!(blocking::Client::maybe_at_once(0), None);
    assert_eq!(blocking::Client::maybe_at_once(7), Some(client()));
    let session: Result<blocking::Session, crochet::Error> = client().session();
    assert_eq!(session.unwrap().0.0, 7);
    let sessions: Vec<blocking::Session> = client().sessions(3).unwrap();
    assert_eq!(sessions.iter().map(|session| session.0.0).collect::<Vec<_>>(), [0, 1, 2]);
    let boxed: Box<blocking::Session> = client().boxed().unwrap();
    assert_eq!(boxed.0.0, 7);
    let (one, (same, session)) = client().pair().unwrap();
    assert_eq!((one, same, session.unwrap().0.0), (1, client(), 7));
    let (session, two, clients) = client().triple();
    assert_eq!((session.0.0, two, clients), (7, 2, vec![None, Some(client())]));
    assert_eq!(client().frame("knit").unwrap(), blocking::Frame(wire::Frame("knit")));
    client().nothing().unwrap();
    client().nothing_at_once();
}

#[test]
fn errors_have_twins_too() {
    let _limit = limit(LONG);
    let blocking::Lost(Lost(lost)) = client().fails().unwrap_err();
    assert_eq!(lost, Client(7));
    let named: Result<blocking::Session, Lost> = client().named();
    assert_eq!(named.unwrap().0.0, 7);
}

#[test]
fn arguments_are_passed_on_as_they_came() {
    let _limit = limit(LONG);
    let session = |id| blocking::Session(Session(id));
    assert_eq!(client().give(session(1)).unwrap(), 1);
    assert_eq!(client().lend(&session(1), &client()).unwrap(), 8);
    let (mut changed, mut client) = (session(1), client());
    client.change(&mut changed, 2).unwrap();
    assert_eq!((changed.0.0, client.0.0), (3, 9));
    assert_eq!(client.taken_apart(session(1), (2, 3)).unwrap(), 7);
    assert_eq!(client.first(blocking::Frame(wire::Frame("knit"))), 'k');
    blocking::Client::ignored(session(1), 0).unwrap();
}

#[test]
fn receivers_are_of_all_kinds() {
    let _limit = limit(LONG);
    assert_eq!(client().into_id().unwrap(), 8);
    assert_eq!(client().spelled().unwrap(), 7);
    assert_eq!(client().spelled_mut().unwrap(), 8);
    assert_eq!(Box::new(client()).of_box().unwrap(), 7);
}

#[test]
fn an_arc_is_moved_out_of_or_cloned() {
    let _limit = limit(LONG);
    let alone = Arc::new(client());
    assert_eq!(alone.of_arc().unwrap(), (7, 1));
    let shared = Arc::new(client());
    assert_eq!(Arc::clone(&shared).of_arc().unwrap(), (7, 1));
    assert_eq!(shared.of_arc_at_once(), 7);
}

/// What cannot be cloned.
struct Hub {
    calls: std::sync::atomic::AtomicU32,
}

struct BlockingHub(Arc<Hub>);

#[crochet::blocking(as = BlockingHub, timeout = 60)]
impl Hub {
    pub(crate) async fn new() -> io::Result<Self> {
        Ok(Self { calls: 0.into() })
    }

    pub(crate) async fn call(self: Arc<Self>) -> io::Result<u32> {
        Ok(self.calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
    }

    pub(crate) async fn calls(&self) -> io::Result<u32> {
        Ok(self.calls.load(std::sync::atomic::Ordering::Relaxed))
    }
}

#[test]
fn the_field_may_be_an_arc_which_is_shared() {
    let _limit = limit(LONG);
    let hub = Arc::new(BlockingHub::new().unwrap());
    assert_eq!(Arc::clone(&hub).call().unwrap(), 0);
    assert_eq!(Arc::clone(&hub).call().unwrap(), 1);
    assert_eq!(hub.calls().unwrap(), 2);
}

/// A twin whose value is dropped in the context of jobs.
#[derive(Clone)]
struct HeldClient(crochet::Held<Client>);

#[crochet::blocking(as = HeldClient, timeout = 60, types(Session as HeldSession))]
impl Client {
    pub(crate) async fn held(id: u32) -> io::Result<Self> {
        Ok(Self(id))
    }

    pub(crate) async fn add(&mut self, n: u32, other: &Client) -> io::Result<u32> {
        self.0 += n + other.0;
        Ok(self.0)
    }

    pub(crate) fn id(&self) -> u32 {
        self.0
    }

    pub(crate) async fn shared(self: Arc<Self>) -> io::Result<u32> {
        Ok(self.0)
    }

    pub(crate) async fn spend(self, session: Session) -> io::Result<(Session, Self)> {
        Ok((session, self))
    }
}

struct HeldSession(crochet::Held<Session>);

struct HeldHub(crochet::Held<Arc<Hub>>);

#[crochet::blocking(as = HeldHub, timeout = 60)]
impl Hub {
    pub(crate) async fn start() -> io::Result<Self> {
        Self::new().await
    }

    pub(crate) async fn count(self: Arc<Self>) -> io::Result<u32> {
        self.call().await
    }

    pub(crate) fn peek(&self) -> u32 {
        self.calls.load(std::sync::atomic::Ordering::Relaxed)
    }
}

#[test]
fn the_field_may_be_held() {
    let _limit = limit(LONG);
    let mut client = HeldClient::held(1).unwrap();
    let other = client.clone();
    assert_eq!(client.add(2, &other).unwrap(), 4);
    assert_eq!(client.id(), 4);
    let shared = Arc::new(client.clone());
    assert_eq!(Arc::clone(&shared).shared().unwrap() + shared.shared().unwrap(), 8);
    let session = HeldSession(Session(5).into());
    let (session, client) = client.spend(session).unwrap();
    assert_eq!((session.0.0, client.id()), (5, 4));

    let hub = Arc::new(HeldHub::start().unwrap());
    assert_eq!(Arc::clone(&hub).count().unwrap(), 0);
    assert_eq!(hub.peek(), 1);
    assert_eq!(hub.count().unwrap(), 1);
}

mod with_more {
    use std::time::Duration;

    #[derive(Debug)]
    pub(super) struct Client(pub(super) super::Session, pub(super) Duration);

    impl Client {
        pub(super) fn new(inner: super::Session) -> Self {
            Self(inner, Duration::from_millis(20))
        }
    }

    #[derive(Debug)]
    pub(super) struct Counter {
        pub(super) counted: u32,
    }

    impl From<super::Client> for Counter {
        fn from(client: super::Client) -> Self {
            Self { counted: client.0 }
        }
    }
}

#[crochet::blocking(
    as = with_more::Client,
    make = with_more::Client::new,
    timeout = self.1,
    types(Client as with_more::Counter = with_more::Counter::from),
)]
impl Session {
    #[blocking(timeout = 60)]
    pub(crate) async fn open(id: u32) -> io::Result<Option<Self>> {
        Ok(Some(Self(id)))
    }

    pub(crate) async fn never(&self) -> io::Result<()> {
        std::future::pending().await
    }

    #[blocking(timeout = LONG)]
    pub(crate) async fn counter(&self) -> io::Result<Client> {
        Ok(Client(self.0))
    }
}

#[test]
fn make_gives_a_twin_its_other_fields() {
    let _limit = limit(LONG);
    let client = with_more::Client::open(3).unwrap().unwrap();
    assert_eq!(client.never().unwrap_err().kind(), io::ErrorKind::TimedOut);
    assert_eq!(client.counter().unwrap().counted, 3);
}
