use std::io;
use std::time::Duration;

use crochet::wait_for;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

/// `name` is the path of a Unix socket.
#[cfg(unix)]
async fn connect(name: &str) -> io::Result<tokio::net::UnixStream> {
    tokio::net::UnixStream::connect(name).await
}

/// `name` is that of a named pipe, such as `\\.\pipe\wool`.
#[cfg(windows)]
async fn connect(name: &str) -> io::Result<tokio::net::windows::named_pipe::NamedPipeClient> {
    const ERROR_PIPE_BUSY: i32 = 231;

    loop {
        match tokio::net::windows::named_pipe::ClientOptions::new().open(name) {
            // All instances of the server are taken: there is no queue, as a socket has one.
            Err(error) if error.raw_os_error() == Some(ERROR_PIPE_BUSY) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            opened => return opened,
        }
    }
}

/// Sends a line to a program of this machine; blocks until it has answered with a line.
pub fn ask(name: &str, question: &str, timeout: Duration) -> io::Result<String> {
    wait_for(timeout, async {
        let mut stream = BufReader::new(connect(name).await?);
        stream.write_all(format!("{question}\n").as_bytes()).await?;
        let mut answer = String::new();
        stream.read_line(&mut answer).await?;
        Ok(answer)
    })
}
