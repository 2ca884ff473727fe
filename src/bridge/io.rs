//! Async streams as ordinary ones: [`Blocking`] makes [`Read`], [`Write`], [`BufRead`] and [`Seek`] of their
//! async namesakes in futures-io, the traits of the smol family of crates.
//!
//! So what is written for `std::io` (compression, TLS, parsers, [`BufReader`](std::io::BufReader)) works on a
//! socket that belongs to async code, and with a timeout.
//!
//! | of `T` | of `Blocking<T>` |
//! |---|---|
//! | [`AsyncRead`] | [`Read`] |
//! | [`AsyncBufRead`] | [`BufRead`] |
//! | [`AsyncWrite`] | [`Write`], and [`close`](Blocking::close) |
//! | [`AsyncSeek`] | [`Seek`] |
//!
//! # Where it runs
//!
//! A call first tries by itself, on the thread that makes it: data that is there is read, and room that is there is
//! written to, without a detour. If that is not to be, the stream goes on on the reactor thread, and the call
//! waits for it, as [`wait_for`](crate::wait_for()) does. On a stream that is busy it tries for some 30 µs, and
//! gives way to other threads in between; after each wait that was long it tries half as often, and in the end
//! once. On a reactor thread and in a forked child nothing is tried first.
//!
//! # Timeouts
//!
//! The timeout is that of one call, and there is none unless [`with_timeout`](Blocking::with_timeout) sets it.
//! A call that is late fails with [`ErrorKind::TimedOut`], and **no byte is lost**: a read has taken nothing, a
//! write has handed over nothing, and both can be tried again. So can `flush` and `close`. A seek that was late
//! may or may not have happened.
//!
//! That is the promise of futures-io: a stream that is not ready has not touched the buffer. Sockets, pipes and
//! their buffered or compressed wrappers keep it. A stream that takes the bytes in, says that it is not
//! ready, and expects the same bytes with the next call does not (some TLS bindings are like that): after
//! a late write repeat that write, or give the stream up.
//!
//! Methods that are many calls have many timeouts: `read_exact`, `read_to_end`, `read_line`, `write_all`. When one
//! of them fails, how far it came is not told, as ever in `std::io`; for that, call `read` or `write`. For
//! one deadline over a whole exchange, put the exchange into an async block, and that into
//! [`wait_for`](crate::wait_for()).
//!
//! # Reading and writing at once
//!
//! These traits borrow the stream mutably. For two threads make two of them, of clones
//! (`async_net::TcpStream`) or of references (`&async_io::Async<TcpStream>`), or split the stream
//! with [`futures_lite::io::split`].

use std::future;
use std::io::{self, BufRead, ErrorKind, IoSlice, IoSliceMut, Read, Seek, SeekFrom, Write};
use std::pin::Pin;
use std::process;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use futures_lite::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite};

use crate::caller::scope::limits::Scopes;
use crate::context::held::Held;
use crate::context::in_tokio;
use crate::reactor::global::wait_for;
use crate::reactor::handle::Reactor;
use crate::runtime::current::in_reactor;

/// How often a call tries by itself, with a yield in between: the other side of a busy stream is often done by
/// then. It takes about 30 µs, less than to have two threads woken. To read 1 GiB over loopback took 1.4 times as
/// long as with blocking sockets with 4 attempts, 1.2 times with 8, 0.7 with 16, and 0.6 with 32 (medians).
const ATTEMPTS: usize = 32;

/// If a call had to wait, and still took less than this, its attempts were too few, not too many. They take no longer
/// than this, either, if others need the core.
const SHORT: Duration = Duration::from_micros(100);

