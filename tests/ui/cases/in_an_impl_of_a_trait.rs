use std::io;

trait Lookup {
    fn lookup(&self, name: &str) -> io::Result<usize>;
}

struct Client;

impl Lookup for Client {
    #[crochet::wait_for(timeout = 5.0)]
    async fn lookup(&self, name: &str) -> io::Result<usize> {
        Ok(name.len())
    }
}

fn main() -> io::Result<()> {
    Client.lookup("name")?;
    Ok(())
}
