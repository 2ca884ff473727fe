pub struct Client;

#[crochet::blocking(as = blocking::Client, timeout = 5.0)]
impl Client {
    pub async fn connect() -> Self {
        Self
    }

    pub async fn count(&self) -> usize {
        1
    }
}

fn main() {}