/// A blocking stream over an async one, with a timeout for each call.
///
/// The [module](self) tells where it runs, and what a timeout leaves behind. Dropping it drops the stream,
/// here and now, and neither flushes nor closes anything.
///
/// # Errors
///
/// All calls fail with the stream's own errors, but for [`ErrorKind::Interrupted`], after which they go on. What
/// else can go wrong is a [`crate::Error`] inside of the [`io::Error`]: of kind [`TimedOut`](ErrorKind::TimedOut)
/// when the time is over; [`Deadlock`](ErrorKind::Deadlock) on the thread of its own reactor, at once;
/// [`Other`](ErrorKind::Other) if the reactor is stopped meanwhile, or cannot be started, or
/// is that of the parent of a forked process. After each of them the stream is as it was.
///
/// # Panics
///
/// If the stream panics: its panic goes on in the caller, with the same payload.
///
/// # Examples
///
/// ```
/// use async_io::Async;
/// use crochet::io::Blocking;
/// use std::io::{self, BufRead, BufReader, Write};
/// use std::net::{TcpListener, TcpStream};
/// use std::time::Duration;
///
/// # fn main() -> io::Result<()> {
/// let server = TcpListener::bind("127.0.0.1:0")?;
/// let stream = crochet::wait_for(
///     Duration::from_secs(5),
///     Async::<TcpStream>::connect(server.local_addr()?),
/// )?;
/// let (mut peer, _) = server.accept()?;
///
/// let mut stream = Blocking::new(stream).with_timeout(Duration::from_millis(100));
/// writeln!(stream, "knit one")?;
/// let mut reader = BufReader::new(stream);
/// let mut line = String::new();
/// let late = reader.read_line(&mut line).unwrap_err();
/// assert_eq!(late.kind(), io::ErrorKind::TimedOut);
///
/// writeln!(peer, "purl one")?;
/// let patient = reader.into_inner().with_timeout(Duration::from_secs(60));
/// BufReader::new(patient).read_line(&mut line)?; // it is as good as before
/// assert_eq!(line, "purl one\n");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Blocking<T> {
    inner: Held<T>,
    timeout: Duration,
    /// `None` is the global one.
    reactor: Option<Reactor>,
    /// The process that made it. In a fork of that, the stream is the parent's.
    process: u32,
    /// How often the next call tries by itself.
    attempts: usize,
}

impl<T> Blocking<T> {
    /// Wraps a stream, which the global reactor is to wait for. Neither blocks nor starts anything.
    pub fn new(inner: T) -> Self {
        Self {
            inner: Held::new(inner),
            timeout: Duration::MAX,
            reactor: None,
            process: process::id(),
            attempts: ATTEMPTS,
        }
    }

    /// Wraps a stream, which this reactor is to wait for. Never blocks.
    ///
    /// It keeps a handle to the reactor, which is not stopped before the stream is dropped, unless
    /// [`shutdown`](Reactor::shutdown) does it. After that, only calls that need not wait succeed.
    ///
    /// # Examples
    ///
    /// ```
    /// use crochet::{Reactor, io::Blocking};
    /// use std::io::Read;
    ///
    /// let reactor = Reactor::new()?;
    /// let mut text = String::new();
    /// Blocking::on(&reactor, &b"read on a reactor of its own"[..]).read_to_string(&mut text)?;
    /// assert_eq!(text, "read on a reactor of its own");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on(reactor: &Reactor, inner: T) -> Self {
        Self { reactor: Some(reactor.clone()), ..Self::new(inner) }
    }

    /// Sets for how long a call waits at the most; at first that is for ever, [`Duration::MAX`].
    ///
    /// [`Duration::ZERO`] takes what is there, as a non-blocking socket does, but fails with
    /// [`ErrorKind::TimedOut`] where there is nothing.
    #[must_use = "it returns the stream"]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Borrows the async stream.
    pub fn get_ref(&self) -> &T {
        &self.inner
    }

    /// Borrows the async stream mutably. It is not in use between two calls, so async code may go on with it.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.inner
    }

    /// Returns the async stream. Nothing is lost: there is no buffer here.
    pub fn into_inner(self) -> T {
        self.inner.into_inner()
    }

    /// Polls until it is ready, or the time is over: here, and if that is not enough, on the reactor thread.
    fn block<R: Send>(
        &mut self,
        mut operation: impl FnMut(Pin<&mut T>, &mut Context<'_>) -> Poll<io::Result<R>> + Send,
    ) -> io::Result<R>
    where
        T: Unpin + Send,
    {
        let Self { inner, timeout, reactor, process, attempts } = self;
        let mut poll = |cx: &mut Context<'_>| match operation(Pin::new(&mut **inner), cx) {
            Poll::Ready(Err(error)) if error.kind() == ErrorKind::Interrupted => {
                // Again, but not in a loop, which no timeout would end.
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            poll => poll,
        };
        let limits = Scopes::of_thread()?.limit(*timeout);
        let start = limits.start();
        if !in_reactor() && *process == process::id() {
            // This wakes nobody, but nobody sleeps before it is polled again.
            for attempt in 0..*attempts {
                if attempt > 0 {
                    if start.elapsed() >= SHORT.min(limits.time()) {
                        break;
                    }
                    thread::yield_now();
                }
                let polled = in_tokio(|| poll(&mut Context::from_waker(Waker::noop())));
                if let Poll::Ready(result) = polled {
                    return result;
                }
            }
        }
        let job = future::poll_fn(poll);
        let left = timeout.saturating_sub(start.elapsed());
        let result = match reactor {
            Some(reactor) => reactor.wait_for(left, job),
            None => wait_for(left, job),
        };
        let is_late = matches!(&result, Err(error) if error.kind() == ErrorKind::TimedOut);
        if start.elapsed() >= SHORT {
            *attempts = (*attempts / 2).max(1);
        } else if !is_late {
            // One that is late after so short a time says nothing of the stream.
            *attempts = ATTEMPTS;
        }
        result
    }
}

