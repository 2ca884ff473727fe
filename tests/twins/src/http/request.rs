//! [`Request`] and [`RequestBuilder`]: reqwest's, with a body that may be a reader.

use std::fmt::Display;
use std::time::Duration;

use http::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Version};
use reqwest::{Result, Url};
use serde::Serialize;

use super::body::Failure;
use super::{Body, Client, Response};

/// A request.
#[derive(Debug)]
pub struct Request {
    inner: reqwest::Request,
    body: Option<Body>,
}

impl Request {
    /// Makes a request.
    pub fn new(method: Method, url: Url) -> Self {
        Self { inner: reqwest::Request::new(method, url), body: None }
    }

    passed_on! { "Request", self => self.inner;
        ref {
            method: &Method, url: &Url, headers: &HeaderMap, version: Version,
            timeout: Option<&Duration>,
        }
        mut {
            method_mut: Method, url_mut: Url, headers_mut: HeaderMap, version_mut: Version,
            timeout_mut: Option<Duration>,
        }
    }

    /// The body.
    pub fn body(&self) -> Option<&Body> {
        self.body.as_ref()
    }

    /// The body, to change it.
    pub fn body_mut(&mut self) -> &mut Option<Body> {
        &mut self.body
    }

    /// Clones the request, unless its body is a reader.
    pub fn try_clone(&self) -> Option<Self> {
        let body = Body::try_clone(&self.body)?;
        Some(Self { inner: self.inner.try_clone()?, body })
    }

    pub(super) fn into_async(mut self) -> (reqwest::Request, Option<Failure>) {
        let Some(body) = self.body else { return (self.inner, None) };
        let (body, len, failure) = body.into_async();
        if let Some(len) = len {
            self.inner.headers_mut().insert(CONTENT_LENGTH, len.into());
        }
        *self.inner.body_mut() = Some(body);
        (self.inner, Some(failure))
    }
}

/// A request and the client that is to send it.
#[derive(Debug)]
#[must_use = "it does nothing until it is sent: call .send()"]
pub struct RequestBuilder {
    client: Client,
    inner: reqwest::RequestBuilder,
    body: Option<Body>,
}

impl RequestBuilder {
    pub(super) fn new(client: Client, inner: reqwest::RequestBuilder) -> Self {
        Self { client, inner, body: None }
    }

    /// Has a client send a request.
    pub fn from_parts(client: Client, request: Request) -> Self {
        let inner = reqwest::RequestBuilder::from_parts(client.0.inner.clone(), request.inner);
        Self { client, inner, body: request.body }
    }

    /// Adds a header.
    pub fn header<K, V>(mut self, key: K, value: V) -> Self
    where
        HeaderName: TryFrom<K>,
        HeaderValue: TryFrom<V>,
        <HeaderName as TryFrom<K>>::Error: Into<http::Error>,
        <HeaderValue as TryFrom<V>>::Error: Into<http::Error>,
    {
        self.inner = self.inner.header(key, value);
        self
    }

    settings! { "RequestBuilder":
        headers(headers: HeaderMap); timeout(timeout: Duration); version(version: Version);
        basic_auth(username: impl Display, password: Option<impl Display>);
        bearer_auth(token: impl Display);
    }

    /// Sets the body.
    pub fn body<T: Into<Body>>(mut self, body: T) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sends a value as JSON.
    pub fn json<T: Serialize + ?Sized>(mut self, json: &T) -> Self {
        self.body = None;
        self.inner = self.inner.json(json);
        self
    }

    /// Returns the request.
    pub fn build(self) -> Result<Request> {
        self.build_split().1
    }

    /// Returns the client and the request.
    pub fn build_split(self) -> (Client, Result<Request>) {
        let request = self.inner.build().map(|mut inner| {
            let json = inner.body_mut().take();
            let json =
                json.and_then(|body| body.as_bytes().map(|bytes| Body::from(bytes.to_vec())));
            Request { inner, body: self.body.or(json) }
        });
        (self.client, request)
    }

    /// Sends the request, and blocks until the response's headers are there.
    pub fn send(self) -> Result<Response> {
        let (client, request) = self.build_split();
        client.execute(request?)
    }

    /// Clones the request, unless its body is a reader.
    pub fn try_clone(&self) -> Option<Self> {
        let body = Body::try_clone(&self.body)?;
        Some(Self { client: self.client.clone(), inner: self.inner.try_clone()?, body })
    }
}
