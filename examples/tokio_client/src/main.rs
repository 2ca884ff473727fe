//! Pages downloaded with reqwest, a library that needs tokio, by a blocking program that uses
//! neither directly.
//!
//! With Crochet's feature `tokio` (see `Cargo.toml`) reqwest works in jobs as it is. The module
//! `web` is the whole async part: one `async fn`, from which `#[wait_for]` makes a blocking
//! function, and `#[run_in_reactor]` one that starts a download.
//!
//! ```text
//! $ cargo run --example tokio_client                       # offline: asks a server that it starts itself
//! http://127.0.0.1:38067/wool: 200 OK, 29 bytes
//! http://127.0.0.1:38067/wool: 200 OK, 29 bytes
//! http://127.0.0.1:38067/cotton: 404 Not Found, 0 bytes
//! http://127.0.0.1:38067/slow: timed out after 1s: the job is waiting
//! $ cargo run --example tokio_client -- http://example.com http://example.org --timeout 10
//! ```
//!
//! It waits for the first page at once, and downloads the others at the same time, in the
//! background. It exits with 1 if one of the URLs that it was given could not be downloaded.
//!
//! reqwest is built without TLS here, which takes a C compiler; so `http` only.

use std::env;
use std::error::Error;
use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

/// A library that blocks. Its users see neither a reactor nor tokio.
mod web {
    use std::time::Duration;

    use crochet::{EventualResult, run_in_reactor, wait_for};
    use reqwest::StatusCode;

    /// Crochet's own errors, such as a timeout, become one by themselves.
    pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

    pub(crate) struct Page {
        pub(crate) status: StatusCode,
        pub(crate) body: String,
    }

    async fn get(client: &reqwest::Client, url: &str) -> Result<Page, Error> {
        let response = client.get(url).send().await?;
        Ok(Page { status: response.status(), body: response.text().await? })
    }

    /// Clones share their connections.
    #[derive(Clone)]
    pub(crate) struct Client {
        client: reqwest::Client,
        timeout: Duration,
    }

    impl Client {
        pub(crate) fn new(timeout: Duration) -> Self {
            Self { client: reqwest::Client::new(), timeout }
        }

        /// Downloads a page, and blocks until it is here.
        #[wait_for(timeout = self.timeout)]
        pub(crate) async fn get(&self, url: &str) -> Result<Page, Error> {
            get(&self.client, url).await
        }

        /// Starts to download a page.
        pub(crate) fn download(&self, url: &str) -> Download {
            Download { page: start(self.client.clone(), url.to_owned()), timeout: self.timeout }
        }
    }

    #[run_in_reactor]
    async fn start(client: reqwest::Client, url: String) -> Result<Page, Error> {
        get(&client, &url).await
    }

    /// A page that is on its way.
    pub(crate) struct Download {
        page: EventualResult<Page, Error>,
        timeout: Duration,
    }

    impl Download {
        /// Blocks until the page is here. If it takes too long, the download is cancelled.
        pub(crate) fn page(self) -> Result<Page, Error> {
            self.page.join(self.timeout)
        }
    }
}

/// Shows an error with its reasons.
struct Reasons<'a>(&'a (dyn Error + 'static));

impl fmt::Display for Reasons<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut error = self.0;
        while let Some(reason) = error.source() {
            write!(f, ": {reason}")?;
            error = reason;
        }
        Ok(())
    }
}

/// Prints a line on a page. Returns whether there is one.
fn show(url: &str, page: Result<web::Page, web::Error>) -> bool {
    match &page {
        Ok(page) => println!("{url}: {}, {} bytes", page.status, page.body.len()),
        Err(error) => println!("{url}: {}", Reasons(&**error)),
    }
    page.is_ok()
}

/// An ordinary blocking program.
fn download_all(urls: &[String], timeout: Duration) -> bool {
    let client = web::Client::new(timeout);
    let Some((first, others)) = urls.split_first() else { return true };
    let mut all = show(first, client.get(first));
    let downloads: Vec<_> = others.iter().map(|url| (url, client.download(url))).collect();
    for (url, download) in downloads {
        all &= show(url, download.page());
    }
    all
}

/// Answers the requests of one connection: with a page, with none, or never.
fn answer(stream: TcpStream) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        let (status, body) = match head.split(' ').nth(1) {
            Some("/wool") => ("200 OK", "Spun from the fleece of sheep"),
            Some("/slow") => continue,
            _ => ("404 Not Found", ""),
        };
        let length = body.len();
        write!(stream.get_mut(), "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}")?;
    }
}

/// Starts a small server. It ends with the program.
fn serve() -> io::Result<SocketAddr> {
    let server = TcpListener::bind("127.0.0.1:0")?;
    let address = server.local_addr()?;
    thread::spawn(move || {
        for stream in server.incoming() {
            thread::spawn(|| answer(stream?));
        }
    });
    Ok(address)
}

struct Arguments {
    urls: Vec<String>,
    timeout: Option<Duration>,
}

/// Reads the arguments: URLs, and a timeout in seconds.
fn arguments(mut given: impl Iterator<Item = String>) -> Option<Arguments> {
    let mut arguments = Arguments { urls: Vec::new(), timeout: None };
    while let Some(argument) = given.next() {
        if argument == "--timeout" {
            let seconds = given.next()?.parse().ok()?;
            arguments.timeout = Some(Duration::try_from_secs_f64(seconds).ok()?);
        } else if argument.starts_with('-') {
            return None;
        } else {
            arguments.urls.push(argument);
        }
    }
    Some(arguments)
}

fn main() -> ExitCode {
    let Some(Arguments { urls, timeout }) = arguments(env::args().skip(1)) else {
        eprintln!("usage: tokio_client [URL]... [--timeout SECONDS]");
        return ExitCode::from(2);
    };
    if !urls.is_empty() {
        let all = download_all(&urls, timeout.unwrap_or(Duration::from_secs(30)));
        return if all { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    match serve() {
        Ok(server) => {
            let url = |path| format!("http://{server}/{path}");
            let urls = ["wool", "wool", "cotton", "slow"].map(url);
            download_all(&urls, timeout.unwrap_or(Duration::from_secs(1)));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("cannot start a server: {error}");
            ExitCode::FAILURE
        }
    }
}
