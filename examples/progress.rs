//! A download in the background, and a progress bar that `main` draws in the meantime.
//!
//! `main` waits for a tenth of a second, draws, and waits again: a timed-out `wait` leaves the job
//! running. The job only counts, because writing to a terminal may block, and jobs must not. Ctrl-C
//! cancels the job, and the next `wait` returns when the job has been dropped, with its socket.
//!
//! ```text
//! $ cargo run --example progress                            # offline: from a slow server that it starts itself
//! ███████████████▏                50% 3.12 MiB of 6.25 MiB, 1.25 MiB/s
//! stopped after 3328 KiB
//! $ cargo run --example progress -- http://example.com/     # from there, without TLS
//! ```
//!
//! Left alone, it says `done: 6400 KiB` after five seconds. After Ctrl-C it exits with 130, as
//! shells expect. If the download fails, it says why, and exits with 1. Where standard error is no
//! terminal, there is no bar.

#[path = "support/get.rs"]
mod get;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use std::{env, io, process, thread};

use async_signal::{Signal, Signals};
use crochet::EventualResult;
use futures_lite::stream;
use indicatif::{ProgressBar, ProgressStyle};

/// How far the download is; the job counts, `main` looks.
#[derive(Default)]
struct Progress {
    received: AtomicU64,
    /// Zero as long as it is not known.
    total: AtomicU64,
}

/// Starts the download.
fn start(url: String) -> (EventualResult<(), io::Error>, Arc<Progress>) {
    let progress = Arc::new(Progress::default());
    let counters = Arc::clone(&progress);
    let job = crochet::run_in_reactor(move || async move {
        let Progress { received, total } = &*counters;
        let length = |bytes| total.store(bytes, Ordering::Relaxed);
        let piece = |bytes: &[u8]| {
            received.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        };
        get::get(&url, length, piece).await
    });
    (job, progress)
}

/// A flag that Ctrl-C raises; the second Ctrl-C ends the program at once.
fn ctrl_c() -> io::Result<Arc<AtomicBool>> {
    let pressed = Arc::new(AtomicBool::new(false));
    let raised = Arc::clone(&pressed);
    let presses = Signals::new([Signal::Int])?;
    thread::spawn(move || {
        for _ in stream::block_on(presses) {
            if raised.swap(true, Ordering::Relaxed) {
                process::exit(130);
            }
        }
    });
    Ok(pressed)
}

/// A bar; or the count and the rate alone, until it is known how much there is to come.
fn draw(bar: &ProgressBar, progress: &Progress) {
    let total = progress.total.load(Ordering::Relaxed);
    if total > 0 && bar.length().is_none() {
        let of =
            "{bar:30} {percent:>3}% {binary_bytes} of {binary_total_bytes}, {binary_bytes_per_sec}";
        bar.set_style(style(of).progress_chars("█▉▊▋▌▍▎▏ "));
        bar.set_length(total);
    }
    bar.set_position(progress.received.load(Ordering::Relaxed));
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is well formed")
}

fn run() -> io::Result<ExitCode> {
    let url = env::args().nth(1).map_or_else(get::start_slow_server, Ok)?;
    let pressed = ctrl_c()?;
    let (job, progress) = start(url);
    let bar = ProgressBar::no_length().with_style(style("{binary_bytes}, {binary_bytes_per_sec}"));
    let ended = loop {
        match job.wait(Duration::from_millis(100)) {
            Err(late) if late.is_timeout() => draw(&bar, &progress),
            ended => break ended,
        }
        if pressed.load(Ordering::Relaxed) {
            job.cancel();
        }
    };
    draw(&bar, &progress);
    if ended.is_ok() {
        bar.abandon();
    } else {
        bar.finish_and_clear(); // What Ctrl-C leaves on the screen is the bar before.
    }
    let kibibytes = progress.received.load(Ordering::Relaxed) / 1024;
    match ended {
        Ok(()) => println!("done: {kibibytes} KiB"),
        Err(error) if error.is_cancelled() => {
            println!("stopped after {kibibytes} KiB");
            return Ok(ExitCode::from(130));
        }
        Err(error) => return Err(io::Error::other(error.to_string())),
    }
    Ok(ExitCode::SUCCESS)
}

fn main() -> ExitCode {
    run().unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::FAILURE
    })
}
