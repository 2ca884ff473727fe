use std::io::{self, Read};
use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use crochet::io::Blocking;
use crochet::{Error, wait_for, wait_for_wrapped};
use futures_util::TryStreamExt;

/// One for the process: all threads share its connections.
static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(reqwest::Client::new);

/// Downloads a page; blocks until all of it is here.
#[wait_for(timeout = 10.0, error = wrap)]
pub async fn page(url: &str) -> reqwest::Result<String> {
    CLIENT.get(url).send().await?.error_for_status()?.text().await
}

fn start(url: &str, timeout: Duration) -> Result<reqwest::Response, Error<reqwest::Error>> {
    wait_for_wrapped(timeout, async { CLIENT.get(url).send().await?.error_for_status() })
}

/// Blocks until the answer begins. Each read of its bytes has the timeout, too.
pub fn reader(url: &str, timeout: Duration) -> Result<impl Read + use<>, Error<reqwest::Error>> {
    let chunks = start(url, timeout)?.bytes_stream().map_err(io::Error::other);
    Ok(Blocking::new(Box::pin(chunks).into_async_read()).with_timeout(timeout))
}

/// The same, chunk by chunk.
pub fn chunks(
    url: &str,
    timeout: Duration,
) -> Result<impl Iterator<Item = io::Result<Bytes>> + use<>, Error<reqwest::Error>> {
    let chunks = start(url, timeout)?.bytes_stream().map_err(io::Error::other);
    Ok(crochet::iter(chunks).timeout(timeout).merge_errors())
}
