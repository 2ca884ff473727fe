//! The example `scheduling`, as its users see it: in a browser.
//!
//! | the server | the page |
//! |---|---|
//! | its own | shows a rate, which changes |
//! | sends CSV, JSON, a number alone | shows the number |
//! | has not answered yet, or never does | is there at once; says that there is no rate yet, and why |
//! | fails for a while | shows the last rate, and why there is no later one, until there is |
//!
//! `web.rs` has the command line, and what is the same in `downloader`.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::chromium::Chromium;
use crate::support::example;
use crate::support::signal::STOPS;
use crate::support::site::{dead_address, send, silent_site, site};
use crate::support::web::{App, Page, limit};
use crate::support::{Gate, until};

/// Starts a site that answers what is in there by then.
fn changing(status: &'static str, body: &'static str) -> (String, Arc<Mutex<[&'static str; 2]>>) {
    let answer = Arc::new(Mutex::new([status, body]));
    let answers = Arc::clone(&answer);
    let url = site(move |stream, path| {
        assert_eq!(path, "/rate");
        let [status, body] = *answers.lock().unwrap();
        send(stream, status, body);
    });
    (format!("{url}/rate"), answer)
}

fn rate(page: &Page) -> &str {
    page.between("<p class=\"big\" id=\"rate\">", "</p>").expect(&page.html)
}

fn error(page: &Page) -> Option<&str> {
    page.between("<p class=\"bad\">The last update failed: ", ".</p>")
}

/// Asks for the page until it is as it should be.
#[track_caller]
fn page_when(app: &App, condition: impl Fn(&Page) -> bool) -> Page {
    let mut page = app.get("/", None);
    until(|| {
        page = app.get("/", None);
        condition(&page)
    });
    page
}

#[test]
fn offline_it_shows_a_rate_that_changes() {
    let _limit = limit();
    let app = App::start("scheduling", &[]);
    assert!(app.said.starts_with("asking http://127.0.0.1:"), "{}", app.said);
    assert!(app.said.ends_with("/rate every 2s\n"), "{}", app.said);
    let first = page_when(&app, |page| rate(page) != "no rate yet");
    assert_eq!((first.status, first.title()), (200, "Exchange rate"));
    assert!(rate(&first).starts_with("1.0") || rate(&first).starts_with("1.1"), "{}", rate(&first));
    let second = page_when(&app, |page| rate(page) != rate(&first));
    assert_eq!((error(&first), error(&second)), (None, None));
}

#[test]
fn the_rate_is_refreshed_though_it_is_not_asked_for() {
    let _limit = limit();
    let count = Arc::new(AtomicU32::new(0));
    let third = Gate::new();
    let (counter, gate) = (Arc::clone(&count), third.clone());
    let url = site(move |stream, _| {
        let count = counter.fetch_add(1, Ordering::Relaxed) + 1;
        send(stream, "200 OK", &format!("EUR/USD,{count}.50\n"));
        if count == 3 {
            gate.open();
        }
    });
    let app = App::start("scheduling", &[&format!("{url}/"), "0.2"]);
    third.pass();
    let page = page_when(&app, |page| rate(page).parse::<f64>().is_ok_and(|rate| rate > 3.0));
    assert!(rate(&page).ends_with(".50"), "{}", rate(&page));
    let updated = page.between("updated at ", " UTC, ").unwrap();
    assert_eq!(updated.len(), "12:34:56".len(), "{updated}");
    assert!(page.html.contains(&format!("from {url}/, every 200ms")), "{}", page.html);
    assert!(page.html.contains("<meta http-equiv=\"refresh\" content=\"1\">"), "{}", page.html);
}

#[test]
fn a_page_does_not_wait_for_the_server() {
    let _limit = limit();
    let (asked, answer) = (Gate::new(), Gate::new());
    let (asks, answers) = (asked.clone(), answer.clone());
    let url = site(move |stream, _| {
        asks.open();
        answers.pass();
        send(stream, "200 OK", "7.5");
    });
    let app = App::start("scheduling", &[&url, "0.5"]);
    asked.pass();
    // Not `page_when`: the very first answer.
    let page = app.get("/", None);
    assert_eq!((page.status, rate(&page)), (200, "no rate yet"));
    assert!(!page.html.contains("updated at"), "{}", page.html);
    page_when(&app, |page| error(page) == Some("no answer within 500ms"));
    answer.open();
    let page = page_when(&app, |page| rate(page) == "7.5");
    assert_eq!(error(&page), None);
}

#[test]
fn while_the_server_fails_the_last_rate_stays_and_the_page_says_why() {
    let _limit = limit();
    let (url, answer) = changing("200 OK", "EUR/USD,1.0842,2026-11-22\n");
    let app = App::start("scheduling", &[&url, "0.5"]);
    assert_eq!(error(&page_when(&app, |page| rate(page) == "1.0842")), None);
    for (status, body, why) in [
        ("500 Internal Server Error", "9.9", "the server answered 500 Internal Server Error"),
        ("404 Not Found", "", "the server answered 404 Not Found"),
        ("200 OK", "", "there is no number in the server&#39;s answer"),
        ("200 OK", "inf nan 1e999 .5. v2", "there is no number in the server&#39;s answer"),
        (
            "302 Found\r\nLocation: /<b>",
            "",
            "the server answered 302 Found, and refers to /&lt;b&gt;",
        ),
    ] {
        *answer.lock().unwrap() = [status, body];
        let page = page_when(&app, |page| error(page) == Some(why));
        assert_eq!(rate(&page), "1.0842");
        assert!(page.html.contains("updated at "), "{}", page.html);
    }
    for (body, number) in
        [("{\"rate\": -2.5e-3}", "-2.5e-3"), ("3", "3"), ("<r v='4.10'/>", "4.10")]
    {
        *answer.lock().unwrap() = ["200 OK", body];
        let page = page_when(&app, |page| rate(page) == number);
        assert_eq!(error(&page), None);
    }
}

#[test]
fn a_dead_server_is_told_and_its_address_escaped() {
    let _limit = limit();
    let address = dead_address();
    let app = App::start("scheduling", &[&format!("http://{address}/?pair='EUR'&to=USD"), "0.2"]);
    let page = page_when(&app, |page| error(page).is_some());
    let why = format!("cannot connect to 127.0.0.1, port {}: ", address.port());
    let why = error(&page).unwrap().strip_prefix(&*why).expect(&page.html);
    assert!(why.contains("refused"), "{why}");
    let source = format!("from http://{address}/?pair=&#39;EUR&#39;&amp;to=USD, every 200ms");
    assert!(page.html.contains(&source), "{}", page.html);
}

#[test]
fn ctrl_c_cancels_the_job_and_says_how_much_there_was() {
    let _limit = limit();
    for &signal in STOPS {
        let (url, asked, gone) = silent_site();
        let app = App::start("scheduling", &[&url, "60"]);
        asked.pass();
        let start = Instant::now();
        let stopped = app.stop(signal);
        gone.pass();
        // The job's own patience is ten seconds.
        assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
        let stdout = "stopped; updates: 0\n".to_owned();
        assert_eq!(stopped, example::Run { code: Some(130), stdout, stderr: String::new() });
    }
}

#[test]
fn chromium_shows_the_page() {
    let Some(chromium) = Chromium::find() else { return };
    let (url, answer) = changing("200 OK", "EUR/USD,1.0842");
    let app = App::start("scheduling", &[&url, "0.5"]);
    page_when(&app, |page| rate(page) == "1.0842");
    chromium.look("scheduling", &app.url("/"), 0);
    let text = chromium.read(&app.url("/"), 0);
    assert!(text.contains("<p class=\"big\" id=\"rate\">1.0842</p>"), "{text}");

    answer.lock().unwrap()[0] = "503 Service Unavailable";
    page_when(&app, |page| error(page).is_some());
    chromium.look("scheduling-failing", &app.url("/"), 0);

    let app = App::start("scheduling", &[&format!("http://{}/", dead_address()), "0.5"]);
    page_when(&app, |page| error(page).is_some());
    chromium.look("scheduling-dead", &app.url("/"), 0);
}
