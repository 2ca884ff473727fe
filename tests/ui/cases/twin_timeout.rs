use std::io;
use std::time::Duration;

pub struct Client;

pub struct Blocking(pub Client, pub Duration);

#[crochet::blocking(as = Blocking)]
impl Client {
    pub fn plain(&self) {}

    pub async fn one(&self) -> io::Result<()> {
        Ok(())
    }

    pub async fn two(&self) -> io::Result<()> {
        Ok(())
    }
}

#[crochet::blocking(as = Blocking, timeout = self.1, make = |client| Blocking(client, Duration::MAX))]
impl Client {
    pub async fn connect() -> io::Result<Self> {
        Ok(Self)
    }

    #[blocking(timeout = 5.0)]
    pub async fn connect_in_time() -> io::Result<Self> {
        Ok(Self)
    }

    #[blocking(timeout = 5.0, reactor = &self.reactor)]
    pub async fn connect_here() -> io::Result<Self> {
        Ok(Self)
    }

    #[blocking(timeout = 5.0 + 1.0)]
    pub async fn sum(&self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {
    Blocking(Client, Duration::MAX).plain();
}
