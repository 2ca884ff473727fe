#[derive(Debug)]
pub struct MyError;

pub struct Client;

pub struct Blocking(pub Client);

/// By its name it is a `Result`.
pub struct SearchResult<T>(T);

#[crochet::blocking(as = Blocking, timeout = 5.0)]
impl Client {
    pub async fn fails(&self) -> Result<usize, MyError> {
        Err(MyError)
    }

    pub async fn found(&self) -> SearchResult<u8> {
        SearchResult(1)
    }
}

fn main() {}
