//! Streams, readers and writers: what they are in the twin.
//!
//! | written as | tests |
//! |---|---|
//! | `impl Stream` | `a_stream ..`, `items ..` |
//! | `Pin<Box<dyn Stream>>`, `BoxStream` | `a_boxed_stream ..` |
//! | `impl AsyncRead` and the like | `a_reader ..`, `a_writer ..` |
//! | a future that is not an `async fn`'s | `futures ..` |

use std::future::{Future, pending};
use std::io::{self, Read, Write};
use std::pin::Pin;

use futures_lite::{AsyncRead, AsyncWrite, Stream, StreamExt, stream};

use crate::support::{LONG, limit};

type BoxStream<'a, T> = Pin<Box<dyn Stream<Item = T> + Send + 'a>>;
type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

struct Hub {
    names: Vec<&'static str>,
}

#[derive(Debug)]
struct Job(usize);

mod blocking {
    pub(super) struct Hub(pub(super) super::Hub);
    #[derive(Debug)]
    pub(super) struct Job(pub(super) super::Job);
}

#[crochet::blocking(as = blocking::Hub, timeout = 60, types(Job as blocking::Job))]
impl Hub {
    pub(crate) fn names(&self) -> impl Stream<Item = &'static str> + Send + '_ {
        stream::iter(self.names.iter().copied())
    }

    pub(crate) fn unsaid(&self) -> impl Stream<Item = &'static str> {
        stream::iter(self.names.clone())
    }

    pub(crate) fn lines(&self) -> impl Stream<Item = io::Result<&'static str>> + Send {
        stream::iter(self.names.iter().map(|name| match *name {
            "" => Err(io::ErrorKind::InvalidData.into()),
            name => Ok(name),
        }))
    }

    pub(crate) async fn subscribe(
        &self,
        skip: usize,
    ) -> io::Result<impl Stream<Item = String> + Send> {
        if skip > self.names.len() {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(stream::iter(&self.names).skip(skip).map(|name| name.to_string()))
    }

    pub(crate) async fn everything(&self) -> impl Stream<Item = usize> {
        stream::iter(0..self.names.len())
    }

    #[blocking(timeout = 0.05)]
    pub(crate) fn slow(&self) -> impl Stream<Item = io::Result<u8>> + Send {
        stream::once_future(pending())
    }

    pub(crate) fn jobs(&self) -> impl Stream<Item = io::Result<(usize, Job)>> + Send + '_ {
        stream::iter(0..self.names.len()).map(|n| Ok((n, Job(n))))
    }

    pub(crate) fn boxed(&self) -> Pin<Box<dyn Stream<Item = io::Result<usize>> + Send + '_>> {
        stream::iter(0..self.names.len()).map(Ok).boxed()
    }

    pub(crate) fn boxed_by_name(&self) -> BoxStream<'_, usize> {
        stream::iter(0..self.names.len()).boxed()
    }

    pub(crate) fn boxed_jobs(&self) -> BoxStream<'_, Job> {
        stream::iter(0..self.names.len()).map(Job).boxed()
    }

    pub(crate) fn dyn_jobs(&self) -> Pin<Box<dyn Stream<Item = Job> + Send>> {
        stream::iter(0..self.names.len()).map(Job).boxed()
    }

    pub(crate) async fn body(&self) -> io::Result<impl AsyncRead + Send + Unpin + '_> {
        Ok(self.names[0].as_bytes())
    }

    pub(crate) fn pinned_body(&self) -> impl AsyncRead + Send {
        struct Pinned(&'static [u8], std::marker::PhantomPinned);
        impl AsyncRead for Pinned {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                buffer: &mut [u8],
            ) -> std::task::Poll<io::Result<usize>> {
                // What is read is not kept: it is a copy of the slice that moves.
                let mut bytes = self.0;
                Pin::new(&mut bytes).poll_read(cx, buffer)
            }
        }
        Pinned(self.names[0].as_bytes(), std::marker::PhantomPinned)
    }

    pub(crate) fn boxed_body(&self) -> Option<Box<dyn AsyncRead + Send + Unpin + '_>> {
        Some(Box::new(self.names[0].as_bytes()))
    }

    #[blocking(timeout = 0.05)]
    pub(crate) fn sink<'a>(&self, to: &'a mut Vec<u8>) -> impl AsyncWrite + Unpin + Send + use<'a> {
        to
    }

    pub(crate) fn later(&self, n: usize) -> impl Future<Output = io::Result<&'static str>> + Send {
        let name = self.names.get(n).copied();
        async move { name.ok_or_else(|| io::ErrorKind::NotFound.into()) }
    }

    pub(crate) fn later_boxed(&self) -> Pin<Box<dyn Future<Output = Job> + Send + '_>> {
        Box::pin(async { Job(self.names.len()) })
    }

    pub(crate) fn later_by_name(&self) -> BoxFuture<'_, Result<Job, crochet::Error>> {
        Box::pin(async { Ok(Job(self.names.len())) })
    }
}

