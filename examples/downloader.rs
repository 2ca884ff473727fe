//! A synchronous web app that downloads pages in the background, separately for each session.
//!
//! The first request starts a download and puts it away under an id (`stash`). The id goes into a
//! cookie, which is all that there is of the session. The next request brings the id back and takes
//! the download out again (`retrieve_result`). An unfinished one is put back under the same id
//! (`stash_as`), so the cookie stays as it is. An id cannot be guessed, and is worth nothing when
//! the download has been shown. A request with such an id, or with none, starts a new download. A
//! download that is not asked for within five minutes is dropped.
//!
//! ```text
//! $ cargo run --example downloader                           # offline: from a site that it starts itself
//! open http://127.0.0.1:36519/ in a browser; press Ctrl-C to stop
//! ^Cstopped
//! $ cargo run --example downloader -- http://example.com/    # that page
//! $ cargo run --example downloader -- --port 8000            # always at the same address
//! ```
//!
//! The pages refresh themselves: "started", "in progress", and "downloaded", or "failed" and why.
//! After Ctrl-C the program drops unfinished downloads, and exits with 130.
//!
//! The original in Python's Crochet is in its manual, under "Managing results".

mod support {
    pub(crate) mod demo_site;
    pub(crate) mod host;
    pub(crate) mod http;
    pub(crate) mod server;
    pub(crate) mod tickets;
    pub(crate) mod web;
}

use std::io;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use crochet::{EventualResult, ResultId, retrieve_result, run_in_reactor};
use support::demo_site;
use support::http::{self, Url};
use support::server::Request;
use support::tickets::{KEPT, Tickets};
use support::web::{self, Failure, Program, Reply, escape};

/// Patience with the server of a page.
const PATIENCE: Duration = Duration::from_secs(10);

/// The only code that is async.
#[run_in_reactor]
async fn get(url: Url) -> io::Result<Vec<u8>> {
    http::within(PATIENCE, http::get(&url)).await
}

/// A download in the background. To its users it is a plain object.
struct Download(EventualResult<Vec<u8>, io::Error>);

enum State {
    InProgress(Download),
    Downloaded(Vec<u8>),
    Failed(String),
}

impl Download {
    fn start(url: &Url) -> Self {
        Self(get(url.clone()))
    }

    /// Puts the download away, and returns the ticket for it. It goes on.
    fn put_away(self, tickets: &Tickets) -> ResultId {
        let ticket = self.0.stash();
        tickets.note(ticket, Instant::now());
        ticket
    }

    /// Finds the download that was put away under this ticket.
    fn take_out(ticket: ResultId) -> Option<Self> {
        retrieve_result(ticket).ok().map(Self)
    }

    /// Puts it back under the ticket it was taken out with.
    fn put_back(self, ticket: ResultId) {
        if let Err(download) = self.0.stash_as(ticket) {
            download.cancel(); // the ticket is in use, which cannot be
        }
    }

    /// Blocks for a moment, as it may be done by then.
    fn state(self) -> State {
        let moment = Duration::from_millis(100);
        if self.0.wait(moment).is_err_and(|error| error.is_timeout()) {
            return State::InProgress(self);
        }
        match self.0.into_result(Duration::ZERO) {
            Ok(page) => State::Downloaded(page),
            Err(error) => State::Failed(error.to_string()),
        }
    }
}

/// A page that can be downloaded, and the path in this app that does so. Each path has a cookie of
/// its own.
struct Source {
    path: String,
    address: String,
    url: Url,
}

impl Source {
    fn new(path: &str, address: &str) -> Result<Self, Failure> {
        let url = http::parse(address).map_err(Failure::Args)?;
        Ok(Self { path: path.to_owned(), address: address.to_owned(), url })
    }