impl<T: AsyncWrite + Unpin + Send> Blocking<T> {
    /// Closes the side that writes, and blocks until that is done: the peer comes to the end of what it reads.
    ///
    /// [`Write`] has no such method, so do it after code that only knows `Write`. What it does beyond
    /// `flush` is for the stream to say: an `async_net::TcpStream` shuts down the sending side and can still be
    /// read; a compressed or encrypted stream writes its trailer first; an `async_io::Async` does nothing,
    /// and its socket has to be dropped, or shut down itself.
    ///
    /// # Errors
    ///
    /// Those of all calls. After a timeout, closing can be tried again.
    ///
    /// # Examples
    ///
    /// ```
    /// use async_net::TcpStream;
    /// use crochet::io::Blocking;
    /// use std::io::{self, Read, Write};
    /// use std::net::TcpListener;
    /// use std::time::Duration;
    ///
    /// # fn main() -> io::Result<()> {
    /// let server = TcpListener::bind("127.0.0.1:0")?;
    /// let stream = TcpStream::connect(server.local_addr()?);
    /// let mut stream = Blocking::new(crochet::wait_for(Duration::from_secs(5), stream)?);
    /// stream.write_all(b"all there is")?;
    /// stream.close()?;
    ///
    /// let text = io::read_to_string(server.accept()?.0)?; // to its end
    /// assert_eq!(text, "all there is");
    /// assert_eq!(stream.read(&mut [0; 16])?, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn close(&mut self) -> io::Result<()> {
        self.block(|inner, cx| inner.poll_close(cx))
    }
}

impl<T: AsyncRead + Unpin + Send> Read for Blocking<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.block(|inner, cx| inner.poll_read(cx, buffer))
    }

    fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.block(|inner, cx| inner.poll_read_vectored(cx, buffers))
    }
}

impl<T: AsyncBufRead + Unpin + Send> BufRead for Blocking<T> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        // A job cannot return what is borrowed from the stream while it is polled again and again. So it waits
        // until there is something, and then that is asked for once more. The end may not be there twice.
        if self.block(|inner, cx| inner.poll_fill_buf(cx).map_ok(<[u8]>::len))? == 0 {
            return Ok(&[]);
        }
        let mut cx = Context::from_waker(Waker::noop());
        match Pin::new(&mut *self.inner).poll_fill_buf(&mut cx) {
            Poll::Ready(result) => result,
            Poll::Pending => Err(io::Error::other("the stream has lost what it had in its buffer")),
        }
    }

    fn consume(&mut self, amount: usize) {
        Pin::new(&mut *self.inner).consume(amount);
    }
}

impl<T: AsyncWrite + Unpin + Send> Write for Blocking<T> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.block(|inner, cx| inner.poll_write(cx, buffer))
    }

    fn write_vectored(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.block(|inner, cx| inner.poll_write_vectored(cx, buffers))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.block(|inner, cx| inner.poll_flush(cx))
    }
}

impl<T: AsyncSeek + Unpin + Send> Seek for Blocking<T> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.block(|inner, cx| inner.poll_seek(cx, to))
    }
}
