use std::future::ready;
use std::io;
use std::rc::Rc;

#[crochet::wait_for(timeout = 5.0)]
async fn lookup(name: &str) -> io::Result<usize> {
    let shared = Rc::new(name.len());
    ready(()).await;
    Ok(*shared)
}

fn main() {
    let _: io::Result<usize> = lookup("name");
}
