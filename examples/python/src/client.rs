//! The client itself, in async Rust: it knows neither Python nor crochet.
//!
//! A request is one line on a connection of its own. The server answers with one line, or with
//! many.

use std::io;

use async_net::TcpStream;
use futures_lite::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use futures_lite::{Stream, StreamExt};

/// Asks for all lines of an answer.
///
/// # Panics
///
/// If the request is not one line.
pub(crate) fn follow(
    server: String,
    request: String,
) -> impl Stream<Item = io::Result<String>> + Send {
    assert!(!request.contains('\n'), "a request is one line, not {request:?}");
    futures_lite::stream::once_future(async move {
        let mut stream = TcpStream::connect(server).await?;
        stream.write_all(format!("{request}\n").as_bytes()).await?;
        io::Result::Ok(BufReader::new(stream).lines())
    })
    .map(|lines| match lines {
        Ok(lines) => lines.boxed(),
        Err(error) => futures_lite::stream::once(Err(error)).boxed(),
    })
    .flatten()
}

/// Asks for the first line of an answer.
///
/// # Panics
///
/// If the request is not one line.
pub(crate) async fn ask(server: String, request: String) -> io::Result<String> {
    let first = std::pin::pin!(follow(server, request)).next().await;
    first.unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()))
}
