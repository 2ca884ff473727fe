//! `lineclient`, an extension module for Python: a client of a line protocol whose every wait
//! Ctrl-C ends.
//!
//! The client (`client.rs`) is async Rust. This file makes it a blocking API for Python, and shows
//! what a binding has to look after: the GIL is released while a call waits, Python's signals are
//! looked at meanwhile, timeouts are Python's `TimeoutError`, panics are exceptions, and the end of
//! the interpreter is prompt, whatever is still waiting.

mod client;

use std::io;
use std::pin::Pin;
use std::sync::{Mutex, Once, PoisonError};
use std::time::Duration;

use crochet::{Error, EventualResult, Iter, Reactor};
use futures_lite::Stream;
use pyo3::exceptions::{PyRuntimeError, PyTimeoutError, PyValueError};
use pyo3::prelude::*;

/// How long Ctrl-C may take to be noticed.
const TICK: Duration = Duration::from_millis(50);

/// Python decides when the process ends, and how: not the end of `main`, which would wake daemon
/// threads that wait here when there is no interpreter any more. Not done on import, so that a
/// program may still fork after that.
fn prepare() {
    static PREPARED: Once = Once::new();
    PREPARED.call_once(|| {
        // It fails where another library in the process has set it up already, and that is fine.
        let _ = crochet::setup_with(Reactor::builder().end_of_main(false));
    });
}

/// Runs a blocking call without the GIL. On Python's main thread, the only one that handles
/// signals, Ctrl-C ends it.
fn blocking<R: Send>(py: Python<'_>, call: impl FnOnce() -> R + Send) -> PyResult<R> {
    let threading = py.import("threading")?;
    let this = threading.call_method0("current_thread")?;
    if !this.is(&threading.call_method0("main_thread")?) {
        return Ok(py.detach(call));
    }
    py.detach(|| crochet::interruptible(TICK, || Python::attach(|py| py.check_signals()), call))
}

fn timeout(seconds: Option<f64>, default: Duration) -> PyResult<Duration> {
    let Some(seconds) = seconds else { return Ok(default) };
    Duration::try_from_secs_f64(seconds).map_err(|error| PyValueError::new_err(error.to_string()))
}

/// A client of one server. Calls from several threads do not get in each other's way.
#[pyclass(frozen)]
struct Client {
    server: String,
    timeout: Duration,
}

#[pymethods]
impl Client {
    /// Makes a client; connects with each request. The timeout, in seconds, is for each call and
    /// each line.
    #[new]
    #[pyo3(signature = (server, timeout = 5.0))]
    fn new(server: String, timeout: f64) -> PyResult<Self> {
        prepare();
        Ok(Self { server, timeout: self::timeout(Some(timeout), Duration::MAX)? })
    }

    /// Blocks until the server has answered with a line.
    #[pyo3(signature = (request, timeout = None))]
    fn ask(&self, py: Python<'_>, request: String, timeout: Option<f64>) -> PyResult<String> {
        let timeout = self::timeout(timeout, self.timeout)?;
        let server = self.server.clone();
        let answer = blocking(py, move || {
            crochet::wait_for(timeout, async { client::ask(server, request).await })
        })?;
        Ok(answer?)
    }

    /// Starts a request, and returns at once with a handle to its answer.
    fn start(&self, request: String) -> Answer {
        let server = self.server.clone();
        let job = crochet::run_in_reactor(move || async { client::ask(server, request).await });
        Answer { job, timeout: self.timeout }
    }

    /// Returns an iterator over all lines of the answer.
    fn follow(&self, request: String) -> PyResult<Lines> {
        let stream: LineStream = Box::pin(client::follow(self.server.clone(), request));
        Ok(Lines { lines: Mutex::new(crochet::iter(stream).timeout(self.timeout)) })
    }

    /// Blocks until the server has sent all lines of the answer; calls `callback` with each.
    fn each(&self, py: Python<'_>, request: String, callback: &Bound<'_, PyAny>) -> PyResult<()> {
        let lines = self.follow(request)?;
        while let Some(line) = lines.__next__(py)? {
            callback.call1((line,))?;
        }
        Ok(())
    }
}

/// An answer that comes later.
#[pyclass(frozen)]
struct Answer {
    job: EventualResult<String, io::Error>,
    timeout: Duration,
}

#[pymethods]
impl Answer {
    /// Blocks until the answer is there. After a TimeoutError or a KeyboardInterrupt it can be
    /// waited for again.
    #[pyo3(signature = (timeout = None))]
    fn wait(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<String> {
        let timeout = self::timeout(timeout, self.timeout)?;
        blocking(py, || self.job.wait(timeout).cloned().map_err(to_python))?
    }

    /// Gives the request up: its connection is closed.
    fn cancel(&self) {
        self.job.cancel();
    }

    /// Whether the answer is there, or will never be.
    fn done(&self) -> bool {
        self.job.is_finished()
    }
}

fn to_python(error: Error<&io::Error>) -> PyErr {
    match error {
        Error::Job(error) => io::Error::new(error.kind(), error.to_string()).into(),
        Error::TimedOut(_) => PyTimeoutError::new_err(error.to_string()),
        error => PyRuntimeError::new_err(error.to_string()),
    }
}

type LineStream = Pin<Box<dyn Stream<Item = io::Result<String>> + Send>>;

/// The lines of an answer, one after the other.
#[pyclass(frozen)]
struct Lines {
    lines: Mutex<Iter<LineStream>>,
}

#[pymethods]
impl Lines {
    fn __iter__(this: Py<Self>) -> Py<Self> {
        this
    }

    /// Blocks until the next line is there.
    fn __next__(&self, py: Python<'_>) -> PyResult<Option<String>> {
        let next =
            blocking(py, || self.lines.lock().unwrap_or_else(PoisonError::into_inner).next())?;
        match next {
            None => Ok(None),
            Some(Ok(line)) => Ok(Some(line?)),
            Some(Err(error)) => Err(io::Error::from(error).into()),
        }
    }
}

/// A client of a line protocol.
#[pymodule]
fn lineclient(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Client>()?;
    module.add_class::<Answer>()?;
    module.add_class::<Lines>()
}
