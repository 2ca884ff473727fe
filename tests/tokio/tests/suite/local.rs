//! The recipe for programs of the same machine: Unix sockets, and named pipes on Windows.

use std::io::{self, ErrorKind};
use std::thread;
use std::time::Duration;

use crochet::{EventualResult, run_in_reactor, wait_for};
use crochet_tokio_tests::local::ask;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};

use crate::support::{LONG, limit};

/// A name that no other run has.
fn name(what: &str) -> String {
    let name = format!("crochet-{}-{what}", std::process::id());
    if cfg!(windows) {
        format!(r"\\.\pipe\{name}")
    } else {
        std::env::temp_dir().join(name).to_str().unwrap().to_owned()
    }
}

/// Answers one client: its line, in capitals. Of silence it says nothing, until the client is gone.
async fn answer(stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    if line == "silence\n" {
        assert_eq!(stream.read_line(&mut line).await.unwrap_or(0), 0);
        return Ok(());
    }
    stream.write_all(line.to_uppercase().as_bytes()).await?;
    // A pipe that is closed loses what has not been read: until the client is gone.
    let _ = stream.read_line(&mut line).await;
    Ok(())
}

/// Answers so many clients, one after the other, so that the next one has to wait.
#[cfg(unix)]
fn serve(name: &str, clients: usize) -> EventualResult<(), io::Error> {
    let path = name.to_owned();
    let listen = async { tokio::net::UnixListener::bind(name) };
    let listener = wait_for(LONG, listen).unwrap();
    run_in_reactor(move || async move {
        for _ in 0..clients {
            answer(listener.accept().await?.0).await?;
        }
        std::fs::remove_file(path)
    })
}

#[cfg(windows)]
fn serve(name: &str, clients: usize) -> EventualResult<(), io::Error> {
    use tokio::net::windows::named_pipe::ServerOptions;

    let name = name.to_owned();
    let create = async { ServerOptions::new().first_pipe_instance(true).create(&name) };
    let mut next = wait_for(LONG, create).unwrap();
    run_in_reactor(move || async move {
        for _ in 0..clients {
            next.connect().await?;
            // There is always an instance, so that the name exists.
            let connected = std::mem::replace(&mut next, ServerOptions::new().create(&name)?);
            answer(connected).await?;
        }
        Ok(())
    })
}

#[test]
fn a_line_is_answered_also_where_clients_wait_for_each_other() {
    let _limit = limit(LONG);
    let name = name("answers");
    let server = serve(&name, 4);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(ask(&name, "wool", LONG).unwrap(), "WOOL\n"));
        }
    });
    server.join(LONG).unwrap();
}

#[test]
fn a_timeout_closes_the_connection() {
    let _limit = limit(LONG);
    let name = name("silence");
    let server = serve(&name, 1);
    let late = ask(&name, "silence", Duration::from_millis(200)).unwrap_err();
    assert_eq!(late.kind(), ErrorKind::TimedOut);
    // Which the server sees.
    server.join(LONG).unwrap();
}

#[test]
fn a_server_that_is_not_there_is_an_error() {
    let _limit = limit(LONG);
    assert_eq!(ask(&name("nobody"), "wool", LONG).unwrap_err().kind(), ErrorKind::NotFound);
}
