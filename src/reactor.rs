//! A reactor from outside: [`Reactor`] and its [`Builder`].

use std::fmt;
use std::future::Future;
use std::io;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::{Duration, Instant};

use async_io::Timer;

use crate::current::is_entered;
use crate::driver;
use crate::error::{Error, JobState};
use crate::eventual::{self, EventualResult};
use crate::os;
use crate::outcome::Outcome;
use crate::panic::{catch, install_hook};
use crate::scoped;
use crate::shared::{Life, Shared, check_not_forked, deadline};
use crate::spin;
use crate::sync::lock;

/// A reactor of one's own, beside the global one: one thread, and the jobs on it.
///
/// A program has use for one where jobs must not get in each other's way: a library that is to be
/// independent of the application's jobs, a test, work with another priority. All others share the global
/// reactor, through the free functions.
///
/// Clones are handles to the same reactor. Dropping the last one stops it, without waiting: its
/// unfinished jobs are dropped on its thread, and who waits for them gets [`Error::ReactorStopped`].
/// [`EventualResult`]s do not keep it alive. The global reactor has a handle of its own, so it is stopped
/// by [`shutdown`](crate::shutdown) only.
///
/// # Examples
///
/// ```
/// use crochet::{Error, Reactor};
/// use std::time::Duration;
///
/// # fn main() -> crochet::Result<()> {
/// let reactor = Reactor::builder().name("mail").build()?;
/// let sum = reactor.wait_for(Duration::from_secs(60), async { Ok::<_, Error>(2 + 2) })?;
/// assert_eq!(sum, 4);
/// reactor.shutdown(Duration::from_secs(1))
/// # }
/// ```
#[derive(Clone)]
pub struct Reactor {
    handle: Arc<Handle>,
}

/// Stops its reactor when dropped.
struct Handle {
    shared: Arc<Shared>,
    /// `None` for a `Driver`'s reactor.
    thread: Option<Thread>,
}

struct Thread {
    id: ThreadId,
    /// Published when its thread-locals are gone, too: `JoinHandle` cannot be waited for with a bound.
    left: Arc<Outcome<()>>,
    /// LOCKING: held while the thread is joined, so that whoever comes second waits, too. That is short,
    /// as the thread has left.
    join: Mutex<Option<JoinHandle<()>>>,
}

impl Reactor {
    /// Starts a reactor with the defaults of [`Builder`]. Does not wait for anything.
    ///
    /// # Errors
    ///
    /// [`Error::Setup`] if there is no thread to be had, and [`Error::Forked`].
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

