//! A small synchronous client library that hides crochet: its users see `&self` methods, a timeout
//! for each client and `io::Error`s, and no reactor. Several threads may use one client at once.
//!
//! ```text
//! cargo run --example drop_in               # against a server that it starts itself
//! cargo run --example drop_in HOST:PORT     # against another one
//! ```
//!
//! It prints
//!
//! ```text
//! colour: None, then Some("blue")
//! eight threads: ok
//! a server that does not answer: TimedOut
//! ```
//!
//! or one line that says what is wrong with the server, and exits with 1.
//!
//! The server keeps texts under names. The protocol is a line each way: `set NAME TEXT` gives `ok`,
//! `get NAME` gives `is TEXT` or `none`. `crochet::guide` explains the three layers.

use std::net::TcpListener;
use std::process::ExitCode;
use std::time::Duration;
use std::{env, io, thread};

/// The library. Its users see what is `pub` in here.
mod store {
    #![expect(unreachable_pub, reason = "it would be a crate of its own")]

    use std::io::{self, ErrorKind};
    use std::sync::{Mutex, PoisonError};
    use std::time::Duration;

    use async_net::TcpStream;
    use crochet::wait_for;
    use futures_lite::io::{AsyncBufRead, AsyncBufReadExt, AsyncWrite, AsyncWriteExt, BufReader};

    /// A client of one server. Its methods block, for the client's timeout at the most.
    pub struct Client {
        server: String,
        timeout: Duration,
        /// Connections that are not in use at the moment.
        idle: Mutex<Vec<BufReader<TcpStream>>>,
    }

    impl Client {
        /// Makes a client for the server at `HOST:PORT`. Nothing is sent yet.
        pub fn new(server: impl Into<String>, timeout: Duration) -> Self {
            Self { server: server.into(), timeout, idle: Mutex::default() }
        }

        /// Returns the text that is kept under `name`.
        pub fn get(&self, name: &str) -> io::Result<Option<String>> {
            parse_text(&self.ask(&format!("get {name}"))?)
        }

        /// Keeps a text under `name`.
        pub fn set(&self, name: &str, text: &str) -> io::Result<()> {
            parse_ok(&self.ask(&format!("set {name} {text}"))?)
        }

        /// The line between async and blocking code, and the only function with an attribute.
        #[wait_for(timeout = self.timeout)]
        async fn ask(&self, request: &str) -> io::Result<String> {
            let idle = self.idle().pop();
            let mut connection = match idle {
                Some(connection) => connection,
                None => self.connect().await?,
            };
            // If this fails, or is dropped at the timeout, the connection is dropped with it. So no
            // answer is taken for that of another question.
            let answer = exchange(&mut connection, request).await?;
            self.idle().push(connection);
            Ok(answer)
        }

        async fn connect(&self) -> io::Result<BufReader<TcpStream>> {
            let stream = TcpStream::connect(&*self.server).await.map_err(|error| {
                let text = format!("cannot reach the server {}: {error}", self.server);
                io::Error::new(error.kind(), text)
            })?;
            Ok(BufReader::new(stream))
        }

