use std::fmt;

pub struct Client;

pub struct Blocking(pub Client);

#[crochet::blocking(as = Blocking, timeout = 5.0)]
pub async fn connect() -> Client {
    Client
}

#[crochet::blocking(as = Blocking, timeout = 5.0)]
pub struct Session;

#[crochet::blocking(as = Blocking, timeout = 5.0)]
impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a client")
    }
}

pub trait Local {}

#[crochet::blocking(as = Blocking, timeout = 5.0)]
impl dyn Local {
    pub fn name(&self) {}
}

macro_rules! functions {
    ($($name:ident)*) => { $(pub fn $name(&self) {})* };
}

#[crochet::blocking(as = Blocking, timeout = 5.0)]
impl Client {
    functions! { one two }

    pub const SELF: Self = Self;
}

pub struct Store<T>(T);

pub struct BlockingStore<T>(Store<T>);

#[crochet::blocking(as = BlockingStore, timeout = 5.0)]
impl<T> Store<T> {
    pub fn new(value: T) -> Self {
        Self(value)
    }
}

fn main() {
    let _ = (Client, Session);
}
