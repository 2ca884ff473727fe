//! Many pages, 50 requests at a time, each page handled as soon as it is there; Ctrl-C stops
//! cleanly.
//!
//! The async part is `fetch`, for one page. A stream makes the 50 requests, `crochet::iter` makes a
//! `for` loop of the stream, and the signal is the end of the stream. When the loop ends, for
//! whatever reason, the requests that are still under way are dropped, with their sockets.
//!
//! ```text
//! $ cargo run --example fetch_many                        # offline: 200 pages of a server that it starts itself
//! http://127.0.0.1:40431/7: 31 bytes
//! http://127.0.0.1:40431/3: 31 bytes
//! ...
//! ^Cstopped after 108 of 200 pages
//! $ cargo run --example fetch_many -- http://example.com/ http://example.org/     # these, without TLS
//! ```
//!
//! Left alone, it ends with `done: 200 of 200 pages`. It exits with 130 if Ctrl-C has stopped it,
//! as shells expect, and with 1 if a page could not be had; its line says why.

mod support {
    pub(crate) mod demo_site;
    pub(crate) mod host;
    pub(crate) mod http;
    pub(crate) mod server;
}

use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use async_signal::{Signal, Signals};
use futures_util::{StreamExt, stream};

use support::{demo_site, http};

/// So many requests are under way at once.
const AT_ONCE: usize = 50;
/// Patience with the server of a page.
const PATIENCE: Duration = Duration::from_secs(10);

/// The only code that is async. It knows nothing of crochet.
async fn fetch(url: String) -> (String, Result<usize, String>) {
    let page = match http::parse(&url) {
        Ok(parsed) => http::within(PATIENCE, http::get(&parsed)).await,
        Err(why) => return (url, Err(why)),
    };
    (url, page.map(|page| page.len()).map_err(|why| why.to_string()))
}

fn run(urls: Vec<String>) -> Result<ExitCode, Box<dyn Error>> {
    let (wanted, mut done, mut failed) = (urls.len(), 0, 0);
    let mut ctrl_c = Signals::new([Signal::Int])?;
    let mut stopped = false;
    let interrupt = async {
        ctrl_c.next().await;
        stopped = true; // borrowed: the stream is gone before it is read
    };
    let pages = stream::iter(urls).map(fetch).buffer_unordered(AT_ONCE);
    for page in crochet::iter(pages.take_until(interrupt)) {
        match page? {
            (url, Ok(bytes)) => {
                done += 1;
                writeln!(io::stdout(), "{url}: {bytes} bytes")?;
            }
            (url, Err(why)) => {
                failed += 1;
                writeln!(io::stdout(), "{url}: {why}")?;
            }
        }
    }
    let how = if stopped { "stopped after" } else { "done:" };
    writeln!(io::stdout(), "{how} {done} of {wanted} pages")?;
    Ok(match (stopped, failed) {
        (true, _) => ExitCode::from(130),
        (false, 0) => ExitCode::SUCCESS,
        (false, _) => ExitCode::FAILURE,
    })
}

/// Starts a site whose pages take from a tenth of a second to half a second, and returns the
/// addresses of 200.
fn start_demo_site() -> io::Result<Vec<String>> {
    let site = demo_site::start(|path| {
        let number: u64 = path.trim_start_matches('/').parse().ok()?;
        thread::sleep(Duration::from_millis(100 + number * 37 % 400));
        Some(format!("<p>Row {number:3}: knit one.</p>\n"))
    })?;
    Ok((0..200).map(|number| format!("{site}/{number}")).collect())
}

fn main() -> ExitCode {
    let urls: Vec<String> =
        env::args_os().skip(1).map(|url| url.to_string_lossy().into_owned()).collect();
    let urls = if urls.is_empty() { start_demo_site() } else { Ok(urls) };
    urls.map_err(Into::into).and_then(run).unwrap_or_else(|why| {
        let _ = writeln!(io::stderr(), "{why}"); // not `eprintln!`, which panics on a closed pipe
        ExitCode::FAILURE
    })
}
