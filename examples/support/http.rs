//! A small HTTP client, all async: one GET, one answer. It knows nothing of Crochet, and spawns
//! nothing.

#![allow(dead_code, reason = "each example uses some of it")]

use std::error::Error;
use std::fmt::Display;
use std::future::{self, Future, poll_fn};
use std::io;
use std::iter;
use std::pin::Pin;
use std::time::Duration;

use async_io::Timer;
use async_net::TcpStream;
use futures_lite::FutureExt;
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper::header::{HOST, LOCATION, USER_AGENT};
use hyper::{Request, Response, Uri};
use smol_hyper::rt::FuturesIo;

/// No page is longer: what an answer says of its length is not to be relied on.
pub(crate) const MAX_BYTES: usize = 1 << 20;

/// An `http://` address that can be asked for.
#[derive(Clone, Debug)]
pub(crate) struct Url {
    uri: Uri,
    host: String,
    port: u16,
}

/// Reads an address; the error is what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Url, String> {
    let wrong = |why: &dyn Display| format!("{text:?} is not an http:// address: {why}");
    let uri: Uri = text.parse().map_err(|why| wrong(&why))?;
    match uri.scheme_str() {
        Some("http") => {}
        Some("https") => return Err(wrong(&"https needs TLS, which the examples do not speak")),
        _ => return Err(wrong(&"it does not begin with http://")),
    }
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let host = uri.host().unwrap_or_default();
    if host.is_empty() {
        return Err(wrong(&"it names no host"));
    }
    let port = match authority.strip_prefix(host) {
        None => return Err(wrong(&"it has a user name")),
        Some("") => Some(80),
        Some(port) => port[1..].parse().ok().filter(|port| *port != 0),
    };
    let port = port.ok_or_else(|| wrong(&"its port is none"))?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    Ok(Url { host: host.to_owned(), port, uri })
}

/// Reads what `url` refers to. The server has said that this is it: any status but a 2xx is an
/// error.
///
/// It has no timeout; see [`within`]. Dropping it closes the connection.
pub(crate) async fn get(url: &Url) -> io::Result<Vec<u8>> {
    let Url { uri, host, port } = url;
    let connected = TcpStream::connect((host.as_str(), *port)).await;
    let stream = connected.map_err(|error| {
        io::Error::new(error.kind(), format!("cannot connect to {host}, port {port}: {error}"))
    })?;
    let (mut sender, connection) =
        http1::handshake(FuturesIo::new(stream)).await.map_err(broken)?;
    let exchange = async {
        // Its text begins with the slash that an address may lack.
        let path = uri.path_and_query().map_or("/".to_owned(), ToString::to_string);
        let request = Request::get(path)
            .header(HOST, uri.authority().map_or("", |authority| authority.as_str()))
            .header(USER_AGENT, "crochet-example")
            .body(String::new())
            .map_err(io::Error::other)?;
        read(sender.send_request(request).await.map_err(broken)?).await
    };
    // Hyper moves the bytes in a future of its own, which other programs spawn. Here both are
    // polled as one, so dropping that one leaves nothing behind. When the connection has ended,
    // well or not, the exchange knows, and has what came before.
    let connection = async {
        let _ = connection.await;
        future::pending().await
    };
    exchange.or(connection).await
}

async fn read(response: Response<Incoming>) -> io::Result<Vec<u8>> {
    let status = response.status();
    if !status.is_success() {
        let to = response.headers().get(LOCATION).map_or(String::new(), |location| {
            format!(", and refers to {}", String::from_utf8_lossy(location.as_bytes()))
        });
        return Err(io::Error::other(format!("the server answered {status}{to}")));
    }
    let mut body = response.into_body();
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        // A frame that is no data is the trailers.
        let data = frame.map_err(broken)?.into_data().unwrap_or_default();
        if bytes.len() + data.len() > MAX_BYTES {
            let text = format!("the page is longer than {} KiB", MAX_BYTES / 1024);
            return Err(io::Error::other(text));
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

/// Hyper's errors have what happened in their sources.
fn broken(error: hyper::Error) -> io::Error {
    let causes = iter::successors(Some(&error as &dyn Error), |&error| error.source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    io::Error::other(format!("the server's answer is broken: {}", causes.join(": ")))
}

/// What `work` returns, or an error if that is not there within `limit`. Then `work` has been
/// dropped.
pub(crate) async fn within<T>(
    limit: Duration,
    work: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    let late = async {
        Timer::after(limit).await;
        Err(io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {limit:?}")))
    };
    work.or(late).await
}
