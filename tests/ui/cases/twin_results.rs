use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

pub struct Client {
    session: Session,
}

pub struct Session;

type Outcome<T> = Result<T, io::Error>;

mod blocking {
    pub struct Client(pub super::Client);
    pub struct Session(pub super::Session);
}

#[crochet::blocking(as = blocking::Client, timeout = 5.0, types(Session as blocking::Session))]
impl Client {
    pub fn session(&self) -> &Session {
        &self.session
    }

    pub async fn shared(&self) -> io::Result<Arc<Session>> {
        Ok(Arc::new(Session))
    }

    pub async fn map(&self) -> HashMap<String, Session> {
        HashMap::new()
    }

    pub fn builder(&mut self) -> &mut Self {
        self
    }

    pub async fn nested(&self) -> io::Result<Option<&Session>> {
        Ok(Some(&self.session))
    }

    pub fn pinned(&self) -> Pin<Box<Session>> {
        Box::pin(Session)
    }

    pub fn sessions(&self) -> impl Iterator<Item = Session> {
        [Session].into_iter()
    }

    pub async fn array(&self) -> [Session; 2] {
        [Session, Session]
    }

    pub async fn named(&self) -> Outcome<Session> {
        Ok(Session)
    }
}

fn main() {}
