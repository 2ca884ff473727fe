use std::io;
use std::rc::Rc;

pub struct Client;

pub struct Blocking(pub Client);

#[crochet::blocking(as = Blocking, timeout = 5.0)]
impl Client {
    pub async fn length(&self, name: Rc<str>) -> io::Result<usize> {
        Ok(name.len())
    }

    pub async fn shared(&self) -> io::Result<Rc<str>> {
        Ok("name".into())
    }

    pub async fn count(&self, name: Rc<str>) -> usize {
        name.len()
    }
}

fn main() {}
