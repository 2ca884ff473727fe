use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crochet::{Error, Held, in_context, wait_for};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;

/// Asks one name server. Clones share the connections and the cache.
#[derive(Clone)]
pub struct Names {
    resolver: Held<TokioResolver>,
    timeout: Duration,
}

impl Names {
    /// Makes the resolver; does not block. (`TokioResolver::builder_tokio()` takes the servers of
    /// the system.)
    pub fn of(server: SocketAddr, timeout: Duration) -> Result<Self, Error<NetError>> {
        let mut server_config = NameServerConfig::udp(server.ip());
        for connection in &mut server_config.connections {
            connection.port = server.port();
        }
        let config = ResolverConfig::from_name_servers(vec![server_config]);
        let provider = TokioRuntimeProvider::default();
        let builder = TokioResolver::builder_with_config(config, provider);
        let resolver = in_context(|| builder.build()).map_err(Error::Job)?;
        Ok(Self { resolver: resolver.into(), timeout })
    }

    /// Asks for the addresses of a name; blocks until they are here.
    #[wait_for(timeout = self.timeout, error = wrap)]
    pub async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, NetError> {
        Ok(self.resolver.lookup_ip(name).await?.iter().collect())
    }
}
