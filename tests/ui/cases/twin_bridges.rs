use std::future::Future;
use std::io;
use std::pin::Pin;

/// Stands for futures-util's.
type LocalBoxStream<'a, T> = Pin<Box<dyn Stream<Item = T> + 'a>>;

pub trait Stream {
    type Item;
}

pub struct Client;

pub struct Blocking(pub Client);

struct Items;

impl Stream for Items {
    type Item = u8;
}

impl Stream for Vec<Items> {
    type Item = Items;
}

#[crochet::blocking(as = Blocking, timeout = 5.0)]
impl Client {
    pub async fn later(&self) -> io::Result<impl Future<Output = u8>> {
        Ok(async { 1 })
    }

    pub fn local(&self) -> LocalBoxStream<'_, u8> {
        Box::pin(Items)
    }

    pub fn boxed(&self) -> Pin<Box<dyn Stream<Item = u8> + '_>> {
        Box::pin(Items)
    }

    pub fn boxed_later(&self) -> Pin<Box<dyn Future<Output = u8> + '_>> {
        Box::pin(async { 1 })
    }

    pub fn nested(&self) -> impl Stream<Item = impl Stream<Item = u8>> + Send {
        Vec::<Items>::new()
    }

    pub async fn run(&self) -> ! {
        std::future::pending().await
    }
}

fn main() {}
