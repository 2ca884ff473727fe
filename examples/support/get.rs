//! One HTTP request, as plain as can be: HTTP/1.0, no TLS, no redirects; and a server that is slow
//! to answer it.

use std::io::{self, BufRead, ErrorKind, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use async_net::TcpStream;
use futures_lite::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

/// Reads what `url` refers to, and gives it to `piece` as it comes. Before, it tells `length` how
/// much there will be, if the server knows. Async, and patient.
pub(crate) async fn get(
    url: &str,
    length: impl FnOnce(u64),
    mut piece: impl FnMut(&[u8]),
) -> io::Result<()> {
    let (host, path) = parse(url)?;
    let address = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
    let mut stream = BufReader::new(TcpStream::connect(address).await?);
    let request = format!("GET /{path} HTTP/1.0\r\nHost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;

    let status = line(&mut stream).await?;
    match status.split_once(' ') {
        Some((_, ok)) if ok.starts_with('2') => {}
        Some((_, other)) => return Err(io::Error::other(format!("the server answered {other}"))),
        None => return Err(io::Error::new(ErrorKind::InvalidData, "this is not HTTP")),
    }
    let mut expected = None;
    loop {
        let header = line(&mut stream).await?;
        match header.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                expected = value.trim().parse().ok();
            }
            _ if header.is_empty() => break,
            _ => {}
        }
    }
    if let Some(bytes) = expected {
        length(bytes);
    }
    let mut received = 0;
    loop {
        let bytes = stream.fill_buf().await?;
        let count = bytes.len();
        if count == 0 {
            break;
        }
        piece(bytes);
        stream.consume(count);
        received += count as u64;
    }
    match expected {
        Some(expected) if received < expected => {
            let text = format!("the server sent {received} of {expected} bytes");
            Err(io::Error::new(ErrorKind::UnexpectedEof, text))
        }
        _ => Ok(()),
    }
}

async fn line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    line.strip_suffix('\n')
        .map(|line| line.trim_end().to_owned())
        .ok_or_else(|| io::Error::new(ErrorKind::UnexpectedEof, "the server closed the connection"))
}

fn parse(url: &str) -> io::Result<(&str, &str)> {
    let rest = url.strip_prefix("http://").filter(|rest| !rest.is_empty());
    let rest = rest.ok_or_else(|| io::Error::other(format!("not an http:// address: {url}")))?;
    Ok(rest.split_once('/').unwrap_or((rest, "")))
}

/// Starts a server that takes five seconds for 6400 KiB, and returns its address.
pub(crate) fn start_slow_server() -> io::Result<String> {
    const PIECE: &[u8] = &[b'.'; 32 * 1024];
    const PIECES: usize = 200;

    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/", listener.local_addr()?);
    thread::spawn(move || -> io::Result<()> {
        let (mut stream, _) = listener.accept()?;
        // To close it with the request unread would be to reset the connection.
        let request = io::BufReader::new(&stream).lines();
        request.take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty())).for_each(drop);
        write!(stream, "HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n", PIECES * PIECE.len())?;
        for _ in 0..PIECES {
            stream.write_all(PIECE)?;
            thread::sleep(Duration::from_millis(25));
        }
        Ok(())
    });
    Ok(url)
}
