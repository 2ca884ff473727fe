//! Errors of reqwest's own type for what its async client does not report. They have no public
//! constructors, but the client makes them of what is given to it.

use std::io;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use futures_lite::{future, stream};
use http_body_util::BodyExt;
use reqwest::dns::{Name, Resolve, Resolving};
use reqwest::{Client, Error, Response};

/// A body that fails.
fn failing(error: io::Error) -> reqwest::Body {
    reqwest::Body::wrap_stream(stream::once(Err::<Bytes, _>(error)))
}

/// The error of a request whose body cannot be read.
pub(super) fn body(error: io::Error) -> Error {
    let mut body = failing(error);
    future::block_on(body.frame()).expect("it is not at its end").expect_err("it fails")
}

/// The error of a response that cannot be read.
pub(super) fn decode(error: io::Error) -> Error {
    let mut response = Response::from(http::Response::new(failing(error)));
    future::block_on(response.chunk()).expect_err("its body fails")
}

/// What a wait for a response fails with.
pub(super) fn late_request(error: crochet::Error) -> Error {
    if !error.is_timeout() {
        return decode(error.into());
    }
    // A request that is late, too: it never finds out where to send itself to.
    let late = async { NOWHERE.get("http://nowhere.invalid").timeout(Duration::ZERO).send().await };
    crochet::in_context(|| future::block_on(late)).expect_err("there is no such host")
}

static NOWHERE: LazyLock<Client> = LazyLock::new(|| {
    let client = Client::builder().no_proxy().dns_resolver(Arc::new(Nowhere)).build();
    client.expect("a client without TLS needs nothing of the system")
});

struct Nowhere;

impl Resolve for Nowhere {
    fn resolve(&self, _name: Name) -> Resolving {
        Box::pin(future::pending())
    }
}
