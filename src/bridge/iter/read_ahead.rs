//! Reading ahead: a job on the reactor moves items from the stream into a buffer, and the iterator
//! takes them out.
//!
//! Only the job puts items in, and it waits for room before it polls the stream. So the items that
//! have left the stream and have not been taken never exceed the limit.

use std::collections::VecDeque;
use std::future;
use std::mem;
use std::pin::Pin;
use std::process;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use atomic_waker::AtomicWaker;
use futures_lite::future::yield_now;
use futures_lite::{Stream, StreamExt};

use crate::caller::eventual::EventualResult;
use crate::caller::scope::limits::Scopes;
use crate::caller::scope::outside_scopes;
use crate::context::drop_in_context;
use crate::error::Error;
use crate::reactor::handle::Reactor;
use crate::runtime::current::in_reactor;
use crate::sync::lock;
use crate::sys::fork;

/// How many items are read in a row before other jobs may run.
const BATCH: usize = 64;

/// The iterator's end of the buffer. Dropping it cancels the job.
pub(super) struct Ahead<T> {
    /// The items in it are not those of a forked child.
    buffer: fork::Owned<Arc<Buffer<T>>>,
    /// `None` once `next` has reported its end.
    job: Option<EventualResult<()>>,
    /// The process that started it. In a forked child, the buffer's lock may stay locked for ever.
    process: u32,
}

impl<T: Send> Ahead<T> {
    #[track_caller]
    pub(super) fn start<S>(reactor: &Reactor, stream: Pin<Box<S>>, limit: usize) -> Self
    where
        S: Stream<Item = T> + Send + 'static,
        T: 'static,
    {
        let buffer = Arc::new(Buffer::new(limit, stream.size_hint()));
        let fill = Fill { stream, buffer: CloseOnDrop(Arc::clone(&buffer)) };
        let job = reactor.run_in_reactor(move || fill.run());
        Self { buffer: fork::Owned::new(buffer), job: Some(job), process: process::id() }
    }

    /// Blocks until there is an item, or the stream has ended.
    #[track_caller]
    pub(super) fn next(
        &mut self,
        reactor: &Reactor,
        timeout: Duration,
    ) -> Result<Option<T>, Error> {
        // On a reactor thread and in a forked child, `wait_for` decides whether the call is
        // refused.
        let here = !in_reactor() && self.process == process::id();
        if here {
            Scopes::of_thread()?;
        }
        let next = match if here { self.buffer.take() } else { Poll::Pending } {
            Poll::Ready(next) => next,
            Poll::Pending => {
                let job = future::poll_fn(|cx| self.buffer.poll_take(cx).map(Ok));
                match reactor.wait_for(timeout, job) {
                    Err(Error::ReactorStopped) => self.last(timeout)?,
                    other => other?,
                }
            }
        };
        if next.is_none() {
            if let Some(job) = self.job.take() {
                // The job has dropped the stream, and has ended or is about to, so no scope
                // applies.
                outside_scopes(|| job.join(Duration::MAX))?;
            }
        }
        Ok(next)
    }

    /// Takes an item that the job had put into the buffer before the reactor stopped.
    fn last(&self, timeout: Duration) -> Result<Option<T>, Error> {
        match self.job.as_ref().map(|job| job.wait(timeout)) {
            Some(Err(Error::TimedOut(why))) => return Err(Error::TimedOut(why)),
            Some(Err(Error::Interrupted)) => return Err(Error::Interrupted),
            _ => {}
        }
        match self.buffer.take() {
            Poll::Ready(next) => Ok(next),
            Poll::Pending => Err(Error::ReactorStopped),
        }
    }
}

impl<T> Ahead<T> {
    /// The items in the buffer, and those that the stream expects after them.
    pub(super) fn size_hint(&self) -> (usize, Option<usize>) {
        if self.process != process::id() {
            return (0, None);
        }
        let state = lock(&self.buffer.state);
        let (least, most) = state.beyond;
        let here = state.items.len();
        (least.saturating_add(here), most.and_then(|most| most.checked_add(here)))
    }
}

impl<T> Drop for Ahead<T> {
    fn drop(&mut self) {
        if let Some(job) = &self.job {
            job.cancel();
        }
    }
}

struct Buffer<T> {
    limit: usize,
    /// LOCKING: held to move items in and out; no user code runs meanwhile. Never locked in a
    /// forked child.
    state: Mutex<State<T>>,
    /// RACE: each side registers its waker and then looks at the state; the other side changes the
    /// state and then wakes. So the change is either seen by the look, or followed by the wake.
    room: AtomicWaker,
    more: AtomicWaker,
}

struct State<T> {
    items: VecDeque<T>,
    /// The size hint of the stream, which counts the items after `items`.
    beyond: (usize, Option<usize>),
    /// Nothing comes after `items`.
    closed: bool,
}

impl<T> Buffer<T> {
    fn new(limit: usize, beyond: (usize, Option<usize>)) -> Self {
        let state = Mutex::new(State { items: VecDeque::new(), beyond, closed: false });
        Self { limit, state, room: AtomicWaker::new(), more: AtomicWaker::new() }
    }

    /// Takes an item out; `None` at the end of the stream.
    fn take(&self) -> Poll<Option<T>> {
        let mut state = lock(&self.state);
        let next = state.items.pop_front();
        let closed = state.closed;
        drop(state);
        if next.is_some() {
            self.room.wake();
        } else if !closed {
            return Poll::Pending;
        }
        Poll::Ready(next)
    }

    fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.more.register(cx.waker());
        self.take()
    }

    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.room.register(cx.waker());
        let has_room = lock(&self.state).items.len() < self.limit;
        if has_room { Poll::Ready(()) } else { Poll::Pending }
    }

    fn put(&self, item: T, beyond: (usize, Option<usize>)) {
        let mut state = lock(&self.state);
        state.items.push_back(item);
        state.beyond = beyond;
        drop(state);
        self.more.wake();
    }

    fn close(&self) {
        let mut state = lock(&self.state);
        state.closed = true;
        state.beyond = (0, Some(0));
        drop(state);
        self.more.wake();
    }
}

impl<T> Drop for Buffer<T> {
    /// Drops the items that were not taken. The job's thread or the iterator's does so, whichever
    /// drops the buffer last.
    fn drop(&mut self) {
        if mem::needs_drop::<T>() {
            let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
            drop_in_context(mem::take(&mut state.items));
        }
    }
}

/// The job, which owns the stream.
struct Fill<S: Stream> {
    /// Dropped before `buffer`, hence before the iterator learns of the end.
    stream: Pin<Box<S>>,
    buffer: CloseOnDrop<S::Item>,
}

struct CloseOnDrop<T>(Arc<Buffer<T>>);

impl<T> Drop for CloseOnDrop<T> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl<S: Stream> Fill<S> {
    async fn run(mut self) -> Result<(), Error> {
        let Self { stream, buffer: CloseOnDrop(buffer) } = &mut self;
        loop {
            for _ in 0..BATCH {
                future::poll_fn(|cx| buffer.poll_room(cx)).await;
                let Some(item) = stream.next().await else { return Ok(()) };
                buffer.put(item, stream.size_hint());
            }
            yield_now().await;
        }
    }
}
