//! A unit test that calls the function that you wrote, beside the blocking one that the attribute
//! made of it. After Crochet's example `testing`, where the original is `add.wrapped_function`.
//!
//! ```text
//! cargo run --example testing
//! cargo test --example testing
//! ```
//!
//! The first prints
//!
//! ```text
//! add() returns a handle to its result:
//!     EventualResult { location: examples/testing.rs:41, finished: false, .. }
//!     and then Ok(3)
//! add_async() is the function as it was written:
//!     Ok(3)
//! ```
//!
//! The second runs the test below, which needs no reactor.

use std::io;
use std::time::Duration;

use crochet::{run_in_reactor, wait_for};

/// Adds two numbers, in the background.
#[run_in_reactor]
async fn add(x: u32, y: u32) -> io::Result<u32> {
    x.checked_add(y).ok_or_else(|| io::Error::other("too large"))
}

/// Adds two numbers while the caller waits. The original has a name of its own choice here.
#[wait_for(timeout = 5.0, wrapped = double_in_async)]
async fn double(x: u32) -> io::Result<u32> {
    // Async code calls originals: a blocking function would hold the reactor, and so refuses.
    add_async(x, x).await
}

fn main() -> io::Result<()> {
    println!("add() returns a handle to its result:");
    let sum = add(1, 2);
    println!("    {sum:?}");
    println!("    and then {:?}", sum.join(Duration::from_secs(5)));

    println!("add_async() is the function as it was written:");
    println!("    {:?}", async_io::block_on(add_async(1, 2)));

    assert_eq!(double(4)?, async_io::block_on(double_in_async(4))?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_added() -> io::Result<()> {
        async_io::block_on(async {
            assert_eq!(add_async(1, 2).await?, 3);
            assert_eq!(add_async(u32::MAX, 1).await.unwrap_err().to_string(), "too large");
            assert_eq!(double_in_async(4).await?, 8);
            Ok(())
        })
    }

    #[test]
    fn the_blocking_twins_give_the_same() -> io::Result<()> {
        assert_eq!(add(1, 2).join(Duration::from_secs(60))?, 3);
        assert_eq!(double(4)?, 8);
        main()
    }
}
