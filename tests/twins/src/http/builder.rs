//! [`ClientBuilder`]: the settings of a client.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use reqwest::cookie::CookieStore;
use reqwest::dns::Resolve;
use reqwest::{Proxy, Result, redirect, retry};

use super::{Client, layer};

/// The settings of a client.
#[derive(Debug)]
#[must_use = "it does nothing until a client is made of it: call .build()"]
pub struct ClientBuilder {
    inner: reqwest::ClientBuilder,
    timeout: Option<Duration>,
}

impl ClientBuilder {
    /// Returns the settings of a new client.
    pub fn new() -> Self {
        reqwest::ClientBuilder::new().into()
    }

    /// Makes the client.
    pub fn build(self) -> Result<Client> {
        let inner = crochet::in_context(|| self.inner.build())?;
        Ok(Client(layer::Client { inner, timeout: self.timeout }.into()))
    }

    /// Sets how long each call waits at most: for the response, and for each part of its body.
    /// Without it: 30 seconds.
    pub fn timeout<T: Into<Option<Duration>>>(mut self, timeout: T) -> Self {
        self.timeout = timeout.into();
        self
    }

    /// See [`reqwest::ClientBuilder::connect_timeout`].
    pub fn connect_timeout<T: Into<Option<Duration>>>(mut self, timeout: T) -> Self {
        if let Some(timeout) = timeout.into() {
            self.inner = self.inner.connect_timeout(timeout);
        }
        self
    }

    /// See [`reqwest::ClientBuilder::user_agent`].
    pub fn user_agent<V>(mut self, value: V) -> Self
    where
        V: TryInto<HeaderValue>,
        V::Error: Into<http::Error>,
    {
        self.inner = self.inner.user_agent(value);
        self
    }

    settings! { "ClientBuilder":
        default_headers(headers: HeaderMap); cookie_store(enable: bool);
        cookie_provider(store: Arc<impl CookieStore + 'static>); no_gzip(); no_brotli(); no_zstd();
        no_deflate(); redirect(policy: redirect::Policy); retry(policy: retry::Builder);
        referer(enable: bool); proxy(proxy: Proxy); no_proxy(); connection_verbose(verbose: bool);
        pool_idle_timeout(val: impl Into<Option<Duration>>); pool_max_idle_per_host(max: usize);
        http1_title_case_headers();
        http1_allow_obsolete_multiline_headers_in_responses(value: bool);
        http1_ignore_invalid_headers_in_responses(value: bool);
        http1_allow_spaces_after_header_name_in_responses(value: bool);
        http1_max_headers(max: usize); http1_only(); http09_responses();
        tcp_nodelay(enabled: bool); local_address(addr: impl Into<Option<IpAddr>>);
        tcp_keepalive(val: impl Into<Option<Duration>>);
        tcp_keepalive_interval(val: impl Into<Option<Duration>>);
        tcp_keepalive_retries(retries: impl Into<Option<u32>>); no_hickory_dns();
        https_only(enabled: bool); resolve(domain: &str, addr: SocketAddr);
        resolve_to_addrs(domain: &str, addrs: &[SocketAddr]);
        dns_resolver(resolver: Arc<impl Resolve + 'static>);
    }
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl From<reqwest::ClientBuilder> for ClientBuilder {
    fn from(inner: reqwest::ClientBuilder) -> Self {
        Self { inner, timeout: Some(Duration::from_secs(30)) }
    }
}
