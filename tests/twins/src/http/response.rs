//! [`Response`]: the twin of an async response. What here is written by hand are signatures that async code cannot have.

use std::io::{self, Read, Write};
use std::net::SocketAddr;

use bytes::{Buf, Bytes};
use crochet::Held;
use futures_lite::future;
use http::{Extensions, HeaderMap, StatusCode, Version};
use reqwest::{Error, Result, Url};
use serde::de::DeserializeOwned;

use super::{error, layer};

/// A response, whose body is read as it comes. Dropping it closes the connection if not all of it
/// was read.
#[derive(Debug)]
pub struct Response(pub(super) Held<layer::Response>);

impl Response {
    passed_on! { "Response", self => self.0.inner;
        ref {
            status: StatusCode, headers: &HeaderMap, version: Version, url: &Url,
            extensions: &Extensions, remote_addr: Option<SocketAddr>, content_length: Option<u64>,
        }
        mut { headers_mut: HeaderMap, extensions_mut: Extensions, }
    }

    /// Reads the rest of the body as JSON.
    pub fn json<T: DeserializeOwned>(self) -> Result<T> {
        let url = self.url().clone();
        // A `T` need not be `Send`, so it is made on this thread.
        let body = reqwest::Response::from(http::Response::new(self.bytes()?));
        future::block_on(body.json()).map_err(|error| error.with_url(url))
    }

    /// Copies the rest of the body.
    pub fn copy_to<W: ?Sized + Write>(&mut self, w: &mut W) -> Result<u64> {
        io::copy(self, w).map_err(|failed| match failed.downcast::<Error>() {
            Ok(error) => error,
            Err(failed) => error::decode(failed),
        })
    }

    /// Makes an error of a status that is one.
    pub fn error_for_status_ref(&self) -> Result<&Self> {
        self.0.inner.error_for_status_ref().map(|_| self)
    }
}

impl Read for Response {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        if self.0.rest.is_empty() {
            self.fill().map_err(io::Error::other)?;
        }
        let count = buf.len().min(self.0.rest.len());
        self.0.rest.copy_to_slice(&mut buf[..count]);
        Ok(count)
    }
}

impl<T: Into<reqwest::Body>> From<http::Response<T>> for Response {
    fn from(response: http::Response<T>) -> Self {
        let inner = response.into();
        Self(layer::Response { inner, rest: Bytes::new(), timeout: None }.into())
    }
}
