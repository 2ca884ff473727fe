//! The one global reactor, and the functions that start and stop it. `global_jobs.rs` has those that
//! run jobs on it.

use std::cell::RefCell;
use std::panic::Location;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::reactor::builder::{Builder, Prepared};
use crate::reactor::driver::Driver;
use crate::reactor::handle::Reactor;
use crate::runtime::shared::Shared;
use crate::sync::lock;
use crate::sys::at_exit::{self, Step};
use crate::sys::fork::{self, check_not_forked};

/// The global reactor, from a start that worked until a shutdown.
struct Global {
    reactor: Reactor,
    /// The call that started it.
    location: &'static Location<'static>,
    /// Whether the end of `main` stops it.
    end_of_main: bool,
}

/// LOCKING: held while a reactor is started, so that it is started once. No user code runs
/// meanwhile: the process is prepared before. Never locked in a forked child.
static GLOBAL: Mutex<Option<Global>> = Mutex::new(None);

/// One thread's own way to the global reactor. The outer count is not shared between threads.
type CachedGlobal = Rc<Arc<Shared>>;

thread_local! {
    /// The global reactor as this thread last saw it, so that its calls share no lock with other
    /// threads', nor a reference count.
    static CACHED: RefCell<Option<CachedGlobal>> = const { RefCell::new(None) };
}

/// What there already is for a call that wants a reactor; `None` if a fresh one should be started.
type Found = Option<Result<Reactor, Error>>;

impl Global {
    /// What a job finds.
    fn for_job(&self) -> Found {
        let shared = self.reactor.shared();
        if !shared.is_stopping() {
            return Some(Ok(self.reactor.clone()));
        }
        // While a reactor is stopping, all new jobs are refused, those of its own jobs included.
        // After a `Driver`, they are refused until an explicit start: no job starts a thread in an
        // application that runs its reactor itself.
        (!shared.is_ended() || self.reactor.is_driven()).then_some(Err(Error::ReactorStopped))
    }

    /// What an explicit start finds. Unlike a job, it may replace a reactor that is still stopping.
    fn for_setup(&self) -> Found {
        (!self.reactor.shared().is_stopping()).then(|| Ok(self.reactor.clone()))
    }

    /// What an explicit start with settings finds.
    fn for_setup_with(&self) -> Found {
        self.for_setup().map(|_| Err(Error::AlreadySetUp(self.location)))
    }
}

/// Returns the global reactor that `find` finds; if it finds none, starts a fresh one.
fn get_or_start(
    location: &'static Location<'static>,
    find: fn(&Global) -> Found,
    builder: Builder,
    start: fn(Prepared) -> Result<Reactor, Error>,
) -> Result<Reactor, Error> {
    // Before the lock, which is never taken in a forked child.
    fork::mark_process()?;
    let found = lock(&GLOBAL).as_ref().and_then(find);
    if let Some(found) = found {
        return found;
    }
    let end_of_main = builder.stops_at_end_of_main();
    // Not under the lock, as user code runs.
    let prepared = builder.prepare()?;
    let mut global = lock(&GLOBAL);
    if let Some(found) = global.as_ref().and_then(find) {
        return found;
    }
    let reactor = start(prepared)?;
    if end_of_main {
        at_exit::arm(Step::StopReactor, stop_at_end_of_main);
    }
    let over = global.replace(Global { reactor: reactor.clone(), location, end_of_main });
    drop(global);
    drop(over);
    Ok(reactor)
}

/// Returns the global reactor, for a job: the one that is running, or a fresh one.
fn get_or_start_for_job(location: &'static Location<'static>) -> Result<Reactor, Error> {
    get_or_start(location, Global::for_job, Builder::new(), Prepared::start)
}

/// The same, from what this thread remembers where that will do.
pub(crate) fn cached_for_job(location: &'static Location<'static>) -> Result<CachedGlobal, Error> {
    check_not_forked()?;
    // In destructors of thread-locals the storage may be gone; then nothing is remembered.
    let cached = CACHED.try_with(|cached| cached.borrow().clone()).ok().flatten();
    if let Some(shared) = cached.filter(|shared| !shared.is_stopping()) {
        return Ok(shared);
    }
    let shared = Rc::new(Arc::clone(get_or_start_for_job(location)?.shared()));
    let _ = CACHED.try_with(|cached| cached.replace(Some(Rc::clone(&shared))));
    Ok(shared)
}

/// Returns the global reactor, if there is one, in whatever state.
pub(super) fn current() -> Option<Reactor> {
    lock(&GLOBAL).as_ref().map(|global| global.reactor.clone())
}

/// Stops the global reactor at the end of `main`. Other thread-locals may be gone, so this only
/// asks, and waits on a condition variable.
fn stop_at_end_of_main(end: Option<Instant>) {
    // A reactor that the end of `main` leaves alone may have replaced one for which this was armed.
    let to_stop = |global: &Global| global.end_of_main.then(|| global.reactor.clone());
    let reactor = lock(&GLOBAL).as_ref().and_then(to_stop);
    if let Some(reactor) = reactor {
        reactor.stop_until(end);
    }
}

