//! [`Builder`]: the settings of a reactor, what the process needs before, and the start.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use async_io::Timer;

use crate::context::drop_in_context;
use crate::error::Error;
use crate::panic::{catch, drop_payloads_by, install_hook};
use crate::reactor::handle::Reactor;
use crate::reactor::thread::Thread;
use crate::runtime::shared::{Lifecycle, Shared};
use crate::runtime::spin;
use crate::sys::fork;

impl Reactor {
    /// Starts a reactor with the defaults of [`Builder`]. Does not wait for anything.
    ///
    /// # Errors
    ///
    /// [`Error::Setup`] if the thread could not be started, and [`Error::Forked`].
    ///
    /// # Examples
    ///
    /// ```
    /// use crochet::{Error, Reactor};
    /// use std::time::Duration;
    ///
    /// let (one, other) = (Reactor::new()?, Reactor::new()?);
    /// let hog = one.run_in_reactor(|| async {
    ///     std::thread::sleep(Duration::from_millis(50)); // holds up `one`, not `other`
    ///     Ok::<_, Error>(())
    /// });
    /// other.wait_for(Duration::from_secs(60), async { Ok::<_, Error>(()) })?;
    /// # hog.join(Duration::from_secs(60))?;
    /// # Ok::<(), Error>(())
    /// ```
    pub fn new() -> Result<Self, Error> {
        Self::builder().build()
    }

    /// Returns a builder for a reactor.
    pub fn builder() -> Builder {
        Builder::new()
    }
}

/// How long a single `poll` takes that is reported as slow, unless [`Builder::slow_poll`] says
/// otherwise.
const SLOW_POLL: Duration = Duration::from_millis(100);

/// Settings for a reactor. Each method returns the builder; only [`build`](Self::build) can fail.
///
/// # Examples
///
/// ```
/// use crochet::{Error, Reactor};
/// use std::time::Duration;
///
/// let reactor = Reactor::builder().name("imap").stack_size(256 * 1024).build().unwrap();
/// let name = reactor.wait_for(Duration::from_secs(60), async {
///     Ok::<_, Error>(std::thread::current().name().map(str::to_owned))
/// });
/// assert_eq!(name.unwrap().as_deref(), Some("imap"));
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder starts nothing until it is given to `setup_with` or `build` is called"]
pub struct Builder {
    name: String,
    stack_size: Option<usize>,
    /// `None` for the bound of the environment, or the default.
    spin: Option<Duration>,
    slow_poll: Duration,
    panic_hook: bool,
    end_of_main: bool,
    /// `None` for no limit.
    max_jobs: Option<usize>,
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// Returns the defaults.
    pub fn new() -> Self {
        Self {
            name: "crochet".to_owned(),
            stack_size: None,
            spin: None,
            slow_poll: SLOW_POLL,
            panic_hook: true,
            end_of_main: true,
            max_jobs: None,
        }
    }

    /// Sets the thread's name. The default is `crochet`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the thread's stack size in bytes. The default is that of [`std::thread`].
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// Sets the bound of the busy-wait: how long a waiting thread spins before it goes to sleep.
    /// The reactor, when it has run out of work, spins for a part of that. Zero is no busy-wait,
    /// and [`Duration::MAX`] never sleeps.
    ///
    /// The default is what the environment variable `CROCHET_SPIN` says when the reactor is built:
    /// a whole number of microseconds, `0` for no busy-wait. Without it the default is 100 µs; a
    /// value that is no such number is ignored, and logged once, at `warn`. So the busy-wait of a
    /// program can be switched off from outside, unless the program sets its bound here.
    ///
    /// Waking a thread that sleeps on an idle core takes 25 to 50 µs, each way. A busy-wait saves
    /// that where a result comes within the bound. Where it does not, spinning is given up: each
    /// call site, and the reactor, learn from waits that took longer, and spin again once in 64
    /// times. A reactor without work sleeps. On Linux, a thread that loses more by its busy-waits than
    /// it gains, as other processes take its core meanwhile, sleeps at once for a tenth of a second.
    /// With one core for the process there is no busy-wait. What it does in a
    /// [`Driver`](crate::Driver), which has the default, is said there.
    pub fn spin(mut self, bound: Duration) -> Self {
        self.spin = Some(bound);
        self
    }

    /// Sets how long a single `poll` may take before it is logged as slow: at `warn`, target
    /// `crochet`, at most once a second. The default is 100 ms; zero is every poll, and
    /// [`Duration::MAX`] is never.
    pub fn slow_poll(mut self, limit: Duration) -> Self {
        self.slow_poll = limit;
        self
    }

    /// Sets whether the reactor may install its panic hook, from which [`Panic`](crate::Panic) has
    /// the location and the backtrace. The default is true.
    ///
    /// The hook is installed once in a process, by the first reactor that may. It passes every
    /// panic on to the hook that was there before; where a job would have needed the feature
    /// `tokio`, it adds a line on standard error that says so.
    pub fn panic_hook(mut self, install: bool) -> Self {
        self.panic_hook = install;
        self
    }

