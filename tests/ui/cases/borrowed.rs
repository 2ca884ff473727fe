use std::borrow::Cow;
use std::io;
use std::path::Path;

#[crochet::run_in_reactor]
async fn text(name: &str, size: usize) -> io::Result<usize> {
    Ok(name.len() + size)
}

#[crochet::run_in_reactor]
async fn list(bytes: Option<&[u8]>) -> io::Result<usize> {
    Ok(bytes.map_or(0, <[u8]>::len))
}

#[crochet::run_in_reactor]
async fn file(path: &Path) -> io::Result<bool> {
    Ok(path.exists())
}

#[crochet::run_in_reactor]
async fn named<'a>(name: Cow<'a, str>, last: &'a u64) -> io::Result<usize> {
    Ok(name.len() + *last as usize)
}

struct Client;

impl Client {
    #[crochet::run_in_reactor]
    async fn shared(&self) -> io::Result<()> {
        Ok(())
    }

    #[crochet::run_in_reactor]
    async fn exclusive(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn main() {
    text("name", 1).detach();
    list(None).detach();
    file(Path::new("")).detach();
    Client.shared().detach();
    Client.exclusive().detach();
}
