use std::time::Duration;

use async_stream::try_stream;
use crochet::{Error, Held, wait_for, wait_for_wrapped};
use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, RedisError, RedisResult};

/// Clones share one connection, so each thread may have its own.
#[derive(Clone, Debug)]
pub struct Cache {
    client: redis::Client,
    connection: Held<MultiplexedConnection>,
    timeout: Duration,
}

impl Cache {
    /// Connects; blocks until that is done.
    pub fn connect(url: &str, timeout: Duration) -> Result<Self, Error<RedisError>> {
        let client = redis::Client::open(url).map_err(Error::Job)?;
        let connection = wait_for_wrapped(timeout, client.get_multiplexed_async_connection())?;
        Ok(Self { client, connection: connection.into(), timeout })
    }

    /// Asks for one value; blocks.
    #[wait_for(timeout = self.timeout, error = wrap)]
    pub async fn get(&self, key: &str) -> RedisResult<Option<String>> {
        MultiplexedConnection::clone(&self.connection).get(key).await
    }

    /// Sets one value; blocks.
    #[wait_for(timeout = self.timeout, error = wrap)]
    pub async fn set(&self, key: &str, value: &str) -> RedisResult<()> {
        MultiplexedConnection::clone(&self.connection).set(key, value).await
    }

    /// The values of many keys, asked for ahead of the iterator. That needs a stream that borrows
    /// nothing, so the stream has the keys, and a clone of the connection (or of the pool).
    pub fn values(
        &self,
        keys: Vec<String>,
    ) -> impl Iterator<Item = Result<RedisResult<Option<String>>, Error>> + use<> {
        let mut connection = MultiplexedConnection::clone(&self.connection);
        let values = try_stream! {
            for key in keys {
                let value: Option<String> = connection.get(key).await?;
                yield value;
            }
        };
        crochet::iter(values).timeout(self.timeout).read_ahead(16)
    }

    /// Subscribes, and returns the messages; each `next` blocks until there is one.
    pub fn messages(
        &self,
        channel: &str,
    ) -> Result<impl Iterator<Item = Result<redis::Msg, Error>> + use<>, Error<RedisError>> {
        let messages = wait_for_wrapped(self.timeout, async {
            let mut subscription = self.client.get_async_pubsub().await?;
            subscription.subscribe(channel).await?;
            Ok(subscription.into_on_message())
        })?;
        Ok(crochet::iter(messages).timeout(self.timeout))
    }
}
