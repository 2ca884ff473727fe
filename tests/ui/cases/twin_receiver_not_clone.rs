use std::io;
use std::sync::Arc;

pub struct Client;

pub struct Blocking(pub Client);

#[crochet::blocking(as = Blocking, timeout = 5.0)]
impl Client {
    pub async fn shared(self: Arc<Self>) -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
