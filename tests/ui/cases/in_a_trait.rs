use std::io;

trait Lookup {
    #[crochet::wait_for(timeout = 5.0)]
    async fn lookup(&self, name: &str) -> io::Result<usize>;
}

fn main() {}
