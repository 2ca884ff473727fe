//! Plain `async fn`s made blocking: your own with an attribute, those of a library with the
//! function `wait_for`. After Crochet's example `async`.
//!
//! ```text
//! cargo run --example async_fn
//! ```
//!
//! It prints
//!
//! ```text
//! one after the other, and both at once: ok
//! too slow: timed out after 50.1ms: the job is waiting
//! ```

use std::time::{Duration, Instant};

use async_io::Timer;
use crochet::{Error, wait_for};
use futures_lite::future;

/// Stands for a library's function: it knows nothing of crochet.
async fn nap(time: Duration) -> Duration {
    let start = Instant::now();
    Timer::after(time).await;
    start.elapsed()
}

/// Waits twice, one after the other.
#[wait_for(timeout = 5.0)]
async fn two_naps(time: Duration) -> crochet::Result<Duration> {
    Ok(nap(time).await + nap(time).await)
}

/// Waits for two at once, which blocking code would need two threads for.
#[wait_for(timeout = 5.0)]
async fn two_naps_at_once(time: Duration) -> crochet::Result<Duration> {
    let (one, other) = future::zip(nap(time), nap(time)).await;
    Ok(one.max(other))
}

fn main() -> crochet::Result<()> {
    let time = Duration::from_millis(20);
    assert!(two_naps(time)? >= 2 * time);
    assert!(two_naps_at_once(time)? >= time);
    println!("one after the other, and both at once: ok");

    // No attribute, but the same: for a function that is not yours, or that you need blocking once.
    let slow = wait_for(Duration::from_millis(50), async {
        Ok::<_, Error>(nap(Duration::from_secs(5)).await)
    });
    println!("too slow: {}", slow.expect_err("five seconds are too much"));
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_runs() -> crochet::Result<()> {
        super::main()
    }
}
