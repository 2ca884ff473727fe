use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

pub struct Client;

pub struct Blocking(pub Client);

#[crochet::blocking(as = Blocking, timeout = 5.0)]
impl Client {
    pub fn counted(self: Rc<Self>) -> usize {
        Rc::strong_count(&self)
    }

    pub async fn pinned(self: Pin<&mut Self>) -> io::Result<()> {
        Ok(())
    }

    pub async fn borrowed(self: &Arc<Self>) -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
