//! [`Client`]: the twin of the async client.

use crochet::Held;
use reqwest::{IntoUrl, Method, Result};

use super::{ClientBuilder, Request, RequestBuilder, Response, layer};

/// A client that blocks. Its clones share their connections.
#[derive(Clone, Debug)]
pub struct Client(pub(super) Held<layer::Client>);

/// Sends a `GET` request by a client of its own, and blocks until the response is there.
pub fn get<T: IntoUrl>(url: T) -> Result<Response> {
    Client::builder().build()?.get(url).send()
}

macro_rules! shortcuts {
    ($($name:ident $method:ident,)*) => { $(
        #[doc = concat!("Starts a `", stringify!($method), "` request.")]
        pub fn $name<U: IntoUrl>(&self, url: U) -> RequestBuilder {
            self.request(Method::$method, url)
        }
    )* };
}

impl Client {
    /// Makes a client.
    ///
    /// # Panics
    ///
    /// If there is no access to what the system has for it; [`builder`](Self::builder) reports
    /// that.
    pub fn new() -> Self {
        ClientBuilder::new().build().expect("Client::new()")
    }

    /// Returns the settings of a new client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    shortcuts! { get GET, post POST, put PUT, patch PATCH, delete DELETE, head HEAD, }

    /// Starts a request.
    pub fn request<U: IntoUrl>(&self, method: Method, url: U) -> RequestBuilder {
        RequestBuilder::new(self.clone(), self.0.inner.request(method, url))
    }

    /// Sends a request, and blocks until the response's headers are there.
    pub fn execute(&self, request: Request) -> Result<Response> {
        let url = request.url().clone();
        self.run(request).map_err(|error| error.with_url(url))
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}
