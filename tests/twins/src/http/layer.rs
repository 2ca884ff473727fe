//! The async API that the blocking one is made from.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{Result, cookie};

use super::{Request, error};

/// An async client, and how long each call of its twin waits.
#[derive(Clone, Debug)]
pub struct Client {
    pub(super) inner: reqwest::Client,
    pub(super) timeout: Option<Duration>,
}

impl Client {
    /// How long to wait for the response to a request: its own timeout goes before the client's.
    pub(super) fn timeout(&self, request: &Request) -> Option<Duration> {
        request.timeout().copied().or(self.timeout)
    }
}

#[crochet::blocking(
    as = super::Client,
    timeout = self.0.timeout(&request).unwrap_or(Duration::MAX),
    error = error::late_request,
    types(Response as super::Response),
)]
impl Client {
    /// Sends a request, and waits for the response's headers.
    pub(super) async fn run(&self, request: Request) -> Result<Response> {
        let timeout = self.timeout(&request);
        let (request, failure) = request.into_async();
        match self.inner.execute(request).await {
            Ok(inner) => Ok(Response { inner, rest: Bytes::new(), timeout }),
            // The client knows only that there is no more of the body.
            Err(error) => {
                Err(failure.and_then(|failure| failure.try_recv().ok()).map_or(error, error::body))
            }
        }
    }
}

/// An async response.
#[derive(Debug)]
pub struct Response {
    pub(super) inner: reqwest::Response,
    /// What has come of the body, and has not been read.
    pub(super) rest: Bytes,
    pub(super) timeout: Option<Duration>,
}

#[crochet::blocking(
    as = super::Response,
    timeout = self.0.timeout.unwrap_or(Duration::MAX),
    error = |error: crochet::Error| error::decode(error.into()),
)]
impl Response {
    /// The cookies that the server sets, without those that cannot be understood.
    pub fn cookies<'a>(&'a self) -> impl Iterator<Item = cookie::Cookie<'a>> + 'a {
        self.inner.cookies()
    }

    /// Makes an error of a status that is one.
    pub fn error_for_status(self) -> Result<Self> {
        let Self { inner, rest, timeout } = self;
        Ok(Self { inner: inner.error_for_status()?, rest, timeout })
    }

    /// Reads the rest of the body.
    pub async fn bytes(self) -> Result<Bytes> {
        let rest = self.inner.bytes().await?;
        Ok(if self.rest.is_empty() { rest } else { [self.rest, rest].concat().into() })
    }

    /// Reads the rest of the body as text. What is not UTF-8 is replaced.
    pub async fn text(self) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.bytes().await?).into_owned())
    }

    /// Receives the next part of the body, if all before it has been read; it is empty at the end.
    pub(super) async fn fill(&mut self) -> Result<()> {
        while self.rest.is_empty() {
            match self.inner.chunk().await? {
                Some(chunk) => self.rest = chunk,
                None => break,
            }
        }
        Ok(())
    }
}
