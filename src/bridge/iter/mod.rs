//! [`iter`]: an async stream as an ordinary iterator.

mod merge_errors;
mod read_ahead;

use std::fmt;
use std::future;
use std::iter::FusedIterator;
use std::mem;
use std::pin::Pin;
use std::task::{Poll, ready};
use std::thread;
use std::time::Duration;

pub use self::merge_errors::MergeErrors;
use self::read_ahead::Ahead;
use futures_lite::Stream;

use crate::caller::scope::outside_scopes;
use crate::context::drop_in_context;
use crate::error::Error;
use crate::panic::catch;
use crate::reactor::handle::Reactor;

/// How long a thread that drops an iterator waits for the reactor thread to drop the stream.
const PATIENCE: Duration = Duration::from_secs(1);

/// Makes an iterator over a stream, for the global reactor to poll. Never blocks, and starts
/// nothing.
///
/// Each `next` blocks until there is an item. See [`Iter`].
///
/// # Examples
///
/// ```
/// use crochet::Error;
/// use futures_lite::{AsyncBufReadExt, io::BufReader};
/// use std::io;
///
/// let lines = BufReader::new(&b"cast on\nbind off\n"[..]).lines();
/// for line in crochet::iter(lines) {
///     let line = line??; // the reactor's errors, and the stream's own
///     assert!(line.contains('o'));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn iter<S>(stream: S) -> Iter<S>
where
    S: Stream<Item: Send> + Send,
{
    Iter::new(stream, None)
}

/// Iterates over an async stream; `next` blocks. Made by [`iter`], or by [`Iter::on`] for your own
/// reactor.
///
/// The items are `Result`s: `Ok` with an item of the stream, or the [`Error`] that kept one from
/// coming. If the stream yields `Result`s, a failure of the stream is `Ok(Err(..))`, which need not
/// be its end; [`merge_errors`](Self::merge_errors) makes one `Result` of the two.
///
/// The stream is polled on the reactor thread, and only during `next`, unless it is [read
/// ahead](Self::read_ahead). Each `next` is one job, which goes to that thread and back; reading
/// ahead saves that way if items come quickly.
///
/// | `next` returns | and then |
/// |---|---|
/// | `Some(Ok(item))` | |
/// | `Some(Err(Error::TimedOut(_)))`; inside [`interruptible`](crate::interruptible) also `Some(Err(Error::Interrupted))` | the item may come with the next call |
/// | `Some(Err(Error::OnReactorThread))`, on the reactor's own thread, at once | as before |
/// | `Some(Err(Error::Setup(_)))` | the next call tries to start the reactor again |
/// | `Some(Err(Error::ReactorStopped))`, `Some(Err(Error::Forked { .. }))` | `None` for ever |
/// | `None`, at the end of the stream | `None` for ever |
///
/// Some errors can come again and again. So leave the loop with `?` or `break`; do not skip errors
/// with `flatten`.
///
/// The first `next` starts the global reactor if necessary, and the iterator uses that reactor from
/// then on. [`size_hint`](Iterator::size_hint) is that of the stream. It counts the stream's items;
/// errors of the reactor come in addition.
///
/// # Drop
///
/// Dropping the iterator drops the stream on the reactor thread, and blocks until that is done, so
/// nothing that the stream borrowed is in use any more. If another job holds the thread for more
/// than a second, or the reactor has stopped, or the iterator was never asked for an item, the
/// stream is dropped on this thread. A stream that ends is dropped at once, on the reactor thread.
///
/// # Panics
///
/// If the stream panics, `next` re-raises the panic, with the same payload, and returns `None` from
/// then on.
///
/// # Examples
///
/// A borrowed stream, with a time limit for each item:
///
/// ```
/// use async_net::TcpListener;
/// use crochet::Error;
/// use std::net::TcpStream;
/// use std::time::Duration;
///
/// let server = crochet::wait_for(Duration::from_secs(5), TcpListener::bind("127.0.0.1:0"))?;
/// let client = TcpStream::connect(server.local_addr()?)?;
/// let mut clients = crochet::iter(server.incoming()).timeout(Duration::from_millis(200));
/// let first = clients.next().unwrap()??;
/// assert_eq!(first.peer_addr()?, client.local_addr()?);
/// assert!(matches!(clients.next(), Some(Err(Error::TimedOut(_)))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "an iterator does nothing unless it is asked for items"]
pub struct Iter<S: Stream + Send> {
    source: Source<S>,
    timeout: Duration,
    /// `None` is the global one, until it is needed.
    reactor: Option<Reactor>,
    /// Whether `next` returns `None` from now on.
    ended: bool,
}