    /// Returns a handle to the global reactor, which is started if need be. Does not wait for jobs.
    ///
    /// It is a handle to the reactor that runs now: after a shutdown it does not start another one, as the
    /// free functions do.
    ///
    /// # Errors
    ///
    /// [`Error::Setup`] if it could not be started, [`Error::ReactorStopped`] while it is being shut
    /// down, and [`Error::Forked`].
    ///
    /// # Examples
    ///
    /// ```
    /// use crochet::{Error, Reactor};
    /// use std::time::Duration;
    ///
    /// /// Waits on the reactor it is given.
    /// fn five(reactor: &Reactor) -> Result<u32, Error> {
    ///     reactor.wait_for(Duration::from_secs(60), async { Ok(5) })
    /// }
    /// assert_eq!(five(&Reactor::global()?)?, 5);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn global() -> Result<Self, Error> {
        crate::global::reactor(Location::caller())
    }

    /// Starts a job on this reactor; never blocks. As the free function
    /// [`run_in_reactor`](crate::run_in_reactor()).
    ///
    /// # Examples
    ///
    /// ```
    /// use crochet::{Error, Reactor};
    /// use std::time::Duration;
    ///
    /// let reactor = Reactor::new().unwrap();
    /// let job = reactor.run_in_reactor(|| async { Ok::<_, Error>("done") });
    /// assert_eq!(job.join(Duration::from_secs(60)).unwrap(), "done");
    /// ```
    #[track_caller]
    pub fn run_in_reactor<C, F, T, E>(&self, job: C) -> EventualResult<T, E>
    where
        C: FnOnce() -> F + Send + 'static,
        F: Future<Output = Result<T, E>> + 'static,
        T: Send + 'static,
        E: fmt::Debug + Send + 'static,
    {
        eventual::spawn(self.usable(), Location::caller(), job)
    }

    /// Blocks until the job is done on this reactor, or the time is over. As the free function
    /// [`wait_for`](crate::wait_for()).
    ///
    /// # Errors
    ///
    /// Those of [`wait_for`](crate::wait_for()).
    ///
    /// # Panics
    ///
    /// If the job panics: its panic goes on here, with the same payload.
    ///
    /// # Examples
    ///
    /// ```
    /// use crochet::{Error, Reactor};
    /// use std::time::Duration;
    ///
    /// let reactor = Reactor::new()?;
    /// let words = String::from("borrowed, as ever");
    /// let first = reactor.wait_for(Duration::from_secs(60), async {
    ///     Ok::<_, Error>(words.split(',').next())
    /// })?;
    /// assert_eq!(first, Some("borrowed"));
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn wait_for<F, T, E>(&self, timeout: Duration, job: F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>> + Send,
        T: Send,
        E: From<Error> + Send,
    {
        scoped::wait_for(&self.handle.shared, Location::caller(), timeout, job)
    }

    /// Stops this reactor, and blocks until its thread has ended. As the free function
    /// [`shutdown`](crate::shutdown), except that nothing starts it again: all later jobs get
    /// [`Error::ReactorStopped`].
    ///
    /// # Errors
    ///
    /// Those of [`shutdown`](crate::shutdown).
    ///
    /// # Examples
    ///
    /// ```
    /// use crochet::{Error, Reactor};
    /// use std::time::Duration;
    ///
    /// let reactor = Reactor::new()?;
    /// reactor.shutdown(Duration::from_secs(60))?;
    /// let late = reactor.run_in_reactor(|| async { Ok::<_, Error>(1) });
    /// assert!(late.wait(Duration::ZERO).unwrap_err().is_reactor_stopped());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn shutdown(&self, grace: Duration) -> Result<(), Error> {
        check_not_forked()?;
        let Handle { shared, thread } = &*self.handle;
        shared.stop();
        let on_its_thread = thread.as_ref().is_some_and(|own| own.id == thread::current().id());
        if on_its_thread || is_entered(shared.id) {
            return Ok(());
        }
        let start = Instant::now();
        let end = deadline(start, grace);
        let has_left = |thread: &Thread| thread.left.wait(end);
        if !shared.wait_ended(end) || !thread.as_ref().is_none_or(has_left) {
            let mut why = shared.timed_out(start, JobState::Running);
            if shared.is_ended() {
                why.cause = Some("all jobs have ended, but not the thread's thread-locals");
            }
            return Err(Error::TimedOut(why));
        }
        if let Some(thread) = thread {
            let mut join = lock(&thread.join);
            if let Some(handle) = join.take() {
                // The thread catches all panics of jobs; one that is left would be our own, and has
                // been reported by the panic hook.
                let _ = handle.join();
            }
        }
        Ok(())
    }

    /// Stops this reactor, and blocks until all jobs have ended or the time is over. Uses no
    /// thread-locals.
    pub(crate) fn stop_until(&self, end: Option<Instant>) {
        self.handle.shared.stop();
        self.handle.shared.wait_ended(end);
    }

    /// A reactor for a `Driver`, in a process that is prepared.
    pub(crate) fn undriven(builder: &Builder) -> Self {
        let shared = Arc::new(Shared::new(Life::Undriven, Duration::ZERO, builder.slow_poll));
        Self { handle: Arc::new(Handle { shared, thread: None }) }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.handle.shared
    }

    /// The reactor, for a job that is not to be waited for here and now.
    fn usable(&self) -> Result<&Arc<Shared>, Error> {
        check_not_forked()?;
        Ok(&self.handle.shared)
    }
}

// As for `EventualResult`.
impl UnwindSafe for Reactor {}
impl RefUnwindSafe for Reactor {}

