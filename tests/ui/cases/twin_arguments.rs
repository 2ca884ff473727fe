use std::io;

pub struct Client;

#[derive(Clone)]
pub struct Session;

mod blocking {
    pub struct Client(pub super::Client);
    pub struct Session(pub super::Session);
}

#[crochet::blocking(as = blocking::Client, timeout = 5.0, types(Session as blocking::Session))]
impl Client {
    pub async fn maybe(&self, _: Option<Session>) -> io::Result<()> {
        Ok(())
    }

    pub async fn all(&self, sessions: &[Session]) -> io::Result<usize> {
        Ok(sessions.len())
    }

    pub async fn each(&self, check: impl Fn(&Session) -> bool + Send) -> io::Result<bool> {
        Ok(check(&Session))
    }

    pub fn merge(&self, others: Vec<Self>) -> usize {
        others.len()
    }

    pub fn convert<T: Into<Client>>(from: T) -> Self {
        from.into()
    }

    pub fn compare<T>(&self, with: &T) -> bool
    where
        T: PartialEq<Session>,
    {
        with == &Session
    }
}

fn main() {}
