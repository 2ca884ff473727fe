//! [`Body`]: what is sent, from memory or from a reader.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::sync::mpsc;

use bytes::Bytes;
use futures_lite::stream;
use reqwest::Result;

use super::error;

/// The body of a request.
#[derive(Debug)]
pub struct Body(Kind);

enum Kind {
    Bytes(Bytes),
    Reader(Box<dyn Read + Send>, Option<u64>),
}

/// How the reader of a body has failed while it was sent.
pub(super) type Failure = mpsc::Receiver<io::Error>;

impl Body {
    /// What a reader reads, sent in chunks.
    pub fn new<R: Read + Send + 'static>(reader: R) -> Self {
        Self(Kind::Reader(Box::new(reader), None))
    }

    /// The first `len` bytes that a reader reads.
    pub fn sized<R: Read + Send + 'static>(reader: R, len: u64) -> Self {
        Self(Kind::Reader(Box::new(reader), Some(len)))
    }

    /// The body, if it is in memory.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match &self.0 {
            Kind::Bytes(bytes) => Some(bytes),
            Kind::Reader(..) => None,
        }
    }

    /// Reads the body into memory.
    pub fn buffer(&mut self) -> Result<&[u8]> {
        if let Kind::Reader(reader, _) = &mut self.0 {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes).map_err(error::body)?;
            self.0 = Kind::Bytes(bytes.into());
        }
        Ok(self.as_bytes().unwrap_or_default())
    }

    /// Clones a request's body, if there is one, unless it is a reader.
    pub(super) fn try_clone(body: &Option<Self>) -> Option<Option<Self>> {
        match body {
            Some(Self(Kind::Bytes(bytes))) => Some(Some(bytes.clone().into())),
            Some(Self(Kind::Reader(..))) => None,
            None => Some(None),
        }
    }

    /// The async body, its length if it is a reader's and known, and how the reader will have
    /// failed.
    pub(super) fn into_async(self) -> (reqwest::Body, Option<u64>, Failure) {
        let (failed, failure) = mpsc::channel();
        let (reader, len) = match self.0 {
            Kind::Bytes(bytes) => return (bytes.into(), None, failure),
            Kind::Reader(reader, len) => (reader.take(len.unwrap_or(u64::MAX)), len),
        };
        let chunks = stream::try_unfold((reader, failed), |(mut reader, failed)| async move {
            crochet::unblock(move || {
                let mut buffer = vec![0; 32 * 1024];
                let count = reader.read(&mut buffer).map_err(|error| {
                    let _ = failed.send(error);
                    io::Error::other("abort request body")
                })?;
                buffer.truncate(count);
                Ok::<_, io::Error>((count > 0).then(|| (Bytes::from(buffer), (reader, failed))))
            })
            .await
        });
        (reqwest::Body::wrap_stream(chunks), len, failure)
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => bytes.fmt(f),
            Self::Reader(_, len) => f.debug_struct("Reader").field("length", len).finish(),
        }
    }
}

macro_rules! from {
    ($($ty:ty)*) => { $(
        impl From<$ty> for Body {
            fn from(bytes: $ty) -> Self {
                Self(Kind::Bytes(bytes.into()))
            }
        }
    )* };
}

from! { Vec<u8> String &'static [u8] &'static str Bytes }

impl From<File> for Body {
    fn from(file: File) -> Self {
        let len = file.metadata().map(|metadata| metadata.len()).ok();
        Self(Kind::Reader(Box::new(file), len))
    }
}
