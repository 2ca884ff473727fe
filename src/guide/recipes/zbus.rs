use std::time::Duration;

use crochet::{Error, Held, wait_for, wait_for_wrapped};
use zbus::connection::Builder;
use zbus::fdo::{DBusProxy, NameOwnerChanged};

/// A connection to a message bus.
#[derive(Clone, Debug)]
pub struct Bus {
    connection: Held<zbus::Connection>,
    timeout: Duration,
}

impl Bus {
    /// Connects to the bus at an address (`Connection::session()` knows that of the session's);
    /// blocks until that is done.
    pub fn connect(address: &str, timeout: Duration) -> Result<Self, Error<zbus::Error>> {
        let connect = async { Builder::address(address).build().await };
        Ok(Self { connection: wait_for_wrapped(timeout, connect)?.into(), timeout })
    }

    /// Calls a method that takes and returns a text; blocks until the answer is here.
    #[wait_for(timeout = self.timeout, error = wrap)]
    pub async fn call(
        &self,
        (service, path, interface): (&str, &str, &str),
        method: &str,
        argument: &str,
    ) -> zbus::Result<String> {
        let connection = &self.connection;
        let call = connection.call_method(Some(service), path, Some(interface), method, &argument);
        call.await?.body().deserialize()
    }

    /// Which programs come to the bus, and leave it; each `next` blocks until one does.
    pub fn comings_and_goings(
        &self,
    ) -> Result<impl Iterator<Item = Result<NameOwnerChanged, Error>> + use<>, Error<zbus::Error>>
    {
        let signals = wait_for_wrapped(self.timeout, async {
            let bus = DBusProxy::new(&self.connection).await?;
            bus.receive_name_owner_changed().await
        })?;
        Ok(crochet::iter(signals).timeout(self.timeout))
    }
}
