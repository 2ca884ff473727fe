//! The example `downloader`, as its users see it: in a browser, with cookies.
//!
//! | the download | the page |
//! |---|---|
//! | has just been started | "started" |
//! | goes on | "in progress" |
//! | is done | "downloaded", with size and excerpt, and the session is over |
//! | has failed: status, nobody there, silence | "failed", with the reason, and the session is over |
//!
//! | the cookie | the page |
//! |---|---|
//! | from the first answer | goes on with this session's download, as often as it comes |
//! | of a session that is over; is nothing of ours; is missing | starts a new download, and disturbs no other |
//!
//! `web.rs` has the command line, and what is the same in `scheduling`.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crochet::retrieve_result;

use crate::support::chromium::Chromium;
use crate::support::example;
use crate::support::signal::STOPS;
use crate::support::site::{dead_address, send, silent_site, site, until_closed};
use crate::support::tickets::{KEPT, Tickets};
use crate::support::web::{App, Page, limit};
use crate::support::{Gate, until};

const STARTED: &str = "Download started";
const IN_PROGRESS: &str = "Download in progress";
const DOWNLOADED: &str = "Downloaded";
const FAILED: &str = "Download failed";

/// Starts a site whose `n`th request gets the page "page `n`", as soon as the `n`th gate is open.
fn gated() -> (String, [Gate; 4]) {
    let gates: [Gate; 4] = Default::default();
    let opened = gates.clone();
    let count = AtomicUsize::new(0);
    let url = site(move |stream, _| {
        let n = count.fetch_add(1, Ordering::Relaxed);
        opened[n].pass();
        send(stream, "200 OK", &format!("page {n}"));
    });
    (url, gates)
}

/// The cookie that a page sets, as the browser sends it back.
#[track_caller]
fn cookie(page: &Page) -> String {
    let cookie = page.header("set-cookie").expect("a cookie");
    let (pair, attributes) = cookie.split_once("; ").expect(cookie);
    assert_eq!(attributes, "Path=/page; Max-Age=300; HttpOnly; SameSite=Strict");
    let ticket = pair.strip_prefix("download=").expect(cookie);
    assert!(ticket.len() == 32 && ticket.bytes().all(|byte| byte.is_ascii_hexdigit()), "{cookie}");
    pair.to_owned()
}

/// A browser with a session.
struct Session<'a> {
    app: &'a App,
    cookie: Option<String>,
}

impl<'a> Session<'a> {
    #[track_caller]
    fn start(app: &'a App) -> Self {
        let page = app.get("/page", None);
        assert_eq!((page.status, page.title()), (200, STARTED));
        Self { app, cookie: Some(cookie(&page)) }
    }

    #[track_caller]
    fn refresh(&mut self) -> Page {
        let page = self.app.get("/page", self.cookie.as_deref());
        assert_eq!((page.status, page.header("cache-control")), (200, Some("no-store")));
        let refreshes = page.html.contains("<meta http-equiv=\"refresh\" content=\"1\">");
        if page.title() == IN_PROGRESS {
            assert!(refreshes);
            assert_eq!(page.header("set-cookie"), None, "the cookie stays as it is");
        } else {
            assert!(!refreshes);
            let over = "download=; Path=/page; Max-Age=0; HttpOnly; SameSite=Strict";
            assert_eq!(page.header("set-cookie"), Some(over), "{}", page.title());
            self.cookie = None;
        }
        page
    }

    /// Refreshes until the download has ended.
    #[track_caller]
    fn end(mut self) -> Page {
        let mut page = self.refresh();
        until(|| {
            if self.cookie.is_some() {
                page = self.refresh();
            }
            self.cookie.is_none()
        });
        page
    }
}

fn excerpt(page: &Page) -> &str {
    assert_eq!(page.title(), DOWNLOADED, "{}", page.html);
    page.between("<pre>", "</pre>").expect(&page.html)
}

fn reason(page: &Page) -> &str {
    assert_eq!(page.title(), FAILED, "{}", page.html);
    page.between("<p class=\"bad\">", "</p>").expect(&page.html)
}

#[test]
fn a_download_is_started_in_progress_and_done() {
    let _limit = limit();
    let (url, gates) = gated();
    let app = App::start("downloader", &[&url]);
    let index = app.get("/", None);
    assert_eq!((index.status, index.title()), (200, "Downloader"));
    assert_eq!(index.header("set-cookie"), None);
    assert!(index.html.contains(&format!("<a href=\"/page\">{url}</a>")), "{}", index.html);

    let mut session = Session::start(&app);
    let old = session.cookie.clone().unwrap();
    for _ in 0..3 {
        let page = session.refresh();
        assert_eq!(page.title(), IN_PROGRESS);
        assert!(page.html.contains(&url), "{}", page.html);
    }
    gates[0].open();
    let page = session.end();
    assert_eq!(excerpt(&page), "page 0");
    assert!(page.html.contains("<p>6 bytes:</p>"), "{}", page.html);
    assert!(page.html.contains("<a href=\"\">Download it again</a>"), "{}", page.html);

    // The session is over, and its cookie is worth nothing.
    gates[1..].iter().for_each(Gate::open);
    let page = app.get("/page", Some(&old));
    assert_eq!(page.title(), STARTED);
    assert_ne!(cookie(&page), old);
}

