//! Traits: a trait that blocks, for whatever has the async one.
//!
//! | part | tests |
//! |---|---|
//! | functions | `every_implementor ..`, `values ..` |
//! | `dyn`, bounds, defaults, skipped | `a_trait_object ..`, `defaults ..` |
//! | associated types and constants, generics | `associated ..`, `generic ..` |
//! | `#[async_trait]` | `async_trait ..` |
//! | supertraits | `a_supertrait ..` |

use std::collections::HashMap;
use std::fmt::Debug;
use std::future::{Future, pending};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_lite::{Stream, stream};

use crate::support::{LONG, limit};

#[derive(Debug)]
pub(crate) struct Session(String);
#[derive(Debug)]
pub(crate) struct BlockingSession(Session);

#[crochet::blocking(as = BlockingStore, timeout = 30.0, types(Session as BlockingSession))]
pub(crate) trait Store: Send + Sync {
    const LIMIT: usize = 8;

    fn get(&self, key: &str) -> impl Future<Output = io::Result<String>> + Send;

    fn len(&self) -> impl Future<Output = usize> + Send {
        async { 0 }
    }

    fn name(&self) -> &'static str {
        "a store"
    }

    fn put<K>(
        &mut self,
        key: K,
        value: String,
    ) -> impl Future<Output = io::Result<Option<String>>> + Send
    where
        K: Into<String> + Send;

    fn open(name: &str) -> impl Future<Output = io::Result<Self>> + Send
    where
        Self: Sized;

    fn keys(&self) -> impl Stream<Item = io::Result<String>> + Send;

    fn session(&self, of: &Session) -> impl Future<Output = Option<Session>> + Send;

    fn sessions(&self) -> impl Stream<Item = (usize, Session)> + Send;

    #[blocking(timeout = 0.05)]
    fn never(self: Arc<Self>) -> impl Future<Output = io::Result<()>> + Send;

    #[blocking(timeout = within)]
    fn within(
        &self,
        within: Duration,
    ) -> Pin<Box<dyn Future<Output = io::Result<()>> + Send + '_>> {
        let _ = within;
        Box::pin(pending())
    }

    #[blocking(skip)]
    async fn raw(&self, _: u32) -> u32 {
        1
    }
}

#[derive(Clone, Default)]
struct Memory(HashMap<String, String>);

impl Store for Memory {
    async fn get(&self, key: &str) -> io::Result<String> {
        self.0.get(key).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    async fn put<K>(&mut self, key: K, value: String) -> io::Result<Option<String>>
    where
        K: Into<String> + Send,
    {
        Ok(self.0.insert(key.into(), value))
    }

    async fn open(name: &str) -> io::Result<Self> {
        Ok(Self([(name.to_owned(), "open".to_owned())].into()))
    }

    fn keys(&self) -> impl Stream<Item = io::Result<String>> + Send {
        let mut keys: Vec<_> = self.0.keys().cloned().collect();
        keys.sort();
        stream::iter(keys.into_iter().map(Ok))
    }

    async fn session(&self, of: &Session) -> Option<Session> {
        self.0.get(&of.0).cloned().map(Session)
    }

    fn sessions(&self) -> impl Stream<Item = (usize, Session)> + Send {
        stream::iter(self.0.values().cloned().map(Session).enumerate())
    }

    async fn never(self: Arc<Self>) -> io::Result<()> {
        pending().await
    }
}

fn fill<S: BlockingStore>(store: &mut S) -> io::Result<Vec<String>> {
    store.put("knit", "needle".to_owned())?;
    store.keys().collect()
}

#[test]
fn every_implementor_blocks_too() {
    let _limit = limit(LONG);
    let mut store = <Memory as BlockingStore>::open("shop").unwrap();
    assert_eq!(fill(&mut store).unwrap(), ["knit", "shop"]);
    assert_eq!(BlockingStore::get(&store, "knit").unwrap(), "needle");
    let missing = BlockingStore::get(&store, "purl").unwrap_err();
    assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    let within = BlockingStore::within(&store, Duration::from_millis(20)).unwrap_err();
    assert_eq!(within.kind(), io::ErrorKind::TimedOut);
    let never = BlockingStore::never(Arc::new(store)).unwrap_err();
    assert_eq!(never.kind(), io::ErrorKind::TimedOut);
}

#[test]
fn values_and_defaults_come_along() {
    let _limit = limit(LONG);
    let store = Memory([("knit".to_owned(), "needle".to_owned())].into());
    assert_eq!(BlockingStore::len(&store).unwrap(), 0);
    assert_eq!(BlockingStore::name(&store), "a store");
    assert_eq!(<Memory as BlockingStore>::LIMIT, 8);
    let of = BlockingSession(Session("knit".to_owned()));
    let session: Option<BlockingSession> = BlockingStore::session(&store, &of).unwrap();
    assert_eq!(session.unwrap().0.0, "needle");
    let sessions: crochet::Result<Vec<(usize, BlockingSession)>> =
        BlockingStore::sessions(&store).collect();
    assert_eq!(sessions.unwrap()[0].1.0.0, "needle");
    let one = crochet::wait_for(LONG, async { Ok::<_, io::Error>(store.raw(0).await) });
    assert_eq!(one.unwrap(), 1);
}

#[crochet::blocking(as = BlockingDecoder, timeout = 60)]
pub(crate) trait Decoder<I: ?Sized, T = u8>
where
    I: Sync,
    T: Send,
{
    type Error: From<crochet::Error> + Debug + Send;
    type Part<'a>: Debug + Send
    where
        Self: 'a;

    fn decode(&self, input: &I) -> impl Future<Output = Result<T, Self::Error>> + Send;

    fn part<'a>(&'a self) -> impl Future<Output = Self::Part<'a>> + Send;
}

