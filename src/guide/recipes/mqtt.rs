use std::time::Duration;

use async_stream::try_stream;
use crochet::{Error, wait_for};
use rumqttc::{
    AsyncClient, ClientError, ConnectionError, Event, MqttOptions, Packet, Publish, QoS,
};

/// Publishes and subscribes. Clones share one connection.
#[derive(Clone, Debug)]
pub struct Client {
    client: AsyncClient,
    timeout: Duration,
}

/// Starts to connect, and returns the client and its messages; does not block.
///
/// `read_ahead` makes a job of rumqttc's event loop, which sends what the client publishes and
/// keeps the connection alive, whether or not the program is in `next`. That goes on until 64
/// messages wait to be taken, or the iterator is dropped, which closes the connection.
pub fn connect(
    options: MqttOptions,
    timeout: Duration,
) -> (Client, impl Iterator<Item = Result<Result<Publish, ConnectionError>, Error>>) {
    let (client, mut event_loop) = AsyncClient::new(options, 16);
    let messages = try_stream! {
        loop {
            if let Event::Incoming(Packet::Publish(message)) = event_loop.poll().await? {
                yield message;
            }
        }
    };
    (Client { client, timeout }, crochet::iter(messages).timeout(timeout).read_ahead(64))
}

impl Client {
    /// Asks for the messages of a topic; blocks while 16 requests wait to be sent.
    #[wait_for(timeout = self.timeout, error = wrap)]
    pub async fn subscribe(&self, topic: &str) -> Result<(), ClientError> {
        self.client.subscribe(topic, QoS::AtLeastOnce).await
    }

    /// Publishes a message; blocks as `subscribe` does, but not until the broker has it.
    #[wait_for(timeout = self.timeout, error = wrap)]
    pub async fn publish(&self, topic: &str, text: &str) -> Result<(), ClientError> {
        self.client.publish(topic, QoS::AtLeastOnce, false, text).await
    }

    /// Says goodbye. Without it, the broker publishes the client's last will.
    #[wait_for(timeout = self.timeout, error = wrap)]
    pub async fn disconnect(self) -> Result<(), ClientError> {
        self.client.disconnect().await
    }
}
