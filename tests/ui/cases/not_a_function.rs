use std::io;

#[crochet::wait_for(timeout = 5.0)]
pub struct Client;

#[crochet::wait_for(timeout = 5.0)]
impl Client {
    pub async fn lookup(&self) -> io::Result<()> {
        Ok(())
    }
}

#[crochet::run_in_reactor]
pub unsafe trait Lookup {
    async fn lookup(&self) -> io::Result<()>;
}

fn main() {
    let _ = Client;
}
