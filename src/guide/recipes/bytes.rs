use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use crochet::io::Blocking;
use crochet::wait_for;
use futures_util::{Stream, TryStreamExt};
use tokio::net::TcpStream;
use tokio_util::compat::TokioAsyncReadCompatExt;
use tokio_util::io::StreamReader;

/// tokio's `AsyncRead` and `AsyncWrite` as `Read` and `Write`: through `compat()`.
pub fn connect(server: SocketAddr, timeout: Duration) -> io::Result<impl BufRead + Write> {
    let stream = wait_for(timeout, async { TcpStream::connect(server).await })?;
    let stream = Blocking::new(tokio::io::BufReader::new(stream).compat());
    Ok(stream.with_timeout(timeout))
}

/// A stream of chunks as `Read`: it needs no tokio.
pub fn read_chunks<S>(chunks: S, timeout: Duration) -> impl BufRead
where
    S: Stream<Item = io::Result<Bytes>> + Unpin + Send,
{
    Blocking::new(chunks.into_async_read()).with_timeout(timeout)
}

/// The same for a stream that a library has made tokio's `AsyncRead` already.
pub fn read_stream<S>(chunks: S, timeout: Duration) -> impl Read
where
    S: Stream<Item = io::Result<Bytes>> + Unpin + Send,
{
    BufReader::new(Blocking::new(StreamReader::new(chunks).compat()).with_timeout(timeout))
}
