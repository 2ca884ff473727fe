//! An async stream that does what it is told, and keeps a record of it.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::thread::{self, ThreadId};

use futures_lite::{AsyncRead, AsyncWrite};

/// What one poll does.
pub(crate) enum Step {
    /// As `Pending`, and wakes no task.
    Stuck,
    Pending,
    /// Reads one byte, or writes all.
    Ready,
    Fail(ErrorKind),
    Panic(&'static str),
}

#[derive(Clone)]
pub(crate) struct Scripted(Arc<Mutex<Script>>);

struct Script {
    steps: VecDeque<Step>,
    /// When the steps are over.
    then: fn() -> Step,
    threads: Vec<ThreadId>,
    calls: Vec<String>,
}

impl Scripted {
    /// Takes the steps, and is ready from then on.
    pub(crate) fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        let steps = steps.into_iter().collect();
        let script = Script { steps, then: || Step::Ready, threads: vec![], calls: vec![] };
        Self(Arc::new(Mutex::new(script)))
    }

    pub(crate) fn endless(then: fn() -> Step) -> Self {
        let script = Self::new([]);
        script.0.lock().unwrap().then = then;
        script
    }

    /// Takes these steps next.
    pub(crate) fn then(&self, steps: impl IntoIterator<Item = Step>) {
        self.0.lock().unwrap().steps = steps.into_iter().collect();
    }

    pub(crate) fn then_ready(&self) {
        self.0.lock().unwrap().then = || Step::Ready;
    }

    /// The thread of each poll.
    pub(crate) fn threads(&self) -> Vec<ThreadId> {
        self.0.lock().unwrap().threads.clone()
    }

    /// The calls that were ready.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.0.lock().unwrap().calls.clone()
    }

    fn step<R>(&self, cx: &Context<'_>, call: String, result: R) -> Poll<io::Result<R>> {
        let mut script = self.0.lock().unwrap();
        script.threads.push(thread::current().id());
        let then = script.then;
        let step = script.steps.pop_front().unwrap_or_else(then);
        if let Step::Ready = step {
            script.calls.push(call);
        }
        drop(script);
        match step {
            Step::Stuck => Poll::Pending,
            Step::Pending => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Step::Ready => Poll::Ready(Ok(result)),
            Step::Fail(kind) => Poll::Ready(Err(kind.into())),
            Step::Panic(text) => panic!("{text}"),
        }
    }
}

impl AsyncRead for Scripted {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.step(cx, format!("read {}", buffer.len()), 1)
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let lengths: Vec<String> = buffers.iter().map(|b| b.len().to_string()).collect();
        let total = buffers.iter().map(|b| b.len()).sum();
        self.step(cx, format!("read_vectored {}", lengths.join(" ")), total)
    }
}

impl AsyncWrite for Scripted {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.step(cx, format!("write {}", String::from_utf8_lossy(buffer)), buffer.len())
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let texts: Vec<_> = buffers.iter().map(|b| String::from_utf8_lossy(b)).collect();
        let total = buffers.iter().map(|b| b.len()).sum();
        self.step(cx, format!("write_vectored {}", texts.join(" ")), total)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.step(cx, "flush".to_owned(), ())
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.step(cx, "close".to_owned(), ())
    }
}