    fn reply(&self, request: &Request, tickets: &Tickets) -> Reply {
        let from = format!("<p class=\"small\">{}</p>\n", escape(&self.address));
        let ticket = web::cookie(request, "download").and_then(|ticket| ticket.parse().ok());
        let session = ticket.and_then(|ticket| Some((ticket, Download::take_out(ticket)?)));
        let Some((ticket, download)) = session else {
            let ticket = Download::start(&self.url).put_away(tickets);
            let cookie = self.cookie(&ticket.to_string(), KEPT);
            return Reply { cookie: Some(cookie), ..unfinished("Download started", from) };
        };
        let (title, body) = match download.state() {
            State::InProgress(download) => {
                download.put_back(ticket);
                return unfinished("Download in progress", from);
            }
            State::Downloaded(page) => ("Downloaded", describe(&page)),
            State::Failed(why) => {
                ("Download failed", format!("<p class=\"bad\">{}</p>\n", escape(&why)))
            }
        };
        let links = "<p><a href=\"\">Download it again</a> · <a href=\"/\">All pages</a></p>";
        let html = web::page(title, None, &format!("{from}{body}{links}"));
        Reply { cookie: Some(self.cookie("", Duration::ZERO)), ..Reply::ok(html) }
    }

    /// No script, no other site and no other path gets to see it.
    fn cookie(&self, ticket: &str, age: Duration) -> String {
        let (path, age) = (&self.path, age.as_secs());
        format!("download={ticket}; Path={path}; Max-Age={age}; HttpOnly; SameSite=Strict")
    }
}

fn unfinished(title: &str, from: String) -> Reply {
    let body = from + "<p>This page looks again every second.</p>";
    Reply::ok(web::page(title, Some(1), &body))
}

fn describe(page: &[u8]) -> String {
    let text = String::from_utf8_lossy(page);
    let excerpt: String = text.chars().take(1000).collect();
    let more = if excerpt.len() < text.len() { " …" } else { "" };
    format!("<p>{} bytes:</p>\n<pre>{}{more}</pre>\n", page.len(), escape(&excerpt))
}

fn index(sources: &[Source]) -> String {
    let links = sources.iter().map(|Source { path, address, .. }| {
        format!("<li><a href=\"{path}\">{}</a>\n", escape(address))
    });
    let links: String = links.collect();
    web::page("Downloader", None, &format!("<p>Download in the background:</p>\n<ul>{links}</ul>"))
}

/// Starts a site with a quick page and a slow one, and returns what to download there.
fn start_demo_site() -> Result<Vec<Source>, Failure> {
    let site = demo_site::start(|path| match path {
        "/quick" => Some("<h1>Wool</h1>\n<p>Knit one & purl one.</p>\n".to_owned()),
        "/slow" => {
            thread::sleep(Duration::from_secs(5));
            Some("<h1>Slow-spun wool</h1>\n<p>It takes five seconds.</p>\n".to_owned())
        }
        _ => None,
    })?;
    let paths = ["/quick", "/slow", "/missing"];
    paths.iter().map(|path| Source::new(path, &format!("{site}{path}"))).collect()
}

fn app(args: &[String], port: u16) -> Result<(), Failure> {
    let sources = match args {
        [] => start_demo_site()?,
        [address, ..] => vec![Source::new("/page", address)?],
    };
    let tickets = Tickets::default();
    web::serve(port, |request| match request.url() {
        "/" => Reply::ok(index(&sources)),
        path => match sources.iter().find(|source| source.path == path) {
            Some(source) => source.reply(request, &tickets),
            None => Reply::not_found(),
        },
    })?;
    // The threads of the web server have started the reactor, so the end of `main` would not stop
    // it.
    crochet::shutdown(Duration::from_secs(1)).map_err(io::Error::from)?;
    Ok(web::say("stopped")?)
}

fn main() -> ExitCode {
    let program = Program {
        name: "downloader",
        about: "Downloads a page in the background of a web app, for each session its own.",
        usage: "[URL]",
        args: 1,
    };
    web::main(&program, app)
}