impl fmt::Debug for Reactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reactor")
            .field("id", &self.handle.shared.id)
            .field("stopping", &self.handle.shared.is_stopping())
            .finish_non_exhaustive()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // In a forked child there is no thread to stop, only locks of the parent to stumble over.
        if os::forked_from().is_none() {
            self.shared.stop();
        }
    }
}

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
    spin: Duration,
    slow_poll: Duration,
    panic_hook: bool,
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
            spin: spin::DEFAULT,
            slow_poll: Duration::from_millis(100),
            panic_hook: true,
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

    /// Sets the bound of the busy-wait: how long a waiting thread looks for its result before it goes to
    /// sleep. The reactor, when it has run out of work, looks for a part of that. The default is 100 µs; zero
    /// is not at all, and [`Duration::MAX`] is always.
    ///
    /// To wake a thread that sleeps on an idle core takes 25 to 50 µs, each way. A busy-wait saves that where
    /// things happen within the bound; where they do not, it is given up: each call's place in the
    /// source, and the reactor, learn from waits that took longer, and try again once in 64 times. A reactor
    /// without work sleeps. With one core for the process, or a [`Driver`](crate::Driver), there is no busy-wait.
    pub fn spin(mut self, bound: Duration) -> Self {
        self.spin = bound;
        self
    }

    /// Sets from when on a single `poll` is logged as slow: at `warn`, target `crochet`, at most
    /// once a second. The default is 100 ms; zero is every poll, and [`Duration::MAX`] is never.
    pub fn slow_poll(mut self, limit: Duration) -> Self {
        self.slow_poll = limit;
        self
    }

    /// Sets whether the reactor may install its panic hook, from which [`Panic`](crate::Panic) has the
    /// place and the backtrace. The default is true.
    ///
    /// The hook is installed once in a process, by the first reactor that may. It passes every panic
    /// on to the hook that was there before; where a job would have needed the feature `tokio`, it adds a
    /// line on standard error that says so.
    pub fn panic_hook(mut self, install: bool) -> Self {
        self.panic_hook = install;
        self
    }

    /// Starts the reactor. Does not wait for anything.
    ///
    /// # Errors
    ///
    /// [`Error::Setup`] if the thread could not be started, with the system's reason, or its name has a null
    /// byte in it; and [`Error::Forked`].
    pub fn build(self) -> Result<Reactor, Error> {
        self.prepare_process()?;
        self.start()
    }

    /// Starts the reactor in a process that is prepared. Runs no user code.
    pub(crate) fn start(self) -> Result<Reactor, Error> {
        let setup_failed = |error| Error::Setup(Arc::new(error));
        if self.name.contains('\0') {
            let text = "a thread's name may not contain a null byte";
            return Err(setup_failed(io::Error::new(io::ErrorKind::InvalidInput, text)));
        }
        let shared = Arc::new(Shared::new(Life::Running, self.spin, self.slow_poll));
        shared.tokio.start().map_err(setup_failed)?;
        let left = Arc::new(Outcome::new());
        let mut thread = thread::Builder::new().name(self.name);
        if let Some(bytes) = self.stack_size {
            thread = thread.stack_size(bytes);
        }
        let join = thread
            .spawn({
                let (shared, left) = (Arc::clone(&shared), Arc::clone(&left));
                move || driver::run_thread(shared, left)
            })
            .map_err(setup_failed)?;
        let thread = Thread { id: join.thread().id(), left, join: Mutex::new(Some(join)) };
        Ok(Reactor { handle: Arc::new(Handle { shared, thread: Some(thread) }) })
    }

    /// Sets up what belongs to the process, not to a reactor: once, or again where it failed. May run
    /// user code: wakers of other users of async-io.
    pub(crate) fn prepare_process(&self) -> Result<(), Error> {
        check_not_forked()?;
        os::mark_process().map_err(|setup_pid| Error::Forked { setup_pid })?;
        os::watch_forks().map_err(|error| Error::Setup(Arc::new(error)))?;
        // async-io panics where it cannot start (no file descriptor, no thread): here, where that can
        // be reported, and not inside the first job. Its `block_on` would not do: it has a guard that
        // tries again, and a second panic while unwinding ends the process.
        let start_async_io = || {
            let mut timer = Timer::after(Duration::from_secs(60));
            let _ = Pin::new(&mut timer).poll(&mut Context::from_waker(Waker::noop()));
        };
        catch(start_async_io).map_err(|panic| {
            let reason = panic.message().unwrap_or("async-io could not be started");
            Error::Setup(Arc::new(io::Error::other(reason)))
        })?;
        if self.panic_hook {
            install_hook();
        }
        Ok(())
    }
}
