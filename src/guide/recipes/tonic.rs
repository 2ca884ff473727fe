use std::time::Duration;

use crochet::{Error, Held, in_context, wait_for, wait_for_wrapped};
use tonic::Status;
use tonic::transport::{self, Channel, Endpoint};
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

type State = Result<HealthCheckResponse, Status>;

/// Asks a server about its health. `HealthClient` stands for any generated client.
#[derive(Clone, Debug)]
pub struct Health {
    client: Held<HealthClient<Channel>>,
    timeout: Duration,
}

impl Health {
    /// Makes the client, which connects when it has to; does not block.
    pub fn at(url: &str, timeout: Duration) -> Result<Self, Error<transport::Error>> {
        let endpoint = Endpoint::from_shared(url.to_owned()).map_err(Error::Job)?;
        let channel = in_context(|| endpoint.connect_lazy()); // starts a task
        Ok(Self { client: HealthClient::new(channel).into(), timeout })
    }

    /// A call takes `&mut self`, and clones share the channel: so each call has a clone.
    fn client(&self) -> HealthClient<Channel> {
        HealthClient::clone(&self.client)
    }

    /// Asks for the state of a service; blocks.
    #[wait_for(timeout = self.timeout, error = wrap)]
    pub async fn check(&self, service: &str) -> Result<HealthCheckResponse, Box<Status>> {
        let request = HealthCheckRequest { service: service.to_owned() };
        Ok(self.client().check(request).await?.into_inner())
    }

    /// The states of a service, now and whenever it changes; each `next` blocks.
    pub fn watch(
        &self,
        service: &str,
    ) -> Result<impl Iterator<Item = Result<State, Error>> + use<>, Error<Box<Status>>> {
        let request = HealthCheckRequest { service: service.to_owned() };
        let answer =
            wait_for_wrapped(self.timeout, async { Ok(self.client().watch(request).await?) })?;
        Ok(crochet::iter(answer.into_inner()).timeout(self.timeout))
    }
}
