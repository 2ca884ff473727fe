use std::io;

pub struct Client;

pub struct Blocking(pub Box<Client>);

#[crochet::blocking(as = Blocking, timeout = 5.0)]
impl Client {
    pub async fn connect() -> io::Result<Self> {
        Ok(Self)
    }

    pub async fn close(self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {}
