//! Async streams as ordinary ones: [`Blocking`] implements [`Read`], [`Write`], [`BufRead`] and
//! [`Seek`] on top of their async counterparts in futures-io, the traits of the smol family of
//! crates.
//!
//! So code for `std::io` (compression, TLS, parsers, [`BufReader`](std::io::BufReader)) works on a
//! socket of async code, and gets a timeout.
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
//! A call first polls the stream on its own thread, so that data which has arrived is read, and
//! free buffer space is written to, without a detour. Otherwise the reactor thread takes over, and
//! the call waits for it, as [`wait_for`](crate::wait_for()) does. On a busy stream, the call polls
//! several times before that, for about 30 µs, and gives way to other threads in between; each time
//! that it has to wait long nevertheless, it halves the number of these polls. This is a busy-wait:
//! [`Builder::spin`](crate::Builder::spin) with zero turns it off, and so does a machine with one
//! core. On a reactor thread and in a forked child, the call does not poll first.
//!
//! # Timeouts
//!
//! The timeout limits one call; there is none unless [`with_timeout`](Blocking::with_timeout) sets
//! it. A call that times out fails with [`ErrorKind::TimedOut`], and **no byte is lost**: a read
//! has taken nothing, a write has handed over nothing, and both can be repeated. So can `flush` and
//! `close`. A seek that timed out may or may not have happened.
//!
//! This rests on the contract of futures-io: a stream that is not ready has not touched the buffer.
//! Sockets, pipes and their buffered or compressed wrappers keep it. Some TLS bindings do not: they
//! take the bytes, report that they are not ready, and expect the same bytes with the next call.
//! With these, repeat a write that timed out, or give up the stream.
//!
//! Methods that make many calls (`read_exact`, `read_to_end`, `read_line`, `write_all`) have a
//! timeout for each of them. If one fails, `std::io` does not say how far it came; call `read` or
//! `write` if you need to know. For one deadline over a whole exchange, put the calls into
//! [`within`](crate::within), or write the exchange as an async block for
//! [`wait_for`](crate::wait_for()).
//!
//! # Reading and writing at once
//!
//! These traits borrow the stream mutably. For two threads, make two `Blocking`s from clones
//! (`async_net::TcpStream`) or from references (`&async_io::Async<TcpStream>`), or split the stream
//! with [`futures_lite::io::split`]. One may read while the other writes. Two that *read* at once
//! through references to one `Async`, or two that write, take its only waker from each other: each
//! wakes the other again and again, and the reactor thread is busy until data arrives.

use std::future;
use std::io::{self, BufRead, ErrorKind, IoSlice, IoSliceMut, Read, Seek, SeekFrom, Write};
use std::panic::Location;
use std::pin::Pin;
use std::process;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_lite::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite};

use crate::caller::scope::limits::Scopes;
use crate::caller::wait_for::wait_for;
use crate::context::held::Held;
use crate::context::in_tokio;
use crate::error::Error;
use crate::reactor::global::cached_for_job;
use crate::reactor::handle::Reactor;
use crate::runtime::current::in_reactor;

/// How often a call polls on its own thread after the first time, with a yield before each poll:
/// the other side of a busy stream is often done by then. All of them take about 30 µs, less than
/// waking two threads. To read 1 GiB over loopback took 1.4 times as long as with blocking sockets
/// with 4 attempts, 1.2 times with 8, 0.7 with 16, and 0.6 with 32 (medians).
///
/// A poll that is not ready also arms the system's poller, with a waker that does nothing, so the
/// event wakes the reactor thread in vain, about once a call. Submitting the job right after the
/// first poll would wake that thread as well, and costs more: for an echo by a server that takes up
/// to 40 µs, 8 to 15 µs of CPU a call instead of 7, and 0.2 to 0.4 switches to the reactor thread
/// instead of 0.0 (two cores, under load).
const ATTEMPTS: usize = 32;

/// If a call had to wait, but for less than this, its attempts were too few, not too many. They
/// also take no longer than this, if other threads need the core.
const SHORT: Duration = Duration::from_micros(100);

/// Wraps an async stream as a blocking one, with a timeout for each call.
///
/// The [module](self) says where it runs, and what a timeout leaves behind. Dropping it drops the
/// stream on this thread, and neither flushes nor closes anything.
///
/// # Errors
///
/// All calls fail with the stream's own errors, except [`ErrorKind::Interrupted`], after which they
/// try again. Other failures are a [`crate::Error`] inside the [`io::Error`]: of kind
/// [`TimedOut`](ErrorKind::TimedOut) when the time is over; [`Deadlock`](ErrorKind::Deadlock), at
/// once, on the thread of its own reactor; [`Other`](ErrorKind::Other) if the reactor stops
/// meanwhile or cannot be started, if a scope's check has failed, or in a forked child. After each
/// of them the stream is as it was.
///
/// # Panics
///
/// If the stream panics: the same panic is re-raised in the caller, with the same payload.
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
    /// The process that made it. In a forked child, the stream is the parent's.
    process: u32,
    /// How often the next call polls on its own thread after the first time.
    attempts: usize,
}

impl<T> Blocking<T> {
    /// Wraps a stream, for the global reactor to wait for. Never blocks, and starts nothing.
    pub fn new(inner: T) -> Self {
        Self {
            inner: Held::new(inner),
            timeout: Duration::MAX,
            reactor: None,
            process: process::id(),
            attempts: ATTEMPTS,
        }
    }