        fn idle(&self) -> std::sync::MutexGuard<'_, Vec<BufReader<TcpStream>>> {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    /// Async, and unaware of crochet: a test can give it a pipe.
    async fn exchange<C>(connection: &mut C, request: &str) -> io::Result<String>
    where
        C: AsyncBufRead + AsyncWrite + Unpin,
    {
        connection.write_all(format!("{request}\n").as_bytes()).await?;
        let mut answer = String::new();
        connection.read_line(&mut answer).await?;
        match answer.strip_suffix('\n') {
            Some(answer) => Ok(answer.to_owned()),
            None => Err(ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Plain.
    fn parse_text(answer: &str) -> io::Result<Option<String>> {
        match answer.strip_prefix("is ") {
            Some(text) => Ok(Some(text.to_owned())),
            None if answer == "none" => Ok(None),
            None => Err(ErrorKind::InvalidData.into()),
        }
    }

    fn parse_ok(answer: &str) -> io::Result<()> {
        if answer == "ok" { Ok(()) } else { Err(ErrorKind::InvalidData.into()) }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn answers_are_parsed() {
            assert_eq!(parse_text("is blue").unwrap().as_deref(), Some("blue"));
            assert_eq!(parse_text("none").unwrap(), None);
            assert_eq!(parse_text("what?").unwrap_err().kind(), ErrorKind::InvalidData);
            assert_eq!(parse_ok("no").unwrap_err().kind(), ErrorKind::InvalidData);
        }

        /// The original of the one function with an attribute, without the reactor and its timeout.
        #[test]
        fn asking_needs_no_reactor() {
            let client = Client::new(super::super::serve().unwrap(), Duration::ZERO);
            let answer = async_io::block_on(client.ask_async("get nothing")).unwrap();
            assert_eq!(answer, "none");
        }
    }
}

/// The server, blocking, with a thread for each connection. Returns its address.
fn serve() -> io::Result<String> {
    use std::collections::HashMap;
    use std::io::{BufRead, BufReader, Write};
    use std::sync::{Arc, Mutex, PoisonError};

    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    let texts = Arc::new(Mutex::new(HashMap::new()));
    thread::spawn(move || {
        for connection in listener.incoming().map_while(Result::ok) {
            let texts = Arc::clone(&texts);
            thread::spawn(move || -> io::Result<()> {
                for line in BufReader::new(&connection).lines() {
                    let line = line?;
                    let mut texts = texts.lock().unwrap_or_else(PoisonError::into_inner);
                    let words: Vec<_> = line.splitn(3, ' ').map(str::to_owned).collect();
                    let answer = match &words[..] {
                        [set, name, text] if set == "set" => {
                            texts.insert(name.clone(), text.clone());
                            "ok".to_owned()
                        }
                        [get, name] if get == "get" => {
                            texts.get(name).map_or("none".to_owned(), |text| format!("is {text}"))
                        }
                        _ => "what?".to_owned(),
                    };
                    (&connection).write_all(format!("{answer}\n").as_bytes())?;
                }
                Ok(())
            });
        }
    });
    Ok(address)
}

/// The program: it knows the library, and not what is inside.
fn main() -> ExitCode {
    let server = env::args_os().nth(1).map(|server| server.to_string_lossy().into_owned());
    match server.map_or_else(serve, Ok).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(server: String) -> io::Result<()> {
    let client = store::Client::new(server, Duration::from_secs(5));
    let before = client.get("colour")?;
    client.set("colour", "blue")?;
    println!("colour: {before:?}, then {:?}", client.get("colour")?);

    thread::scope(|scope| {
        let threads = [0; 8].map(|_| scope.spawn(|| client.get("colour")));
        threads.into_iter().try_for_each(|thread| {
            let colour = thread.join().expect("no thread panics")?;
            assert_eq!(colour.as_deref(), Some("blue"));
            io::Result::Ok(())
        })
    })?;
    println!("eight threads: ok");

    let silent = TcpListener::bind("127.0.0.1:0")?;
    let impatient = store::Client::new(silent.local_addr()?.to_string(), Duration::from_millis(50));
    let late = impatient.get("colour").expect_err("the server does not answer");
    println!("a server that does not answer: {:?}", late.kind());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_its_own_timeout_and_plain_errors() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = silent.local_addr().unwrap().to_string();
        let client = store::Client::new(server, Duration::from_millis(10));
        assert_eq!(client.set("a", "b").unwrap_err().kind(), io::ErrorKind::TimedOut);
        let client = store::Client::new("127.0.0.1:1", Duration::from_secs(60));
        let error = client.get("a").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        let text = error.to_string();
        assert!(text.starts_with("cannot reach the server 127.0.0.1:1: "), "{text}");
    }

    #[test]
    fn the_program_runs() -> io::Result<()> {
        run(serve()?)
    }
}
