//! The time of 1,000 small requests on a kept connection: the twin's beside the original's.
//!
//! ```text
//! $ cargo run --release -p crochet-twins-tests --example requests
//! ```

#[path = "../tests/http/server.rs"]
mod server;

use std::time::{Duration, Instant};

const REQUESTS: usize = 1000;
const ROUNDS: usize = 7;

/// Measures requests that are made one after the other.
macro_rules! measure {
    ($blocking:path, $url:expr) => {{
        use $blocking as blocking;
        let client = blocking::Client::builder().no_proxy().build()?;
        client.get($url).send()?.bytes()?;
        let start = Instant::now();
        for _ in 0..REQUESTS {
            client.get($url).send()?.bytes()?;
        }
        start.elapsed()
    }};
}

fn main() -> reqwest::Result<()> {
    let url = format!("{}/hello", server::start());
    let (mut ours, mut originals) = (Vec::new(), Vec::new());
    // In turns, as the machine may be slower now than later.
    for _ in 0..ROUNDS {
        ours.push(measure!(crochet_twins_tests::http, &url));
        originals.push(measure!(reqwest::blocking, &url));
    }
    let (ours, original) = (median(ours), median(originals));
    let ratio = ours.as_secs_f64() / original.as_secs_f64();
    println!(
        "{REQUESTS} requests: the twin {ours:.1?}, the original {original:.1?}, ratio {ratio:.2}"
    );
    Ok(())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