    /// Wraps a stream, for this reactor to wait for. Never blocks.
    ///
    /// The stream holds a handle to the reactor, which therefore stops no earlier, unless
    /// [`shutdown`](Reactor::shutdown) stops it. After that, only calls that need not wait succeed.
    ///
    /// # Examples
    ///
    /// ```
    /// use crochet::{Reactor, io::Blocking};
    /// use std::io::Read;
    ///
    /// let reactor = Reactor::new()?;
    /// let mut text = String::new();
    /// Blocking::on(&reactor, &b"read on its own reactor"[..]).read_to_string(&mut text)?;
    /// assert_eq!(text, "read on its own reactor");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on(reactor: &Reactor, inner: T) -> Self {
        Self { reactor: Some(reactor.clone()), ..Self::new(inner) }
    }

    /// Sets how long a call waits at most; the default is for ever, [`Duration::MAX`]. Never
    /// blocks.
    ///
    /// With [`Duration::ZERO`] a call takes what is there, as on a non-blocking socket, and fails
    /// with [`ErrorKind::TimedOut`] if there is nothing.
    #[must_use = "it returns the stream"]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Borrows the async stream. Never blocks.
    pub fn get_ref(&self) -> &T {
        &self.inner
    }

    /// Borrows the async stream mutably. Never blocks. Between two calls the stream is not in use,
    /// so async code may use it.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.inner
    }

    /// Returns the async stream. Never blocks. No byte is lost, because there is no buffer here.
    pub fn into_inner(self) -> T {
        self.inner.into_inner()
    }

    /// Polls until the stream is ready or the time is over: on this thread first, then on the
    /// reactor thread.
    #[track_caller]
    fn block<R: Send>(
        &mut self,
        mut operation: impl FnMut(Pin<&mut T>, &mut Context<'_>) -> Poll<io::Result<R>> + Send,
    ) -> io::Result<R>
    where
        T: Unpin + Send,
    {
        let location = Location::caller();
        let Self { inner, timeout, reactor, process, attempts } = self;
        let mut poll = |cx: &mut Context<'_>| match operation(Pin::new(&mut **inner), cx) {
            Poll::Ready(Err(error)) if error.kind() == ErrorKind::Interrupted => {
                // Try again, but not in a loop here, which no timeout would end.
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            poll => poll,
        };
        let limits = Scopes::of_thread()?.limit(*timeout);
        let start = limits.start();
        // A no-op waker loses wakes, but the stream is polled again before this thread sleeps.
        let mut poll_here = || in_tokio(|| poll(&mut Context::from_waker(Waker::noop())));
        let may_poll_here = !in_reactor() && *process == process::id();
        if may_poll_here {
            if let Poll::Ready(result) = poll_here() {
                return result;
            }
        }
        let global;
        let shared = match reactor {
            Some(reactor) => reactor.shared(),
            None => {
                global = cached_for_job(location)?;
                &global
            }
        };
        if may_poll_here {
            let time = SHORT.min(limits.time());
            if let Poll::Ready(result) = shared.spin.poll_again(*attempts, start, time, poll_here) {
                return result;
            }
        }
        let left = timeout.saturating_sub(start.elapsed());
        let result = wait_for(shared, location, left, future::poll_fn(poll));
        let is_late = matches!(&result, Err(error) if error.is_timeout());
        if start.elapsed() >= SHORT {
            *attempts /= 2;
        } else if !is_late {
            // A call that is late after such a short time says nothing of the stream.
            *attempts = ATTEMPTS;
        }
        result.map_err(Error::flatten)
    }
}

impl<T: AsyncWrite + Unpin + Send> Blocking<T> {
    /// Blocks until the writing side is closed, so that the peer reads the end of the stream.
    ///
    /// [`Write`] has no such method, so call this after code that knows `Write` only. The stream
    /// defines what it does beyond `flush`: an `async_net::TcpStream` shuts down its sending side,
    /// and can still be read; a compressed or encrypted stream writes its trailer first; an
    /// `async_io::Async` does nothing, so drop its socket, or shut it down directly.
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
    #[track_caller]
    pub fn close(&mut self) -> io::Result<()> {
        self.block(|inner, cx| inner.poll_close(cx))
    }
}

impl<T: AsyncRead + Unpin + Send> Read for Blocking<T> {
    #[track_caller]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.block(|inner, cx| inner.poll_read(cx, buffer))
    }

    #[track_caller]
    fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.block(|inner, cx| inner.poll_read_vectored(cx, buffers))
    }
}

impl<T: AsyncBufRead + Unpin + Send> BufRead for Blocking<T> {
    #[track_caller]
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        // A job that is polled several times cannot return a borrow from the stream. So the job
        // waits until there is data, and the data is borrowed by another poll here. A stream need
        // not report the end twice.
        if self.block(|inner, cx| inner.poll_fill_buf(cx).map_ok(<[u8]>::len))? == 0 {
            return Ok(&[]);
        }
        let mut cx = Context::from_waker(Waker::noop());
        match in_tokio(|| Pin::new(&mut *self.inner).poll_fill_buf(&mut cx)) {
            Poll::Ready(result) => result,
            Poll::Pending => Err(io::Error::other("the stream has lost what it had in its buffer")),
        }
    }

    fn consume(&mut self, amount: usize) {
        Pin::new(&mut *self.inner).consume(amount);
    }
}

impl<T: AsyncWrite + Unpin + Send> Write for Blocking<T> {
    #[track_caller]
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.block(|inner, cx| inner.poll_write(cx, buffer))
    }

    #[track_caller]
    fn write_vectored(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.block(|inner, cx| inner.poll_write_vectored(cx, buffers))
    }

    #[track_caller]
    fn flush(&mut self) -> io::Result<()> {
        self.block(|inner, cx| inner.poll_flush(cx))
    }
}

impl<T: AsyncSeek + Unpin + Send> Seek for Blocking<T> {
    #[track_caller]
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.block(|inner, cx| inner.poll_seek(cx, to))
    }
}
