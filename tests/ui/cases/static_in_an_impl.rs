use std::io;
use std::sync::atomic::{AtomicU32, Ordering};

struct Ids;

impl Ids {
    #[crochet::wait_for(timeout = 5.0)]
    async fn next() -> io::Result<u32> {
        static LAST: AtomicU32 = AtomicU32::new(0);
        Ok(LAST.fetch_add(1, Ordering::Relaxed))
    }
}

fn main() {
    let _: io::Result<u32> = Ids::next();
}
