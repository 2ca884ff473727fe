//! A synchronous web app that shows a rate which a job in the background refreshes.
//!
//! Ordinary blocking threads make the pages. They show the latest rate, and never wait for the
//! server that it comes from: one job, a loop, asks that server every few seconds. `ExchangeRate`
//! owns the job and what it has found out; to the rest of the program it is a plain object.
//!
//! ```text
//! $ cargo run --example scheduling                     # offline: asks a server that it starts itself
//! asking http://127.0.0.1:40431/rate every 2s
//! open http://127.0.0.1:36519/ in a browser; press Ctrl-C to stop
//! ^Cstopped; updates: 17
//! $ cargo run --example scheduling -- http://example.com/rate.csv 30   # asks there, every 30 seconds
//! $ cargo run --example scheduling -- --port 8000                      # always at the same address
//! ```
//!
//! The rate is the first number in the server's answer, such as `EUR/USD,1.0842` or
//! `{"rate": 1.0842}`. Without a number, or without an answer, the page says so and goes on showing
//! the previous rate. After Ctrl-C the program exits with 130.
//!
//! The original in Python's Crochet is `examples/scheduling.py`.

mod support {
    pub(crate) mod demo_site;
    pub(crate) mod host;
    pub(crate) mod http;
    pub(crate) mod server;
    pub(crate) mod web;
}

use std::convert::Infallible;
use std::io;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_io::Timer;
use crochet::{EventualResult, run_in_reactor};

use support::demo_site;
use support::http::{self, Url};
use support::web::{self, Failure, Program, Reply, escape};

/// Patience with the server, if the next update is not due earlier.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is known of the rate.
#[derive(Clone, Default)]
struct Latest {
    /// As the server has it.
    rate: Option<String>,
    updated: Option<SystemTime>,
    updates: u64,
    /// What went wrong since.
    error: Option<String>,
}

/// A rate that is refreshed in the background until this is dropped. Nothing here blocks.
struct ExchangeRate {
    latest: Arc<Mutex<Latest>>,
    job: EventualResult<Infallible, io::Error>,
}

impl ExchangeRate {
    fn start(url: Url, interval: Duration) -> Self {
        let latest = Arc::default();
        let job = keep_fresh(Arc::clone(&latest), url, interval);
        Self { latest, job }
    }

    fn latest(&self) -> Latest {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for ExchangeRate {
    fn drop(&mut self) {
        self.job.cancel();
    }
}

/// The only code that is async: asks for the rate, and again after `interval`, for ever.
#[run_in_reactor]
async fn keep_fresh(
    latest: Arc<Mutex<Latest>>,
    url: Url,
    interval: Duration,
) -> io::Result<Infallible> {
    loop {
        let next = Timer::after(interval);
        let answer = http::within(interval.min(PATIENCE), http::get(&url)).await;
        latest.lock().unwrap_or_else(PoisonError::into_inner).take_in(answer);
        next.await;
    }
}

impl Latest {
    fn take_in(&mut self, answer: io::Result<Vec<u8>>) {
        match answer.and_then(|page| parse(&String::from_utf8_lossy(&page))) {
            Ok(rate) => {
                self.rate = Some(rate);
                self.updated = Some(SystemTime::now());
                self.updates += 1;
                self.error = None;
            }
            Err(error) => self.error = Some(error.to_string()),
        }
    }

    fn page(&self, source: &str, interval: Duration) -> String {
        let rate = escape(self.rate.as_deref().unwrap_or("no rate yet"));
        let mut body = format!("<p class=\"big\" id=\"rate\">{rate}</p>\n");
        if let Some(updated) = self.updated {
            let age = updated.elapsed().unwrap_or_default().as_secs();
            let time = time_of_day(updated);
            body += &format!("<p class=\"small\">updated at {time} UTC, {age} s ago</p>\n");
        }
        if let Some(error) = &self.error {
            body += &format!("<p class=\"bad\">The last update failed: {}.</p>\n", escape(error));
        }
        body += &format!("<p class=\"small\">from {}, every {interval:?}</p>", escape(source));
        web::page("Exchange rate", Some(interval.as_secs().clamp(1, 10)), &body)
    }
}

/// Finds the first number in a text: CSV, JSON and the number alone will do.
fn parse(text: &str) -> io::Result<String> {
    let is_number = |word: &&str| {
        word.parse().is_ok_and(f64::is_finite) && word.ends_with(|end: char| end.is_ascii_digit())
    };
    let mut words = text.split(|c: char| !(c.is_alphanumeric() || ".+-".contains(c)));
    words
        .find(is_number)
        .map(str::to_owned)
        .ok_or_else(|| io::Error::other("there is no number in the server's answer"))
}

fn time_of_day(time: SystemTime) -> String {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    format!("{:02}:{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)
}

/// Starts a server whose rate is never the same.
fn start_demo_site() -> io::Result<String> {
    let asked = AtomicU32::new(0);
    let site = demo_site::start(move |_| {
        let rate = 1.08 + 0.02 * f64::from(asked.fetch_add(1, Ordering::Relaxed)).sin();
        Some(format!("EUR/USD,{rate:.4}\n"))
    })?;
    Ok(format!("{site}/rate"))
}

fn parse_interval(text: &str) -> Option<Duration> {
    let interval = Duration::try_from_secs_f64(text.parse().ok()?).ok()?;
    (Duration::from_millis(100)..=Duration::from_secs(86_400))
        .contains(&interval)
        .then_some(interval)
}

fn app(args: &[String], port: u16) -> Result<(), Failure> {
    let source = args.first().cloned().map_or_else(start_demo_site, Ok)?;
    let url = http::parse(&source).map_err(Failure::Args)?;
    let interval = args.get(1).map_or("2", String::as_str);
    let interval = parse_interval(interval).ok_or_else(|| {
        Failure::Args(format!("{interval:?} is not a number of seconds from 0.1 to 86400"))
    })?;

    web::say(&format!("asking {source} every {interval:?}"))?;
    let exchange_rate = ExchangeRate::start(url, interval);
    web::serve(port, |request| match request.url() {
        "/" => Reply::ok(exchange_rate.latest().page(&source, interval)),
        _ => Reply::not_found(),
    })?;
    Ok(web::say(&format!("stopped; updates: {}", exchange_rate.latest().updates))?)
}

fn main() -> ExitCode {
    let program = Program {
        name: "scheduling",
        about: "Shows a rate in a web app, and refreshes it in the background every SECONDS (2).",
        usage: "[URL [SECONDS]]",
        args: 2,
    };
    web::main(&program, app)
}
