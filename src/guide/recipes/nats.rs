use std::time::Duration;

use async_nats::client::FlushError;
use async_nats::{Client, ConnectError, Message, PublishError, RequestError, SubscribeError};
use bytes::Bytes;
use crochet::{Error, Held, wait_for, wait_for_wrapped};

/// Clones share one connection.
#[derive(Clone, Debug)]
pub struct Nats {
    client: Held<Client>,
    timeout: Duration,
}

impl Nats {
    /// Connects; blocks until that is done.
    pub fn connect(url: &str, timeout: Duration) -> Result<Self, Error<ConnectError>> {
        let client = wait_for_wrapped(timeout, async { async_nats::connect(url).await })?;
        Ok(Self { client: client.into(), timeout })
    }

    /// Publishes a message; blocks only while 2048 of them wait to be sent.
    #[wait_for(timeout = self.timeout, error = wrap)]
    pub async fn publish(&self, subject: &str, text: &str) -> Result<(), PublishError> {
        self.client.publish(subject.to_owned(), text.to_owned().into()).await
    }

    /// Blocks until what is published is sent.
    #[wait_for(timeout = self.timeout, error = wrap)]
    pub async fn flush(&self) -> Result<(), FlushError> {
        self.client.flush().await
    }

    /// Asks the subject's subscribers, and blocks until one has answered.
    #[wait_for(timeout = self.timeout, error = wrap)]
    pub async fn ask(&self, subject: &str, text: &str) -> Result<Bytes, RequestError> {
        let answer = self.client.request(subject.to_owned(), text.to_owned().into());
        Ok(answer.await?.payload)
    }

    /// Subscribes, and returns the messages; each `next` blocks.
    pub fn messages(
        &self,
        subject: &str,
    ) -> Result<impl Iterator<Item = Result<Message, Error>> + use<>, Error<SubscribeError>> {
        let messages = wait_for_wrapped(self.timeout, async {
            self.client.subscribe(subject.to_owned()).await
        })?;
        Ok(crochet::iter(messages).timeout(self.timeout))
    }
}
