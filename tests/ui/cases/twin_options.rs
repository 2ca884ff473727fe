use std::io;

pub struct Client;

pub struct Blocking(pub Client);

#[crochet::blocking]
impl Client {}

#[crochet::blocking(timeout = 5.0)]
impl Client {}

#[crochet::blocking(Blocking)]
impl Client {}

#[crochet::blocking(as = Blocking, timeouts = 5.0)]
impl Client {}

#[crochet::blocking(as = Blocking, as = Blocking)]
impl Client {}

#[crochet::blocking(as Blocking)]
impl Client {}

#[crochet::blocking(as = Blocking, skip)]
impl Client {}

#[crochet::blocking(as = Blocking, timeout = -1)]
impl Client {}

#[crochet::blocking(as = Blocking, types = Client)]
impl Client {}

#[crochet::blocking(as = Blocking, types(Vec))]
impl Client {}

#[crochet::blocking(as = Blocking, types(Vec<u8> as Blocking))]
impl Client {}

#[crochet::blocking(as = Blocking, timeout = 5.0)]
impl Client {
    #[blocking]
    pub async fn one(&self) -> io::Result<()> {
        Ok(())
    }

    #[blocking(make = Blocking)]
    pub async fn two(&self) -> io::Result<()> {
        Ok(())
    }

    #[blocking(timeout = 5.0)]
    #[blocking(error = wrap)]
    pub async fn three(&self) -> io::Result<()> {
        Ok(())
    }

    #[blocking(time = 5.0)]
    pub async fn four(&self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {
    let _: io::Result<()> = Blocking(Client).one();
}
