//! A small HTTP server in blocking code, for this machine only: a thread for each connection, and
//! one request on each.
//!
//! Clients that connect and say nothing cannot bring it down. It has a bound on its connections;
//! when all are taken, a new one takes the place of the oldest that has been silent for a second.
//! When a connection cannot be accepted, because the process has too many files open, it tries
//! again. Requests for another host than this one are refused (`host.rs`).

#![allow(dead_code, reason = "each example uses some of it")]

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::host::is_local;

/// So many connections are open at once.
const CONNECTIONS: usize = 64;
/// When all are taken, a client that has not sent its request after this time makes way for
/// another.
const MOMENT: Duration = Duration::from_secs(1);
/// The head of a request is not longer.
const HEAD_BYTES: usize = 16 * 1024;
/// A client has so long to send its request, or to take a part of the answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// A client has so long to hear that the answer has ended.
const FAREWELL: Duration = Duration::from_secs(1);

/// The head of a request.
pub(crate) struct Request {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
}

/// What a request is answered with.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

pub(crate) struct Server {
    listener: TcpListener,
    address: SocketAddr,
    stopping: AtomicBool,
    open: Mutex<Vec<Connection>>,
}

struct Connection {
    stream: Arc<TcpStream>,
    since: Instant,
    /// Is it this server's turn, not the client's? Then it is not closed in favour of another.
    busy: bool,
}

impl Server {
    /// Opens a port of 127.0.0.1: any, if it is 0.
    pub(crate) fn bind(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, stopping: AtomicBool::new(false), open: Mutex::default() })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests until [`stop`](Self::stop), and then those that have come.
    pub(crate) fn serve(&self, answer: impl Fn(&Request) -> Response + Sync) {
        thread::scope(|scope| {
            while !self.is_stopping() {
                let Ok((stream, _)) = self.listener.accept() else {
                    // Such as too many open files: that passes.
                    thread::sleep(Duration::from_millis(100));
                    continue;
                };
                let stream = Arc::new(stream);
                self.admit(&stream);
                let (connection, answer) = (Arc::clone(&stream), &answer);
                let talk = move || {
                    let _ = self.talk(&connection, answer); // an error is a client that has gone
                    self.forget(&connection);
                };
                if thread::Builder::new().spawn_scoped(scope, talk).is_err() {
                    self.forget(&stream);
                }
            }
            // A request that has not come by now gets no answer.
            self.open().iter().filter(|connection| !connection.busy).for_each(Connection::close);
        });
    }

    /// Has `serve` return.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(self.address)); // which ends the call of `accept`
    }

    fn open(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a new connection when there is room. To make room, closes the oldest connection that
    /// has waited for its client for long enough.
    fn admit(&self, stream: &Arc<TcpStream>) {
        let mut open = self.open();
        while open.len() >= CONNECTIONS {
            let silent = |one: &Connection| !one.busy && one.since.elapsed() >= MOMENT;
            if let Some(oldest) = open.iter().position(silent) {
                open.remove(oldest).close();
            } else {
                drop(open);
                thread::sleep(Duration::from_millis(20));
                open = self.open();
            }
        }
        open.push(Connection { stream: Arc::clone(stream), since: Instant::now(), busy: false });
    }

    fn forget(&self, stream: &Arc<TcpStream>) {
        self.open().retain(|connection| !Arc::ptr_eq(&connection.stream, stream));
    }

    /// Notes whose turn it is on a connection, unless that has been closed in favour of another.
    fn set_busy(&self, stream: &Arc<TcpStream>, busy: bool) -> io::Result<()> {
        let mut open = self.open();
        let connection = open.iter_mut().find(|connection| Arc::ptr_eq(&connection.stream, stream));
        connection.ok_or(io::ErrorKind::ConnectionAborted)?.busy = busy;
        Ok(())
    }

    fn talk(
        &self,
        stream: &Arc<TcpStream>,
        answer: &dyn Fn(&Request) -> Response,
    ) -> io::Result<()> {
        stream.set_write_timeout(Some(PATIENCE))?;
        let head = self.read_head(stream)?;
        self.set_busy(stream, true)?;
        let response = match Request::parse(&head) {
            Some(request) if request.header("host").all(is_local) => answer(&request),
            Some(_) => Response::text(421, "This server is for 127.0.0.1 and localhost only."),
            None => Response::text(400, "This is not HTTP."),
        };
        write(stream, &response)?;
        self.set_busy(stream, false)?;
        // To close it with something unread would be to reset the connection, and the answer might
        // be lost.
        stream.shutdown(Shutdown::Write)?;
        let end = Instant::now() + FAREWELL;
        while read_until(stream, end, &mut [0; 1024])? > 0 {}
        Ok(())
    }

    /// Reads until the empty line that ends the head, until the client says no more, or until the
    /// server stops.
    fn read_head(&self, stream: &TcpStream) -> io::Result<Vec<u8>> {
        let end = Instant::now() + PATIENCE;
        let (mut head, mut piece) = (Vec::new(), [0; 4096]);
        while !head.windows(4).any(|part| part == b"\r\n\r\n") && head.len() < HEAD_BYTES {
            // Where a shutdown of the socket does not wake the thread that reads from it (under
            // Wine), this thread looks for itself.
            match read_until(stream, end.min(Instant::now() + MOMENT), &mut piece) {
                Ok(0) if head.is_empty() => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(0) => break,
                Ok(count) => head.extend_from_slice(&piece[..count]),
                Err(error) if is_timeout(&error) && Instant::now() < end && !self.is_stopping() => {
                }
                Err(error) => return Err(error),
            }
        }
        Ok(head)
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}

impl Connection {
    fn close(&self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

impl Request {
    fn parse(head: &[u8]) -> Option<Self> {
        let mut lines = std::str::from_utf8(head).ok()?.lines();
        let mut words = lines.next()?.split(' ');
        let (method, url, version) = (words.next()?, words.next()?, words.next()?);
        if method.is_empty() || !version.starts_with("HTTP/1.") || words.next().is_some() {
            return None;
        }
        let headers = lines.take_while(|line| !line.is_empty()).map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_owned(), value.trim().to_owned()))
        });
        let headers = headers.collect::<Option<_>>()?;
        Some(Self { method: method.to_owned(), url: url.to_owned(), headers })
    }

    pub(crate) fn method(&self) -> &str {
        &self.method
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The values of a header, which may be there several times.
    pub(crate) fn header(&self, name: &str) -> impl Iterator<Item = &str> {
        let headers = self.headers.iter().filter(move |(key, _)| key.eq_ignore_ascii_case(name));
        headers.map(|(_, value)| value.as_str())
    }
}

impl Response {
    pub(crate) fn text(status: u16, text: &str) -> Self {
        let headers = vec![("Content-Type", "text/plain; charset=utf-8".to_owned())];
        Self { status, headers, body: format!("{text}\n") }
    }
}

/// Reads what there is, and waits for it until `end`.
fn read_until(mut stream: &TcpStream, end: Instant, into: &mut [u8]) -> io::Result<usize> {
    let left = end.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    stream.set_read_timeout(Some(left))?;
    stream.read(into)
}

/// A read timeout has one of two kinds, by the system.
fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)
}

fn write(mut stream: &TcpStream, Response { status, headers, body }: &Response) -> io::Result<()> {
    let reason = match status {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        421 => "Misdirected Request",
        _ => "Something Else",
    };
    let mut text = format!(
        "HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    stream.write_all(format!("{text}\r\n{body}").as_bytes())
}