struct Number(u32);

impl Decoder<str, u32> for Number {
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Part<'a> = &'a u32;

    async fn decode(&self, input: &str) -> Result<u32, Self::Error> {
        Ok(input.parse::<u32>()? + self.0)
    }

    async fn part(&self) -> &u32 {
        &self.0
    }
}

#[test]
fn generic_traits_have_their_types() {
    let _limit = limit(LONG);
    fn decode<D: BlockingDecoder<str, u32>>(decoder: &D, text: &str) -> Result<u32, D::Error> {
        decoder.decode(text)
    }
    assert_eq!(decode(&Number(1), "41").unwrap(), 42);
    assert_eq!(decode(&Number(1), "x").unwrap_err().to_string(), "invalid digit found in string");
    assert_eq!(*BlockingDecoder::part(&Number(7)).unwrap(), 7);
}

#[crochet::blocking(as = BlockingCache, timeout = 60, types(Store as BlockingStore))]
pub(crate) trait Cache: Store + Clone {
    fn refresh(&mut self) -> impl Future<Output = io::Result<usize>> + Send;
}

impl Cache for Memory {
    async fn refresh(&mut self) -> io::Result<usize> {
        self.0.clear();
        Ok(self.0.len())
    }
}

#[test]
fn a_supertrait_with_a_twin_is_one_of_the_twin() {
    let _limit = limit(LONG);
    fn refresh<C: BlockingCache>(cache: &mut C) -> io::Result<(usize, &'static str)> {
        Ok((cache.refresh()?, cache.clone().name()))
    }
    assert_eq!(refresh(&mut Memory::default()).unwrap(), (0, "a store"));
}

#[crochet::blocking(as = BlockingMailer, timeout = 60)]
#[async_trait::async_trait]
pub(crate) trait Mailer: Sync {
    async fn send(&self, to: &str) -> io::Result<usize>;

    async fn twice(&self, to: &str) -> io::Result<usize> {
        Ok(self.send(to).await? + self.send(to).await?)
    }

    fn name(&self) -> String;

    #[blocking(skip)]
    async fn raw(&self) -> u32 {
        1
    }
}

struct Post;

#[async_trait::async_trait]
impl Mailer for Post {
    async fn send(&self, to: &str) -> io::Result<usize> {
        Ok(to.len())
    }

    fn name(&self) -> String {
        "post".to_owned()
    }
}

#[test]
fn async_trait_may_be_below_and_objects_block_too() {
    let _limit = limit(LONG);
    assert_eq!(BlockingMailer::send(&Post, "you").unwrap(), 3);
    let mailer: &dyn Mailer = &Post;
    assert_eq!(BlockingMailer::twice(mailer, "you").unwrap(), 6);
    let blocking: Box<dyn BlockingMailer> = Box::new(Post);
    assert_eq!((blocking.send("me").unwrap(), blocking.name()), (2, "post".to_owned()));
    let one = crochet::wait_for(LONG, async { Ok::<_, io::Error>(mailer.raw().await) });
    assert_eq!(one.unwrap(), 1);
}
