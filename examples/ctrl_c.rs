//! A long download that Ctrl-C stops cleanly. The program says how far the download got.
//!
//! There are two ways to stop, for two signals. Ctrl-C (`SIGINT`) stops the download: the handler
//! raises a flag, which `crochet::interruptible` checks while `main` waits. `SIGTERM`, which Windows
//! does not have, stops everything: the handler calls `crochet::shutdown`. Either way the download
//! is dropped on the reactor thread, with its socket, and the wait in `main` ends: time to clean up
//! and to report. Without a handler both signals end the program at once, even while a call waits.
//!
//! ```text
//! $ cargo run --example ctrl_c                             # offline: from a slow server that it starts itself
//! downloading; press Ctrl-C to stop
//! ^Cstopped after 1408 KiB
//! $ cargo run --example ctrl_c -- http://example.com/      # from there, without TLS
//! ```
//!
//! After Ctrl-C it exits with 130, as shells expect. Left alone, it takes ten seconds, says
//! `done: 6400 KiB`, and exits with 0. If the download fails, it says why, and exits with 1.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use async_net::TcpStream;
use async_signal::{Signal, Signals};
use futures_lite::{AsyncReadExt, AsyncWriteExt, stream};

/// Reads what `url` refers to, and counts the bytes. Async, and patient.
async fn download(url: String, received: Arc<AtomicU64>) -> io::Result<()> {
    let (host, path) = parse(&url)?;
    let address = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /{path} HTTP/1.0\r\nHost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut buffer = [0; 16 * 1024];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            count => received.fetch_add(count as u64, Ordering::Relaxed),
        };
    }
}

fn parse(url: &str) -> io::Result<(&str, &str)> {
    let rest = url.strip_prefix("http://").filter(|rest| !rest.is_empty());
    let rest = rest.ok_or_else(|| io::Error::other(format!("not an http:// address: {url}")))?;
    Ok(rest.split_once('/').unwrap_or((rest, "")))
}

/// Raised by Ctrl-C.
static STOP: AtomicBool = AtomicBool::new(false);

/// How long the user waits for Ctrl-C to be noticed, at most.
const TICK: Duration = Duration::from_millis(50);

/// What the program handles. Windows has no more than Ctrl-C.
const SIGNALS: &[Signal] = if cfg!(unix) { &[Signal::Int, Signal::Term] } else { &[Signal::Int] };

/// From now on, Ctrl-C raises the flag, and `SIGTERM` shuts the reactor down, whatever it is doing.
fn handle_signals() -> io::Result<()> {
    let signals = Signals::new(SIGNALS)?;
    // A signal handler proper may do next to nothing; this is a thread that is told of signals. It
    // is not a job: a job that holds the reactor would keep it from being told.
    thread::spawn(move || {
        for signal in stream::block_on(signals) {
            if matches!(signal, Ok(Signal::Int)) {
                STOP.store(true, Ordering::Relaxed);
            } else if let Err(late) = crochet::shutdown(Duration::from_secs(1)) {
                eprintln!("{late}");
                std::process::exit(128 + Signal::Term as i32);
            }
        }
    });
    Ok(())
}

/// Starts a server that takes ten seconds for an answer, and returns its address.
fn start_slow_server() -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/", listener.local_addr()?);
    thread::spawn(move || -> io::Result<()> {
        let (mut stream, _) = listener.accept()?;
        // To close it with the request unread would be to reset the connection.
        let request = BufReader::new(&stream).lines();
        request.take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty())).for_each(drop);
        for _ in 0..200 {
            stream.write_all(&[b'.'; 32 * 1024])?;
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    });
    Ok(url)
}

fn run() -> io::Result<ExitCode> {
    let url = env::args_os().nth(1).map(|url| url.to_string_lossy().into_owned());
    let url = url.map_or_else(start_slow_server, Ok)?;
    handle_signals()?;
    let received = Arc::new(AtomicU64::new(0));
    let job = crochet::run_in_reactor({
        let received = Arc::clone(&received);
        move || download(url, received)
    });
    println!("downloading; press Ctrl-C to stop");
    // Once the flag is up, the wait ends, which cancels the job. It may be deep inside a library.
    let check = || if STOP.load(Ordering::Relaxed) { Err("stopped") } else { Ok(()) };
    let ended = crochet::interruptible(TICK, check, || job.into_result(Duration::MAX));
    let kibibytes = received.load(Ordering::Relaxed) / 1024;
    match ended {
        Ok(Ok(())) => println!("done: {kibibytes} KiB"),
        Ok(Err(error)) if !error.is_reactor_stopped() => return Err(error.flatten()),
        Err(_) | Ok(Err(_)) => {
            println!("stopped after {kibibytes} KiB");
            return Ok(ExitCode::from(130));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn main() -> ExitCode {
    run().unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::FAILURE
    })
}
