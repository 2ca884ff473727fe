use std::time::Duration;

use crochet::{Error, Held, wait_for, wait_for_wrapped};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

type Failure = Box<tungstenite::Error>;

/// Asks questions over a websocket.
#[derive(Debug)]
pub struct Questions {
    socket: Held<WebSocketStream<MaybeTlsStream<TcpStream>>>,
    timeout: Duration,
}

impl Questions {
    /// Connects; blocks until that is done.
    pub fn connect(url: &str, timeout: Duration) -> Result<Self, Error<Failure>> {
        let connect = async { connect_async(url).await.map_err(Box::new) };
        let (socket, _response) = wait_for_wrapped(timeout, connect)?;
        Ok(Self { socket: socket.into(), timeout })
    }

    /// Sets how long each of the other methods waits at most.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Sends a question; blocks until the next text is here. After a timeout, the answer to *that*
    /// question is the next text.
    #[wait_for(timeout = self.timeout, error = wrap)]
    pub async fn ask(&mut self, question: &str) -> Result<String, Failure> {
        self.socket.send(Message::text(question)).await?;
        while let Some(message) = self.socket.next().await {
            if let Message::Text(text) = message? {
                return Ok(text.to_string());
            }
        }
        Err(tungstenite::Error::ConnectionClosed.into())
    }

    /// What comes, until the other side closes; each `next` blocks.
    pub fn messages(
        &mut self,
    ) -> impl Iterator<Item = Result<tungstenite::Result<Message>, Error>> {
        crochet::iter(&mut *self.socket).timeout(self.timeout)
    }

    /// Says goodbye, which dropping it does not; blocks until that is sent.
    #[wait_for(timeout = self.timeout, error = wrap)]
    pub async fn close(mut self) -> Result<(), Failure> {
        Ok(self.socket.close(None).await?)
    }
}