fn hub() -> blocking::Hub {
    blocking::Hub(Hub { names: vec!["knit", "purl", ""] })
}

#[test]
fn a_stream_becomes_an_iterator_of_items_or_the_reactors_errors() {
    let _limit = limit(LONG);
    let hub = hub();
    let names: crochet::Result<Vec<_>> = hub.names().collect();
    assert_eq!(names.unwrap(), ["knit", "purl", ""]);
    assert_eq!(hub.unsaid().count(), 3);
    let late: crochet::MergeErrors<_> = hub.slow();
    assert_eq!(
        late.timeout(LONG / 1000).next().unwrap().unwrap_err().kind(),
        io::ErrorKind::TimedOut
    );
}

#[test]
fn a_stream_of_results_has_one_level_of_errors() {
    let _limit = limit(LONG);
    let hub = hub();
    let mut lines = hub.lines();
    assert_eq!(lines.next().unwrap().unwrap(), "knit");
    assert_eq!(lines.by_ref().nth(1).unwrap().unwrap_err().kind(), io::ErrorKind::InvalidData);
    assert!(lines.next().is_none());
    assert_eq!(hub.slow().next().unwrap().unwrap_err().kind(), io::ErrorKind::TimedOut);
}

#[test]
fn a_stream_may_be_the_value_of_an_async_function() {
    let _limit = limit(LONG);
    let hub = hub();
    let names: Vec<_> = hub.subscribe(1).unwrap().map(Result::unwrap).collect();
    assert_eq!(names, ["purl", ""]);
    let refused = hub.subscribe(4).map(|_| ()).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::NotFound);
    assert!(hub.everything().unwrap().map(Result::unwrap).eq(0..3));
}

#[test]
fn items_that_have_twins_are_converted() {
    let _limit = limit(LONG);
    let hub = hub();
    let jobs: io::Result<Vec<(usize, blocking::Job)>> = hub.jobs().collect();
    assert_eq!(jobs.unwrap().into_iter().map(|(n, job)| n + job.0.0).sum::<usize>(), 6);
    let jobs: crochet::Result<Vec<blocking::Job>> = hub.boxed_jobs().collect();
    assert_eq!(jobs.unwrap().len(), 3);
    let jobs = hub.dyn_jobs();
    drop(hub);
    assert_eq!(jobs.map(|job| job.unwrap().0.0).sum::<usize>(), 3);
}

#[test]
fn a_boxed_stream_is_one_too() {
    let _limit = limit(LONG);
    let hub = hub();
    let numbers: io::Result<Vec<usize>> = hub.boxed().collect();
    assert_eq!(numbers.unwrap(), [0, 1, 2]);
    assert!(hub.boxed_by_name().map(Result::unwrap).eq(0..3));
}

#[test]
fn a_reader_becomes_a_blocking_one() {
    let _limit = limit(LONG);
    let hub = hub();
    assert_eq!(io::read_to_string(hub.body().unwrap()).unwrap(), "knit");
    assert_eq!(io::read_to_string(hub.boxed_body().unwrap()).unwrap(), "knit");
    let mut byte = [0];
    hub.pinned_body().read_exact(&mut byte).unwrap();
    assert_eq!(byte, *b"k");
}

#[test]
fn a_writer_becomes_a_blocking_one() {
    let _limit = limit(LONG);
    let mut bytes = Vec::new();
    let mut sink = hub().sink(&mut bytes);
    sink.write_all(b"purl").unwrap();
    sink.close().unwrap();
    drop(sink);
    assert_eq!(bytes, b"purl");
}

#[test]
fn futures_of_other_functions_are_waited_for() {
    let _limit = limit(LONG);
    assert_eq!(hub().later(1).unwrap(), "purl");
    assert_eq!(hub().later(9).unwrap_err().kind(), io::ErrorKind::NotFound);
    assert_eq!(hub().later_boxed().unwrap().0.0, 3);
    assert_eq!(hub().later_by_name().unwrap().0.0, 3);
}
