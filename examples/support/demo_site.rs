//! A web site on loopback for the examples.

use std::io;
use std::thread;

use super::server::{Response, Server};

/// Starts a site on a port that is free, and returns its address without the last slash. For each
/// request `answer` is called with the path, on a thread of its own, and returns the page, or
/// `None` if there is none.
pub(crate) fn start(
    answer: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
) -> io::Result<String> {
    let server = Server::bind(0)?;
    let url = format!("http://{}", server.address());
    thread::Builder::new().name("demo-site".to_owned()).spawn(move || {
        server.serve(|request| match answer(request.url()) {
            Some(body) => Response { status: 200, headers: Vec::new(), body },
            None => Response { status: 404, headers: Vec::new(), body: String::new() },
        });
    })?;
    Ok(url)
}
