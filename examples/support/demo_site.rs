//! A web site on loopback for the examples.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::thread;

use tiny_http::{Response, Server};

/// Starts a site on a port that is free, and returns its address without the last slash. For each request
/// `answer` is called with the path, on a thread of its own, and returns the page, or `None` if there is none.
pub(crate) fn start(
    answer: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
) -> io::Result<String> {
    let server = Server::http((Ipv4Addr::LOCALHOST, 0)).map_err(io::Error::other)?;
    let url = format!("http://{}", server.server_addr());
    let answer = Arc::new(answer);
    thread::Builder::new().name("demo-site".to_owned()).spawn(move || {
        for request in server.incoming_requests() {
            let answer = Arc::clone(&answer);
            thread::spawn(move || {
                let page = answer(request.url());
                let status = if page.is_some() { 200 } else { 404 };
                let response = Response::from_string(page.unwrap_or_default());
                // A client that has gone has cancelled its download.
                let _ = request.respond(response.with_status_code(status));
            });
        }
    })?;
    Ok(url)
}