#[test]
fn sessions_do_not_disturb_each_other() {
    let _limit = limit();
    let (url, gates) = gated();
    let app = App::start("downloader", &[&url]);
    let sessions: Vec<Session<'_>> = (0..3)
        .map(|_| {
            let mut session = Session::start(&app);
            assert_eq!(session.refresh().title(), IN_PROGRESS);
            session
        })
        .collect();
    let [mut first, second, mut third] = <[Session<'_>; 3]>::try_from(sessions).ok().unwrap();
    gates[1].open();
    assert_eq!(excerpt(&second.end()), "page 1");
    assert_eq!((first.refresh().title(), third.refresh().title()), (IN_PROGRESS, IN_PROGRESS));
    gates[2].open();
    assert_eq!(excerpt(&third.end()), "page 2");
    assert_eq!(first.refresh().title(), IN_PROGRESS);
    gates[0].open();
    assert_eq!(excerpt(&first.end()), "page 0");
}

#[test]
fn a_cookie_that_comes_from_two_browsers_is_one_session() {
    let _limit = limit();
    let (url, gates) = gated();
    let app = App::start("downloader", &[&url]);
    let mut session = Session::start(&app);
    let mut copy = Session { app: &app, cookie: session.cookie.clone() };
    assert_eq!(session.refresh().title(), IN_PROGRESS);
    assert_eq!(copy.refresh().title(), IN_PROGRESS);
    assert_eq!(session.refresh().title(), IN_PROGRESS);
    gates[0].open();
    assert_eq!(excerpt(&session.end()), "page 0");
    // The other one comes too late, and gets a session of its own.
    let page = app.get("/page", copy.cookie.as_deref());
    assert_eq!(page.title(), STARTED);
    let other = Session { app: &app, cookie: Some(cookie(&page)) };
    assert_ne!(other.cookie, copy.cookie);
    gates[1].open();
    assert_eq!(excerpt(&other.end()), "page 1");
}

#[test]
fn a_cookie_that_is_none_of_ours_starts_afresh() {
    let _limit = limit();
    let url = site(|stream, _| until_closed(stream));
    let app = App::start("downloader", &[&url]);
    let never = "0123456789abcdef".repeat(2);
    let long = "f".repeat(5000);
    for garbage in ["", &never, &long, "0", "<script>", "\"", "=", "%00", "-1", "a b c"] {
        for cookie in [format!("download={garbage}"), garbage.to_owned(), format!(";;{garbage};=")]
        {
            let page = app.get("/page", Some(&cookie));
            assert_eq!((page.status, page.title()), (200, STARTED), "{cookie:?}");
            assert_eq!(page.between("<script>", ""), None);
        }
    }
}

#[test]
fn the_cookie_is_found_among_others() {
    let _limit = limit();
    let (url, gates) = gated();
    let app = App::start("downloader", &[&url]);
    let mut session = Session::start(&app);
    let ours = session.cookie.take().unwrap();
    session.cookie = Some(format!("a=b; predownload=1; {ours}; download2=x"));
    assert_eq!(session.refresh().title(), IN_PROGRESS);
    gates[0].open();
    assert_eq!(excerpt(&session.end()), "page 0");
}

#[test]
fn what_was_downloaded_is_shown_as_text_and_in_part() {
    let _limit = limit();
    let hostile = "</pre><script>alert('1')</script>&amp;\"\u{e9}\0\u{202e}";
    let url = site(move |stream, path| {
        send(
            stream,
            "200 OK",
            &if path == "/long" { "\u{e9}".repeat(5000) } else { hostile.into() },
        );
    });
    let app = App::start("downloader", &[&format!("{url}/?a=1&b='2'")]);
    let page = Session::start(&app).end();
    assert_eq!(
        excerpt(&page),
        "&lt;/pre&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;&quot;\u{e9}\0\u{202e}"
    );
    assert!(page.html.contains(&format!("<p>{} bytes:</p>", hostile.len())), "{}", page.html);
    assert!(page.html.contains(&format!("{url}/?a=1&amp;b=&#39;2&#39;")), "{}", page.html);
    assert!(!page.html.contains("<script"), "{}", page.html);

    let app = App::start("downloader", &[&format!("{url}/long")]);
    let page = Session::start(&app).end();
    assert_eq!(excerpt(&page), format!("{} …", "\u{e9}".repeat(1000)));
    assert!(page.html.contains("<p>10000 bytes:</p>"), "{}", page.html);
}

#[test]
fn a_download_that_fails_says_why_and_can_be_tried_again() {
    let _limit = limit();
    let url = site(|stream, _| send(stream, "404 Not Found", "no wool"));
    let app = App::start("downloader", &[&url]);
    for _ in 0..2 {
        let page = Session::start(&app).end();
        assert_eq!(reason(&page), "the server answered 404 Not Found");
        assert!(page.html.contains("<a href=\"\">Download it again</a>"), "{}", page.html);
    }

    let address = dead_address();
    let app = App::start("downloader", &[&format!("http://{address}")]);
    let page = Session::start(&app).end();
    let why = format!("cannot connect to 127.0.0.1, port {}: ", address.port());
    assert!(reason(&page).starts_with(&why), "{}", reason(&page));
}

#[test]
fn a_silent_server_is_given_up_after_ten_seconds() {
    let _limit = limit();
    let gone = Gate::new();
    let goes = gone.clone();
    let url = site(move |stream, _| {
        until_closed(stream);
        goes.open();
    });
    let app = App::start("downloader", &[&url]);
    let start = Instant::now();
    let page = Session::start(&app).end();
    assert_eq!(reason(&page), "no answer within 10s");
    assert!(start.elapsed() >= Duration::from_secs(10), "{:?}", start.elapsed());
    // The connection has been closed, while the app goes on.
    gone.pass();
    assert_eq!(app.get("/", None).status, 200);
}

#[test]
fn offline_it_has_a_quick_page_a_slow_one_and_none() {
    let _limit = limit();
    let app = App::start("downloader", &[]);
    assert_eq!(app.said, "");
    let index = app.get("/", None);
    let mut slow = None;
    for (path, title, text) in [
        ("/quick", DOWNLOADED, "&lt;h1&gt;Wool&lt;/h1&gt;"),
        ("/missing", FAILED, "the server answered 404 Not Found"),
        ("/slow", DOWNLOADED, "&lt;h1&gt;Slow-spun wool&lt;/h1&gt;"),
    ] {
        assert!(index.html.contains(&format!("<a href=\"{path}\">")), "{}", index.html);
        let start = Instant::now();
        let mut page = app.get(path, None);
        assert_eq!(page.title(), STARTED);
        let set = page.header("set-cookie").unwrap().to_owned();
        let cookie = set.split("; ").next().unwrap();
        assert!(set.contains(&format!("; Path={path}; ")), "{set}");
        until(|| {
            page = app.get(path, Some(cookie));
            page.title() != IN_PROGRESS
        });
        assert_eq!(page.title(), title);
        assert!(page.html.contains(text), "{}", page.html);
        slow = Some(start.elapsed());
    }
    assert!(slow.unwrap() >= Duration::from_secs(5), "{slow:?}");
}

#[test]
fn ctrl_c_drops_what_is_being_downloaded() {
    let _limit = limit();
    for &signal in STOPS {
        let (url, asked, gone) = silent_site();
        let app = App::start("downloader", &[&url]);
        Session::start(&app);
        asked.pass();
        let start = Instant::now();
        let stopped = app.stop(signal);
        gone.pass();
        // The job's own patience is ten seconds.
        assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
        let stdout = "stopped\n".to_owned();
        assert_eq!(stopped, example::Run { code: Some(130), stdout, stderr: String::new() });
    }
}

#[test]
fn chromium_shows_the_pages_and_keeps_the_session() {
    let Some(chromium) = Chromium::find() else { return };
    let app = App::start("downloader", &[]);
    chromium.look("downloader", &app.url("/"), 0);
    chromium.look("downloader-started", &app.url("/slow"), 0);
    // By its own clock, which stands still while it waits for an answer, it looks again until that
    // is over. It would find no end without its cookie.
    let later = 30_000;
    chromium.look("downloader-downloaded", &app.url("/quick"), later);
    chromium.look("downloader-failed", &app.url("/missing"), later);
    let text = chromium.read(&app.url("/quick"), later);
    assert!(text.contains("<h1>Downloaded</h1>"), "{text}");
    assert!(text.contains("<pre>&lt;h1&gt;Wool&lt;/h1&gt;"), "{text}");

    // There is no saying when it would find this state, so it gets a copy.
    let url = site(|stream, _| until_closed(stream));
    let app = App::start("downloader", &[&url]);
    let mut session = Session::start(&app);
    let page = session.refresh();
    assert_eq!(page.title(), IN_PROGRESS);
    chromium.look_at("downloader-in-progress", &page.html);
}

#[test]
fn a_download_whose_ticket_is_too_old_is_dropped_at_the_next_start() {
    let start = || crochet::run_in_reactor(std::future::pending::<io::Result<Vec<u8>>>).stash();
    let take_out = |ticket| retrieve_result::<Vec<u8>, io::Error>(ticket);
    let (tickets, now) = (Tickets::default(), Instant::now());
    let [old, recent, new] = [start(), start(), start()];
    tickets.note(old, now);
    tickets.note(recent, now + Duration::from_secs(1));
    tickets.note(new, now + KEPT + Duration::from_secs(1));
    assert!(take_out(old).is_err());
    take_out(recent).unwrap().cancel();
    take_out(new).unwrap().cancel();
}
