//! A server of a line protocol, on a port of its own on loopback: a request is one line, on a
//! connection of its own.
//!
//! | request | answer |
//! |---|---|
//! | `echo TEXT` | the text |
//! | `slow SECONDS TEXT` | the text, after so many seconds |
//! | `count N MILLISECONDS` | the numbers from 1 to N, each after so many milliseconds |
//! | anything else | nothing, and the connection stays open |

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

pub(crate) struct LineServer {
    pub(crate) address: SocketAddr,
    open: Arc<Open>,
}

/// How many connections are open, and how many there have been.
#[derive(Default)]
struct Open {
    counts: Mutex<(usize, usize)>,
    changed: Condvar,
}

impl LineServer {
    pub(crate) fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let open = Arc::new(Open::default());
        let counted = Arc::clone(&open);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                counted.count(|(open, all)| (open + 1, all + 1));
                let counted = Arc::clone(&counted);
                thread::spawn(move || {
                    // A client that goes away is nothing to report.
                    let _ = answer(stream);
                    counted.count(|(open, all)| (open - 1, all));
                });
            }
        });
        Ok(Self { address, open })
    }

    /// Blocks until `holds` of how many connections are open and how many have been made; false if
    /// that takes longer than `limit`.
    pub(crate) fn wait_until(&self, holds: impl Fn(usize, usize) -> bool, limit: Duration) -> bool {
        let counts = self.open.counts.lock().unwrap();
        let goes_on = |counts: &mut (usize, usize)| !holds(counts.0, counts.1);
        let woken = self.open.changed.wait_timeout_while(counts, limit, goes_on);
        !woken.unwrap().1.timed_out()
    }
}

impl Open {
    fn count(&self, change: impl FnOnce((usize, usize)) -> (usize, usize)) {
        let mut counts = self.counts.lock().unwrap();
        *counts = change(*counts);
        self.changed.notify_all();
    }
}

fn answer(mut stream: TcpStream) -> io::Result<()> {
    let mut request = String::new();
    BufReader::new(stream.try_clone()?).read_line(&mut request)?;
    let request = request.trim_end();
    let (name, rest) = request.split_once(' ').unwrap_or((request, ""));
    let (first, last) = rest.split_once(' ').unwrap_or((rest, ""));
    match name {
        "echo" => writeln!(stream, "{rest}")?,
        "slow" => {
            thread::sleep(Duration::from_secs_f64(first.parse().unwrap_or(0.0)));
            writeln!(stream, "{last}")?;
        }
        "count" => {
            for number in 1..=first.parse().unwrap_or(0_u64) {
                thread::sleep(Duration::from_millis(last.parse().unwrap_or(0)));
                writeln!(stream, "{number}")?;
            }
        }
        // Until the client closes the connection.
        _ => drop(stream.read(&mut [0])?),
    }
    Ok(())
}
