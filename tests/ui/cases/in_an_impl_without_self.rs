//! Where nothing tells that a function is in an `impl`, and a copy of it will not do.

use std::io;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU32, Ordering};

struct Ids<T>(PhantomData<T>);

impl<T: Default + Send> Ids<T> {
    #[crochet::wait_for(timeout = 5.0)]
    async fn next() -> io::Result<u32> {
        static LAST: AtomicU32 = AtomicU32::new(0);
        Ok(LAST.fetch_add(1, Ordering::Relaxed))
    }

    #[crochet::wait_for(timeout = 5.0)]
    async fn first() -> io::Result<T> {
        Ok(T::default())
    }
}

fn main() {
    let _: io::Result<u32> = Ids::<u32>::next();
    let _: io::Result<u32> = Ids::<u32>::first();
}
