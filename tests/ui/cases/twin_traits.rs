use std::future::Future;
use std::io;

pub struct Session;

pub struct BlockingSession(Session);

#[crochet::blocking(as = BlockingStore, timeout = 5.0)]
pub trait Store {
    async fn get(&self, key: &str) -> io::Result<String>;

    fn put<'a>(&self, key: &'a str) -> impl Future<Output = io::Result<&'a str>>;
}

#[crochet::blocking(as = blocking::Cache, timeout = 5.0)]
pub trait Cache {
    fn clear(&self);
}

#[crochet::blocking(as = BlockingQueue, make = BlockingSession, types(Session as BlockingSession))]
pub trait Queue {
    fn take(&self) -> impl Future<Output = u8> + Send;

    fn peek(&self) -> &Session;

    const EMPTY: Option<Session> = None;
}

#[crochet::blocking(as = BlockingMailer, timeout = 5.0)]
#[async_trait::async_trait(?Send)]
pub trait Mailer {
    async fn send(&self, to: &str) -> io::Result<()>;
}

#[async_trait::async_trait]
#[crochet::blocking(as = BlockingPost, timeout = 5.0)]
pub trait Post {
    async fn send(&self, to: &str) -> io::Result<()>;
}

macro_rules! functions {
    ($($name:ident)*) => { $(fn $name(&self);)* };
}

#[crochet::blocking(as = BlockingMade, timeout = 5.0)]
pub trait Made {
    functions! { one two }
}

fn main() {}