    /// Sets how many unfinished jobs the reactor takes: queued, running and waiting ones together.
    /// The default is no limit.
    ///
    /// Beyond it, a job of [`run_in_reactor`](Reactor::run_in_reactor) ends at once with
    /// [`Error::Full`], and its closure is dropped uncalled. A [`wait_for`](Reactor::wait_for)
    /// waits for room, as a part of its timeout. A job has made room when its outcome can be seen.
    ///
    /// # Examples
    ///
    /// ```
    /// use crochet::{Error, Reactor};
    /// use std::{future, time::Duration};
    ///
    /// let reactor = Reactor::builder().max_jobs(1).build().unwrap();
    /// let only = reactor.run_in_reactor(|| future::pending::<Result<(), Error>>());
    /// let other = reactor.run_in_reactor(|| async { Ok::<_, Error>(()) });
    /// assert!(matches!(other.wait(Duration::from_secs(60)), Err(Error::Full)));
    /// only.cancel();
    /// reactor.wait_for(Duration::from_secs(60), async { Ok::<_, Error>(()) }).unwrap();
    /// ```
    pub fn max_jobs(mut self, max: usize) -> Self {
        self.max_jobs = Some(max);
        self
    }

    /// Sets whether the end of `main` stops the reactor, if it is the global one and `main`'s
    /// thread started it. The default is true.
    ///
    /// At the end of `main` the jobs are dropped, and all waits for them end, so that jobs can
    /// clean up. A program whose other threads must not be woken at that time can do without: a
    /// host with rules of its own for its end, as Python is with its daemon threads. Its jobs are
    /// not dropped then, unless it calls [`shutdown`](crate::shutdown).
    ///
    /// # Examples
    ///
    /// ```
    /// crochet::setup_with(crochet::Reactor::builder().end_of_main(false))?;
    /// # Ok::<(), crochet::Error>(())
    /// ```
    pub fn end_of_main(mut self, stop: bool) -> Self {
        self.end_of_main = stop;
        self
    }

    /// Whether the end of `main` should stop the reactor.
    pub(crate) fn stops_at_end_of_main(&self) -> bool {
        self.end_of_main
    }

    /// Starts the reactor. Does not wait for anything.
    ///
    /// # Errors
    ///
    /// [`Error::Setup`] if the thread could not be started, with the system's reason, or its name
    /// has a null byte in it; and [`Error::Forked`].
    pub fn build(self) -> Result<Reactor, Error> {
        self.prepare()?.start()
    }

    /// Sets up what belongs to the process, not to a reactor: once, or again where it failed. Runs
    /// user code: wakers of other users of async-io, and the logger.
    pub(crate) fn prepare(self) -> Result<Prepared, Error> {
        fork::mark_process()?;
        fork::watch_forks().map_err(setup_failed)?;
        // A payload is the user's, too; the wing of panics is below that of contexts, and knows of
        // none.
        drop_payloads_by(drop_in_context);
        // async-io panics where it cannot start (no file descriptor, no thread): here, where that
        // can be reported, and not inside the first job. Its `block_on` would not do: it has a
        // guard that tries again, and a second panic while unwinding ends the process.
        let start_async_io = || {
            let mut timer = Timer::after(Duration::from_secs(60));
            let _ = Pin::new(&mut timer).poll(&mut Context::from_waker(Waker::noop()));
        };
        catch(start_async_io).map_err(|panic| {
            let reason = panic.message().unwrap_or("async-io could not be started");
            setup_failed(io::Error::other(reason))
        })?;
        if self.panic_hook {
            install_hook();
        }
        let spin = self.spin.unwrap_or_else(spin::default_bound);
        Ok(Prepared { builder: self, spin })
    }
}

/// The settings of a reactor, in a process that is prepared for it. From here on no user code runs.
pub(crate) struct Prepared {
    builder: Builder,
    spin: Duration,
}

impl Prepared {
    /// Starts the reactor.
    pub(crate) fn start(self) -> Result<Reactor, Error> {
        let Builder { name, stack_size, slow_poll, max_jobs, .. } = self.builder;
        if name.contains('\0') {
            let text = "a thread's name may not contain a null byte";
            return Err(setup_failed(io::Error::new(io::ErrorKind::InvalidInput, text)));
        }
        let shared = Arc::new(Shared::new(Lifecycle::Running, self.spin, slow_poll, max_jobs));
        shared.tokio.start().map_err(setup_failed)?;
        let thread = Thread::spawn(name, stack_size, Arc::clone(&shared));
        Ok(Reactor::threaded(shared, thread.map_err(setup_failed)?))
    }

    /// Makes a reactor for a `Driver`. Starts no thread.
    pub(crate) fn start_undriven(self) -> Reactor {
        Reactor::undriven(self.spin, self.builder.slow_poll)
    }
}

fn setup_failed(error: io::Error) -> Error {
    Error::Setup(Arc::new(error))
}
