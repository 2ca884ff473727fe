//! An async client that cannot leave its thread, behind a plain blocking client for all threads.
//!
//! `dict` is async, knows nothing of crochet, and is made for one thread, as some libraries are:
//! its parts share data through `Rc`. `Dictionary` keeps it in an `InReactor`, and offers methods
//! that block, a timeout, and `io::Error`s. The protocol is that of dictionary servers, RFC 2229.
//!
//! ```text
//! $ cargo run --example dictionary                               # asks a server that it starts itself
//! knit: to make cloth of loops of yarn
//! purl: to knit with the loops in front
//! frob: no such word
//! 3 threads asked 3 questions over 1 connection
//! a word that takes too long: TimedOut; the next one: found, over connection 2
//! $ cargo run --example dictionary -- dict.org:2628 purl          # asks another one
//! ```
//!
//! If a question fails, it says why, and exits with 1.

#[path = "support/dict.rs"]
mod dict;

use std::net::TcpListener;
use std::process::ExitCode;
use std::time::Duration;
use std::{env, io, thread};

use crochet::InReactor;
use dict::Client;

/// What the users get.
struct Dictionary {
    client: InReactor<Client>,
    timeout: Duration,
}

impl Dictionary {
    fn new(server: String, timeout: Duration) -> io::Result<Self> {
        // Making this client awaits nothing, but it must happen on the thread where the client
        // stays.
        let client = InReactor::new(timeout, || async { io::Result::Ok(Client::new(server)) })?;
        Ok(Self { client, timeout })
    }

    fn define(&self, word: &str) -> io::Result<Option<String>> {
        let word = word.to_owned();
        self.client.with(self.timeout, async move |client| client.define(&word).await)
    }

    /// How many questions it has asked, and over how many connections.
    fn traffic(&self) -> io::Result<(u32, u32)> {
        self.client.with(self.timeout, async |client| Ok(client.traffic()))
    }
}

/// Asks for all words at once, each on a thread of its own.
fn ask(dictionary: &Dictionary, words: &[&str]) -> io::Result<()> {
    let answers: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> =
            words.iter().map(|word| scope.spawn(|| dictionary.define(word))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no thread panics")).collect()
    });
    for (word, answer) in words.iter().zip(answers) {
        println!("{word}: {}", answer?.as_deref().unwrap_or("no such word"));
    }
    Ok(())
}

fn run() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [server, words @ ..] = &arguments[..] {
        let dictionary = Dictionary::new(server.clone(), Duration::from_secs(10))?;
        return ask(&dictionary, &words.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let server = start_server()?;
    let dictionary = Dictionary::new(server.clone(), Duration::from_secs(10))?;
    let words = ["knit", "purl", "frob"];
    ask(&dictionary, &words)?;
    let (asked, over) = dictionary.traffic()?;
    println!("{} threads asked {asked} questions over {over} connection", words.len());

    let hasty = Dictionary { timeout: Duration::from_millis(200), ..dictionary };
    let late = hasty.define(dict::NEVER_ANSWERED).expect_err("there is no answer");
    let patient = Dictionary { timeout: Duration::from_secs(10), ..hasty };
    let found = if patient.define("knit")?.is_some() { "found" } else { "not found" };
    let (kind, (_, over)) = (late.kind(), patient.traffic()?);
    println!("a word that takes too long: {kind:?}; the next one: {found}, over connection {over}");
    Ok(())
}

fn start_server() -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(|| dict::serve(listener));
    Ok(address.to_string())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