enum Source<S: Stream> {
    /// `None` once it has ended. Only the reactor thread uses it, except for `size_hint` and the
    /// drop.
    Stream(Option<Pin<Box<S>>>),
    Ahead(Ahead<S::Item>),
}

impl<S: Stream<Item: Send> + Send> Iter<S> {
    /// Makes an iterator over a stream, for this reactor to poll. Never blocks. See [`iter`].
    ///
    /// The iterator holds a handle to the reactor, which therefore stops no earlier, unless
    /// [`shutdown`](Reactor::shutdown) stops it.
    ///
    /// # Examples
    ///
    /// ```
    /// use crochet::{Iter, Reactor};
    /// use futures_lite::stream;
    ///
    /// let reactor = Reactor::new()?;
    /// let sum: Result<u32, _> = Iter::on(&reactor, stream::iter([1, 2, 3])).sum();
    /// assert_eq!(sum?, 6);
    /// # Ok::<(), crochet::Error>(())
    /// ```
    pub fn on(reactor: &Reactor, stream: S) -> Self {
        Self::new(stream, Some(reactor.clone()))
    }

    fn new(stream: S, reactor: Option<Reactor>) -> Self {
        let source = Source::Stream(Some(Box::pin(stream)));
        Self { source, timeout: Duration::MAX, reactor, ended: false }
    }

    /// Sets how long `next` waits for an item at most; the default is for ever, [`Duration::MAX`].
    /// Never blocks.
    ///
    /// A `next` that times out returns [`Error::TimedOut`], and no item is lost: a later call can
    /// still return it. With [`Duration::ZERO`] the stream is polled once.
    ///
    /// # Examples
    ///
    /// ```
    /// use async_io::Timer;
    /// use futures_lite::stream;
    /// use std::time::Duration;
    ///
    /// let late = stream::once_future(async {
    ///     Timer::after(Duration::from_millis(200)).await;
    ///     "here I am"
    /// });
    /// let mut items = crochet::iter(late).timeout(Duration::from_millis(50));
    /// let mut timeouts = 0;
    /// let item = loop {
    ///     match items.next() {
    ///         Some(Ok(item)) => break item,
    ///         other => assert!(other.unwrap().unwrap_err().is_timeout()),
    ///     }
    ///     timeouts += 1;
    /// };
    /// assert_eq!(item, "here I am");
    /// assert!(timeouts > 0);
    /// ```
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Starts a job that reads the stream up to `n` items ahead of the iterator. Does not wait for
    /// it.
    ///
    /// While `n` items are waiting to be taken, the stream is not polled. `next` takes a waiting
    /// item without a detour to the reactor thread. Zero changes nothing, nor does a second call.
    /// If the reactor cannot be started ([`Error::Setup`]), the stream is not read ahead, and
    /// `next` returns the reason.
    ///
    /// If the reactor stops or the stream panics, the items from before come first. Dropping the
    /// iterator cancels the job, which drops the stream on the reactor thread, and does not wait
    /// for that. A panic of the stream that no `next` has re-raised is logged.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::stream;
    ///
    /// let squares = stream::unfold(1_u64, |n| async move { Some((n * n, n + 1)) });
    /// let squares = crochet::iter(squares).read_ahead(16);
    /// let first: Result<Vec<u64>, _> = squares.take(5).collect();
    /// assert_eq!(first.unwrap(), [1, 4, 9, 16, 25]);
    /// ```
    #[track_caller]
    pub fn read_ahead(mut self, n: usize) -> Self
    where
        S: 'static,
        S::Item: 'static,
    {
        if n == 0 {
            return self;
        }
        if let (Ok(reactor), Source::Stream(stream)) =
            (running(&mut self.reactor), &mut self.source)
        {
            if let Some(stream) = stream.take() {
                self.source = Source::Ahead(Ahead::start(reactor, stream, n));
            }
        }
        self
    }

