//! A client and a server for the dictionary protocol (RFC 2229), as far as asking for words goes.

use std::cell::Cell;
use std::io::{self, BufRead, ErrorKind, Write};
use std::net::TcpListener;
use std::rc::Rc;
use std::thread;

use async_net::TcpStream;
use futures_lite::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

/// Counted by all parts of a client.
#[derive(Default)]
struct Traffic {
    questions: Cell<u32>,
    connections: Cell<u32>,
}

/// An async client of one server. It is not `Send`.
pub(crate) struct Client {
    server: String,
    idle: Option<Connection>,
    traffic: Rc<Traffic>,
}

impl Client {
    pub(crate) fn new(server: String) -> Self {
        Self { server, idle: None, traffic: Rc::default() }
    }

    /// Returns the meaning of a word, if the server knows it.
    pub(crate) async fn define(&mut self, word: &str) -> io::Result<Option<String>> {
        let mut connection = match self.idle.take() {
            Some(connection) => connection,
            None => Connection::open(&self.server, Rc::clone(&self.traffic)).await?,
        };
        // If this fails, or is dropped at the timeout, the connection is dropped with it. So no
        // answer is taken for that of another question.
        let meaning = connection.define(word).await?;
        self.idle = Some(connection);
        Ok(meaning)
    }

    /// How many questions were asked, and over how many connections.
    pub(crate) fn traffic(&self) -> (u32, u32) {
        (self.traffic.questions.get(), self.traffic.connections.get())
    }
}

struct Connection {
    stream: BufReader<TcpStream>,
    traffic: Rc<Traffic>,
}

impl Connection {
    async fn open(server: &str, traffic: Rc<Traffic>) -> io::Result<Self> {
        let stream = BufReader::new(TcpStream::connect(server).await?);
        traffic.connections.set(traffic.connections.get() + 1);
        let mut connection = Self { stream, traffic };
        match connection.line().await? {
            greeting if greeting.starts_with("220 ") => Ok(connection),
            other => Err(unexpected(&other)),
        }
    }

    async fn define(&mut self, word: &str) -> io::Result<Option<String>> {
        if word.contains(|c: char| c == '"' || c == '\\' || c.is_control()) {
            let text = format!("{word:?} is no word for a dictionary");
            return Err(io::Error::new(ErrorKind::InvalidInput, text));
        }
        self.traffic.questions.set(self.traffic.questions.get() + 1);
        // `!` is the first of the server's dictionaries that knows the word.
        self.stream.write_all(format!("DEFINE ! \"{word}\"\r\n").as_bytes()).await?;
        let status = self.line().await?;
        match status.get(..4) {
            Some("552 ") => return Ok(None),
            Some("150 ") => {}
            _ => return Err(unexpected(&status)),
        }
        let mut meaning = Vec::new();
        loop {
            let status = self.line().await?;
            match status.get(..4) {
                Some("250 ") => return Ok(Some(meaning.join("\n"))),
                Some("151 ") => self.text(&mut meaning).await?,
                _ => return Err(unexpected(&status)),
            }
        }
    }

    /// Reads text up to the line with a single dot. A line that begins with one has it twice.
    async fn text(&mut self, lines: &mut Vec<String>) -> io::Result<()> {
        loop {
            let line = self.line().await?;
            match line.strip_prefix('.') {
                Some("") => return Ok(()),
                Some(rest) => lines.push(rest.to_owned()),
                None => lines.push(line),
            }
        }
    }

    async fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line).await?;
        match line.strip_suffix('\n') {
            Some(line) => Ok(line.trim_end().to_owned()),
            None => {
                Err(io::Error::new(ErrorKind::UnexpectedEof, "the server closed the connection"))
            }
        }
    }
}

fn unexpected(answer: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("unexpected answer: {answer}"))
}

/// The server leaves this one open.
pub(crate) const NEVER_ANSWERED: &str = "eternity";

const WORDS: [(&str, &str); 2] =
    [("knit", "to make cloth of loops of yarn"), ("purl", "to knit with the loops in front")];

/// A small server, blocking, with a thread for each connection.
pub(crate) fn serve(listener: TcpListener) {
    for connection in listener.incoming().map_while(Result::ok) {
        thread::spawn(move || -> io::Result<()> {
            let mut answers = &connection;
            answers.write_all(b"220 a small dictionary\r\n")?;
            for line in io::BufReader::new(&connection).lines() {
                let line = line?;
                let word = line.split('"').nth(1).unwrap_or_default();
                let meaning = WORDS.iter().find(|known| known.0 == word).map(|known| known.1);
                let answer = match meaning {
                    _ if word == NEVER_ANSWERED => continue,
                    Some(meaning) => format!(
                        "150 1 found\r\n151 \"{word}\" small \"A small one\"\r\n{meaning}\r\n.\r\n250 ok\r\n"
                    ),
                    None => "552 no match\r\n".to_owned(),
                };
                answers.write_all(answer.as_bytes())?;
            }
            Ok(())
        });
    }
}
