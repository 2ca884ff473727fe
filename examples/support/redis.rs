//! A small async client for Redis, and its blocking twin: [`Connection`] and [`Pipeline`] are
//! async, [`blocking::Connection`] and [`blocking::Pipeline`] are not.
//!
//! The protocol is RESP, version 2. All that this crate has to do with it is one attribute on each
//! `impl`, and the conversion of its error.

use std::{fmt, io};

use async_net::TcpStream;
use futures_lite::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use futures_lite::{Stream, stream};

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Error {
    /// The connection failed, or the answer was late.
    Io(io::Error),
    /// The server refused the command.
    Refused(String),
    /// An earlier command was given up before its answer came, so that answers no longer belong to
    /// commands.
    OutOfStep,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Refused(text) => f.write_str(text),
            Self::OutOfStep => f.write_str("an answer is still on its way: connect again"),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// What the twin needs: a timeout is an `io::Error` of that kind.
impl From<crochet::Error> for Error {
    fn from(error: crochet::Error) -> Self {
        Self::Io(error.into())
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Nothing,
    Number(i64),
    Text(String),
    List(Vec<Value>),
}

impl Value {
    fn into_text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// A connection to a server.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    /// How many answers are still to come.
    expected: usize,
}

/// Commands that are sent together.
#[derive(Debug)]
pub(crate) struct Pipeline<'a> {
    connection: &'a mut Connection,
    commands: Vec<u8>,
    len: usize,
}

/// The same, for programs that are not async.
pub(crate) mod blocking {
    /// A connection to a server, which waits for its answers.
    #[derive(Debug)]
    pub(crate) struct Connection(pub(super) super::Connection);

    /// Commands that are sent together.
    #[derive(Debug)]
    pub(crate) struct Pipeline<'a>(pub(super) super::Pipeline<'a>);
}

#[crochet::blocking(as = blocking::Connection, timeout = 5.0, types(Pipeline as blocking::Pipeline))]
impl Connection {
    /// Connects to a server, as in `localhost:6379`.
    pub(crate) async fn connect(address: &str) -> Result<Self> {
        let stream = BufReader::new(TcpStream::connect(address).await?);
        let mut connection = Self { stream, expected: 0 };
        connection.call(&["PING"]).await?;
        Ok(connection)
    }

    /// Returns the value of a key, if it has one.
    ///
    /// # Examples
    ///
    /// ```ignore
    /// let yarn = connection.get("yarn").await?;
    /// ```
    pub(crate) async fn get(&mut self, key: &str) -> Result<Option<String>> {
        Ok(self.call(&["GET", key]).await?.into_text())
    }

    /// Gives a key a value.
    pub(crate) async fn set(&mut self, key: &str, value: &str) -> Result<()> {
        self.call(&["SET", key, value]).await.map(drop)
    }

    /// Takes the first item of a list, and waits until there is one.
    #[blocking(timeout = 0.2)]
    pub(crate) async fn pop(&mut self, list: &str) -> Result<Value> {
        self.call(&["BLPOP", list, "0"]).await
    }

    /// Sends a message to all that have subscribed to a channel, and returns how many they are.
    pub(crate) async fn publish(&mut self, channel: &str, message: &str) -> Result<Value> {
        self.call(&["PUBLISH", channel, message]).await
    }

    /// Subscribes to a channel: the messages come as a stream.
    pub(crate) async fn subscribe(
        mut self,
        channel: &str,
    ) -> Result<impl Stream<Item = Result<String>> + Send> {
        self.call(&["SUBSCRIBE", channel]).await?;
        Ok(stream::try_unfold(self, |mut connection| async {
            match connection.answer().await? {
                Value::List(mut parts) => {
                    let message = parts.pop().and_then(Value::into_text);
                    Ok(message.map(|message| (message, connection)))
                }
                _ => Ok(None),
            }
        }))
    }

    /// Starts to collect commands, which [`Pipeline::run`] sends together.
    pub(crate) fn pipeline(&mut self) -> Pipeline<'_> {
        Pipeline { connection: self, commands: Vec::new(), len: 0 }
    }

    /// Sends a command, and awaits its answer.
    async fn call(&mut self, command: &[&str]) -> Result<Value> {
        let mut bytes = Vec::new();
        encode(command, &mut bytes);
        self.send(&bytes, 1).await?;
        self.answer().await
    }

    async fn send(&mut self, commands: &[u8], answers: usize) -> Result<()> {
        if self.expected > 0 {
            return Err(Error::OutOfStep);
        }
        self.expected = answers;
        Ok(self.stream.get_mut().write_all(commands).await?)
    }

    /// Awaits one answer, with all its parts.
    async fn answer(&mut self) -> Result<Value> {
        let mut answer = self.part().await;
        if let Ok(Value::List(parts)) = &mut answer {
            for part in parts {
                *part = self.part().await?;
            }
        }
        self.expected = self.expected.saturating_sub(1);
        answer
    }

    /// Awaits a value; of a list, only its length.
    async fn part(&mut self) -> Result<Value> {
        let mut line = String::new();
        self.stream.read_line(&mut line).await?;
        let Some((kind, rest)) =
            line.strip_suffix("\r\n").and_then(|line| line.split_at_checked(1))
        else {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        };
        let invalid = || io::Error::from(io::ErrorKind::InvalidData);
        let number = || rest.parse().map_err(|_| invalid());
        match kind {
            "+" => Ok(Value::Text(rest.to_owned())),
            "-" => Err(Error::Refused(rest.to_owned())),
            ":" => Ok(Value::Number(number()?)),
            "$" | "*" => match (kind, usize::try_from(number()?)) {
                (_, Err(_)) => Ok(Value::Nothing),
                ("$", Ok(len)) => {
                    let mut bytes = vec![0; len + "\r\n".len()];
                    self.stream.read_exact(&mut bytes).await?;
                    bytes.truncate(len);
                    Ok(Value::Text(String::from_utf8_lossy(&bytes).into_owned()))
                }
                (_, Ok(len)) => Ok(Value::List(vec![Value::Nothing; len])),
            },
            _ => Err(invalid().into()),
        }
    }
}

#[crochet::blocking(as = blocking::Pipeline<'_>, timeout = 5.0)]
impl Pipeline<'_> {
    /// Adds a command.
    pub(crate) fn add(&mut self, command: &[&str]) {
        encode(command, &mut self.commands);
        self.len += 1;
    }

    /// Sends the commands, and returns their answers.
    pub(crate) async fn run(self) -> Result<Vec<Value>> {
        let Self { connection, commands, len } = self;
        connection.send(&commands, len).await?;
        let mut answers = Vec::new();
        for _ in 0..len {
            answers.push(connection.answer().await?);
        }
        Ok(answers)
    }
}

/// Writes a command as RESP has it: a list of texts.
fn encode(command: &[&str], to: &mut Vec<u8>) {
    to.extend(format!("*{}\r\n", command.len()).bytes());
    for part in command {
        to.extend(format!("${}\r\n{part}\r\n", part.len()).bytes());
    }
}