/// Starts the global reactor; if it is running, does nothing. Does not wait for jobs.
///
/// The call is optional, because the first job starts the reactor, too. Call it to start the
/// reactor early; it returns an error if the reactor cannot start. It may be called on any thread,
/// any number of times; after [`no_setup`] it does nothing.
///
/// If the reactor is just being [shut down](shutdown), a fresh one is started beside it.
///
/// # Errors
///
/// [`Error::Setup`] if the thread could not be started; the next call tries again.
/// [`Error::Forked`] in a fork of a process that has had a reactor.
///
/// # Examples
///
/// ```
/// crochet::setup()?;
/// crochet::setup()?; // a library may do so as well
/// # Ok::<(), crochet::Error>(())
/// ```
#[track_caller]
pub fn setup() -> Result<(), Error> {
    get_or_start(Location::caller(), Global::for_setup, Builder::new(), Prepared::start).map(drop)
}

/// Starts the global reactor with your own settings. Does not wait for jobs.
///
/// # Errors
///
/// [`Error::AlreadySetUp`] if it is running already, with whatever settings; otherwise those of
/// [`setup`].
///
/// # Examples
///
/// ```
/// use crochet::{Error, Reactor};
/// use std::time::Duration;
///
/// let settings = Reactor::builder().slow_poll(Duration::from_millis(20));
/// crochet::setup_with(settings.clone())?;
/// assert!(matches!(crochet::setup_with(settings), Err(Error::AlreadySetUp(_))));
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn setup_with(builder: Builder) -> Result<(), Error> {
    get_or_start(Location::caller(), Global::for_setup_with, builder, Prepared::start).map(drop)
}

/// Makes the global reactor one that the application drives itself, on its own executor: see
/// [`Driver::run`]. No thread is started for it, and [`setup`] does nothing from then on.
///
/// Call it before anything starts a job: first thing in `main`. Until the driver is run, jobs are
/// queued. After the driver has ended, or was dropped, jobs are refused with
/// [`Error::ReactorStopped`], and no thread is started for them, until an explicit [`setup`],
/// [`setup_with`] or `no_setup` starts the next reactor.
///
/// # Errors
///
/// [`Error::AlreadySetUp`] if the global reactor exists already, started by [`setup`], a job or
/// another `no_setup`; the error names the location. Otherwise those of [`setup`].
///
/// # Examples
///
/// ```
/// use crochet::Error;
///
/// let driver = crochet::no_setup()?;
/// let job = crochet::run_in_reactor(|| async { Ok::<_, Error>(5) });
/// let five = async_io::block_on(driver.run(async { job.await }))?;
/// assert_eq!(five.unwrap(), 5);
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn no_setup() -> Result<Driver, Error> {
    let location = Location::caller();
    let start = |prepared: Prepared| Ok(prepared.start_undriven());
    let reactor = get_or_start(location, Global::for_setup_with, Builder::new(), start)?;
    Ok(Driver::new(Arc::clone(reactor.shared()), location))
}

/// Stops the global reactor, and blocks until its thread has ended or `grace` has passed.
///
/// New jobs are refused, every unfinished job is dropped on the reactor thread, in the order in
/// which they were submitted, and all waits for them end with [`Error::ReactorStopped`]. Then the
/// destructors of the thread's thread-locals run. A later [`setup`] or job starts a fresh reactor;
/// after a [`Driver`], only an explicit start does.
///
/// On the reactor thread itself this call only asks the reactor to stop, and returns at once. If
/// there is no reactor it does nothing, so calling it twice is fine. [`Duration::ZERO`] asks, too,
/// and does not wait: the result is [`Error::TimedOut`], unless the thread has ended already.
/// [`Duration::MAX`] waits for ever.
///
/// Where a [`Driver`] was never run, there is no reactor thread, and the jobs are dropped on this
/// one.
///
/// # Errors
///
/// [`Error::TimedOut`] when `grace` has passed, which names the job that holds the thread, if one
/// does. The reactor goes on stopping, and once it has stopped a later job starts a fresh one, as
/// after any shutdown. [`Error::Interrupted`] inside [`interruptible`](crate::interruptible), with
/// the same effect. [`Error::Forked`] in a forked child.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// let never = crochet::run_in_reactor(|| std::future::pending::<crochet::Result<()>>());
/// crochet::shutdown(Duration::from_secs(60))?;
/// assert!(never.wait(Duration::ZERO).unwrap_err().is_reactor_stopped());
/// # Ok::<(), crochet::Error>(())
/// ```
pub fn shutdown(grace: Duration) -> Result<(), Error> {
    check_not_forked()?;
    let Some(reactor) = current() else { return Ok(()) };
    let result = reactor.shutdown(grace);
    if !reactor.shared().run_by.is_this_thread() {
        // This reactor is over, and its memory is given back. A `setup` may have put another one in
        // its place meanwhile. That of a `Driver` stays, for jobs to be refused.
        let mut global = lock(&GLOBAL);
        let is_over = |global: &mut Global| Arc::ptr_eq(global.reactor.shared(), reactor.shared());
        let over = global.take_if(|global| is_over(global) && !global.reactor.is_driven());
        drop(global);
        drop(over);
    }
    result
}

impl Reactor {
    /// Returns a handle to the global reactor, which is started if need be. Does not wait for jobs.
    ///
    /// It is a handle to the reactor that runs now: after a shutdown it does not start another one,
    /// as the free functions do.
    ///
    /// # Errors
    ///
    /// [`Error::Setup`] if it could not be started, [`Error::ReactorStopped`] while it is being
    /// shut down, and [`Error::Forked`].
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
        get_or_start_for_job(Location::caller())
    }
}
