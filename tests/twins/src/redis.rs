//! `redis`, on tokio: commands, pipelines, subscriptions.

use std::io;

use futures_lite::{Stream, StreamExt};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, FromRedisValue, Pipeline, RedisError, RedisResult};

/// The address of a server.
#[derive(Clone, Debug)]
pub struct Client(redis::Client);

/// A connection. Its clones share it.
#[derive(Clone)]
pub struct Connection(MultiplexedConnection);

/// The same, for programs that are not async.
pub mod blocking {
    use crochet::Held;

    /// The address of a server, for calls that block.
    #[derive(Clone, Debug)]
    pub struct Client(pub(super) super::Client);

    /// A connection that blocks.
    #[derive(Clone, Debug)]
    pub struct Connection(pub(super) Held<super::Connection>);
}

/// The error of a wait: one of the connection.
fn late(error: crochet::Error) -> RedisError {
    io::Error::from(error).into()
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

#[crochet::blocking(
    as = blocking::Client,
    timeout = 10.0,
    error = late,
    types(Connection as blocking::Connection),
)]
impl Client {
    /// Takes a server's address, as in `redis://localhost`.
    pub fn open(url: &str) -> RedisResult<Self> {
        redis::Client::open(url).map(Self)
    }

    /// Connects to the server.
    pub async fn connect(&self) -> RedisResult<Connection> {
        // How long an answer may take is for the twin to say.
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let connection = self.0.get_multiplexed_async_connection_with_config(&config);
        connection.await.map(Connection)
    }

    /// Subscribes to a channel, over a connection of its own: the messages come as a stream.
    pub async fn subscribe(
        &self,
        channel: &str,
    ) -> RedisResult<impl Stream<Item = RedisResult<String>> + Send + use<>> {
        let mut messages = self.0.get_async_pubsub().await?;
        messages.subscribe(channel).await?;
        Ok(messages.into_on_message().map(|message| message.get_payload()))
    }
}

#[crochet::blocking(as = blocking::Connection, timeout = 10.0, error = late)]
impl Connection {
    /// Sends a command, and returns its answer.
    pub async fn query<T: FromRedisValue + Send>(&mut self, command: &Cmd) -> RedisResult<T> {
        command.query_async(&mut self.0).await
    }

    /// Sends several commands at once, and returns their answers.
    pub async fn query_all<T: FromRedisValue + Send>(
        &mut self,
        commands: &Pipeline,
    ) -> RedisResult<T> {
        commands.query_async(&mut self.0).await
    }

    /// Takes the first item of a list, and waits until there is one; its twin not for long.
    #[blocking(timeout = 0.1)]
    pub async fn pop(&mut self, list: &str) -> RedisResult<(String, String)> {
        redis::cmd("BLPOP").arg(list).arg(0).query_async(&mut self.0).await
    }
}