    /// Merges the two levels of errors of a stream of `Result`s, if `E` has `From<Error>`. Never
    /// blocks.
    ///
    /// An item is the stream's own `Result`, or the [`Error`] that kept one from coming, converted
    /// by `E::from`. If `E` has no `From<Error>`, keep the two levels, or map them.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::{AsyncBufReadExt, io::BufReader};
    /// use std::io;
    ///
    /// let lines = BufReader::new(&b"cast on\nbind off\n"[..]).lines();
    /// let lines: io::Result<Vec<String>> = crochet::iter(lines).merge_errors().collect();
    /// assert_eq!(lines?, ["cast on", "bind off"]);
    /// # Ok::<(), io::Error>(())
    /// ```
    pub fn merge_errors<T, E>(self) -> MergeErrors<S>
    where
        S: Stream<Item = Result<T, E>>,
        E: From<Error>,
    {
        MergeErrors::new(self, E::from)
    }

    #[track_caller]
    fn try_next(&mut self) -> Result<Option<S::Item>, Error> {
        let Self { source, timeout, reactor, ended } = self;
        let reactor = running(reactor)?;
        let stream = match source {
            Source::Stream(stream) => stream,
            Source::Ahead(ahead) => {
                // After a panic of the stream, the next call finds the buffer closed.
                return ahead.next(reactor, *timeout);
            }
        };
        reactor.wait_for(
            *timeout,
            future::poll_fn(|cx| {
                let Some(polled) = stream else { return Poll::Ready(Ok(None)) };
                // If the stream panics, this stays: the iterator has ended.
                *ended = true;
                let item = polled.as_mut().poll_next(cx);
                *ended = matches!(item, Poll::Ready(None));
                let item = ready!(item);
                if item.is_none() {
                    drop(stream.take());
                }
                Poll::Ready(Ok(item))
            }),
        )
    }
}

/// Returns the reactor to use, the same one every time.
fn running(reactor: &mut Option<Reactor>) -> Result<&Reactor, Error> {
    match reactor {
        Some(reactor) => Ok(reactor),
        none => Ok(none.insert(Reactor::global()?)),
    }
}

impl<S: Stream<Item: Send> + Send> Iterator for Iter<S> {
    type Item = Result<S::Item, Error>;

    #[track_caller]
    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.try_next();
        let over = matches!(next, Ok(None) | Err(Error::ReactorStopped | Error::Forked { .. }));
        self.ended = over;
        next.transpose()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.source {
            Source::Stream(Some(stream)) if !self.ended => stream.size_hint(),
            Source::Ahead(ahead) if !self.ended => ahead.size_hint(),
            _ => (0, Some(0)),
        }
    }
}

impl<S: Stream<Item: Send> + Send> FusedIterator for Iter<S> {}

impl<S: Stream + Send> fmt::Debug for Iter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter")
            .field("timeout", &self.timeout)
            .field("read_ahead", &matches!(self.source, Source::Ahead(_)))
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl<S: Stream + Send> Drop for Iter<S> {
    fn drop(&mut self) {
        let Source::Stream(stream @ Some(_)) = &mut self.source else { return };
        let reactor = self.reactor.as_ref();
        let dropped = catch(|| {
            let job = async {
                drop(stream.take());
                Ok(())
            };
            let other_thread = reactor.filter(|reactor| !reactor.shared().is_this_thread());
            // The drop has a limit of its own; the scopes of the code around it do not apply.
            let on_reactor =
                other_thread.map(|reactor| outside_scopes(|| reactor.wait_for(PATIENCE, job)));
            if let Some(Err(Error::Forked { .. })) = on_reactor {
                // The stream is the parent's.
                mem::forget(stream.take());
            }
            // If the reactor has not dropped the stream, this thread does.
            match reactor {
                Some(reactor) => reactor.shared().tokio.drop_within(stream.take()),
                None => drop_in_context(stream.take()),
            }
        });
        match dropped {
            Ok(()) => {}
            // The stream panicked in its `Drop`. If this thread is unwinding already, another panic
            // would abort the process; the panic hook has reported this one.
            Err(panic) if !thread::panicking() => panic.resume(),
            Err(_) => {}
        }
    }
}
