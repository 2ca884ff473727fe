//! [`InReactor`]: a value that stays on the reactor thread.
//!
//! The value is owned by a *keeper*, a job that waits for ever. So the value is dropped on the
//! reactor thread, both when the handle is dropped and when the reactor stops. Each call is a job
//! too, with its own location, timeout and panic. A call finds the value through a thread-local of
//! the reactor thread, because neither the value nor a reference to it can be sent there.

use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::future::{self, Future};
use std::marker::PhantomData;
use std::rc::{Rc, Weak};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::bridge::fair_mutex::FairMutex;
use crate::caller::eventual::EventualResult;
use crate::context::drop_in_context;
use crate::error::Error;
use crate::reactor::handle::Reactor;

thread_local! {
    /// The values that live on this thread, by id. The keepers own them. Borrowed to look one up,
    /// never while user code runs.
    static VALUES: RefCell<HashMap<u64, Weak<dyn Any>>> = RefCell::default();
}

/// Owns a value that lives on the reactor thread and need not be `Send`; calls from any thread use
/// it, and block.
///
/// A client that is made of `Rc`s, or must stay on the thread that made it, gets a blocking
/// interface for all threads this way: keep an `InReactor` in a private field, and make each method
/// one call of [`with`](Self::with). The program `examples/dictionary.rs` does so.
///
/// Dropping an `InReactor` makes the reactor thread drop the value as soon as that thread is free,
/// and does not wait for it. When the reactor is shut down, the value is dropped too; from then on
/// all calls return [`Error::ReactorStopped`], even after a fresh global reactor has started. An
/// `InReactor` holds a handle to its [`Reactor`], which therefore does not stop when the last other
/// handle is dropped.
///
/// # Examples
///
/// ```
/// use crochet::{Error, InReactor};
/// use std::{cell::RefCell, rc::Rc, thread, time::Duration};
///
/// const TIMEOUT: Duration = Duration::from_secs(60);
///
/// let words = InReactor::new(TIMEOUT, || async {
///     Ok::<_, Error>(Rc::new(RefCell::new(Vec::new()))) // not `Send`
/// })?;
/// let add = |word: &'static str| {
///     words.with(TIMEOUT, async move |words| {
///         words.borrow_mut().push(word);
///         Ok::<_, Error>(())
///     })
/// };
/// thread::scope(|scope| {
///     scope.spawn(|| add("knit").unwrap());
///     scope.spawn(|| add("purl").unwrap());
/// });
/// let count = words.with(TIMEOUT, async |words| Ok::<_, Error>(words.borrow().len()))?;
/// assert_eq!(count, 2);
/// # Ok::<(), Error>(())
/// ```
#[must_use = "dropping it drops the value"]
pub struct InReactor<T> {
    id: u64,
    reactor: Reactor,
    keeper: EventualResult<Infallible>,
    /// The `T` itself is elsewhere, so this type is `Send` and `Sync` for every `T`. Invariant in
    /// `T`, because calls get a `&mut T`.
    value: PhantomData<fn(T) -> T>,
}

impl<T: 'static> InReactor<T> {
    /// Blocks until a value has been made on the global reactor's thread. Starts that reactor if
    /// necessary.
    ///
    /// `make` must be `Send`, because it is called on the reactor thread; its future and the value
    /// need not be. With [`Duration::ZERO`] there is no time to make anything; [`Duration::MAX`]
    /// waits for ever.
    ///
    /// # Cancellation
    ///
    /// When `timeout` has passed, the job is cancelled, and whatever it has made is dropped on the
    /// reactor thread.
    ///
    /// # Errors
    ///
    /// The future's own, and through `E::from` those of [`EventualResult::join`] and
    /// [`Reactor::global`].
    ///
    /// # Panics
    ///
    /// If `make` or its future panics: the same panic is re-raised here, with the same payload.
    ///
    /// # Examples
    ///
    /// ```
    /// use crochet::InReactor;
    /// use std::{io, rc::Rc, time::Duration};
    ///
    /// let refused: io::Result<InReactor<Rc<str>>> =
    ///     InReactor::new(Duration::from_secs(60), || async { Err(io::Error::other("no yarn")) });
    /// assert_eq!(refused.unwrap_err().to_string(), "no yarn");
    /// ```
    #[track_caller]
    pub fn new<C, F, E>(timeout: Duration, make: C) -> Result<Self, E>
    where
        C: FnOnce() -> F + Send + 'static,
        F: Future<Output = Result<T, E>> + 'static,
        E: From<Error> + fmt::Debug + Send + 'static,
    {
        match Reactor::global() {
            Ok(reactor) => Self::on(&reactor, timeout, make),
            Err(error) => {
                drop_in_context(make);
                Err(E::from(error))
            }
        }
    }

    /// Blocks until a value has been made on the thread of this reactor. Like [`new`](Self::new).
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new).
    ///
    /// # Panics
    ///
    /// Those of [`new`](Self::new).
    ///
    /// # Examples
    ///
    /// ```
    /// use crochet::{Error, InReactor, Reactor};
    /// use std::{rc::Rc, time::Duration};
    ///
    /// let reactor = Reactor::new()?;
    /// let word = InReactor::on(&reactor, Duration::from_secs(60), || async {
    ///     Ok::<_, Error>(Rc::<str>::from("purl"))
    /// })?;
    /// let len = word.with(Duration::from_secs(60), async |word| Ok::<_, Error>(word.len()))?;
    /// assert_eq!(len, 4);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn on<C, F, E>(reactor: &Reactor, timeout: Duration, make: C) -> Result<Self, E>
    where
        C: FnOnce() -> F + Send + 'static,
        F: Future<Output = Result<T, E>> + 'static,
        E: From<Error> + fmt::Debug + Send + 'static,
    {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        let keeper = reactor.run_in_reactor(move || async move {
            let local =
                Rc::new(LocalValue::<T> { value: RefCell::new(None), mutex: FairMutex::default() });
            let _registration = Registration::new(id, &local);
            future::pending().await
        });
        // From here on, dropping `this` cancels the keeper, on every way out.
        let this = Self { id, reactor: reactor.clone(), keeper, value: PhantomData };
        // The jobs of one thread start in order, so the keeper has started when this job starts.
        this.run(timeout, async move |value| {
            *value = Some(make().await?);
            Ok::<_, E>(())
        })?;
        Ok(this)
    }

    /// Calls `call` with the value on the reactor thread, and blocks until its future is done or
    /// `timeout` has passed.
    ///
    /// One call at a time has the value, across all of its `await`s; later calls wait for it. They
    /// get the value in the order in which they were submitted, as far as the calls of one thread
    /// go. Jobs that do not use the value run meanwhile.
    ///
    /// `call` must be `Send`, because it goes to the reactor thread; its future need not be. It may
    /// not borrow from the caller: a timeout would then have to wait until the reactor thread gives
    /// up the borrow. Move what it uses into it. With [`Duration::ZERO`] there is no time for the
    /// call; [`Duration::MAX`] waits for ever.
    ///
    /// # Cancellation
    ///
    /// When `timeout` has passed, the call is cancelled: its future is dropped on the reactor
    /// thread, at its current `await`, or it never starts. The value stays for later calls, in the
    /// state in which that future left it.
    ///
    /// # Errors
    ///
    /// The call's own, and through `E::from`: [`Error::TimedOut`], [`Error::ReactorStopped`] if the
    /// reactor is stopped, [`Error::OnReactorThread`] at once on the reactor thread itself, which
    /// would wait for itself; [`Error::Interrupted`] inside
    /// [`interruptible`](crate::interruptible), with the call cancelled; [`Error::Forked`] in a
    /// forked child.
    ///
    /// # Panics
    ///
    /// If the call panics: the same panic is re-raised here, with the same payload. Other calls do
    /// not notice. The value stays as the panic left it; nothing is poisoned.
    ///
    /// # Examples
    ///
    /// ```
    /// use crochet::InReactor;
    /// use futures_lite::{AsyncBufReadExt, io::BufReader};
    /// use std::{io, rc::Rc, time::Duration};
    ///
    /// let lines = InReactor::new(Duration::from_secs(60), || async {
    ///     Ok::<_, io::Error>((Rc::new(()), BufReader::new(&b"knit\npurl\n"[..])))
    /// })?;
    /// let next = || {
    ///     lines.with(Duration::from_secs(60), async |(_, lines)| {
    ///         let mut line = String::new();
    ///         lines.read_line(&mut line).await?;
    ///         Ok::<_, io::Error>(line)
    ///     })
    /// };
    /// assert_eq!(next()?, "knit\n");
    /// assert_eq!(next()?, "purl\n");
    /// # Ok::<(), io::Error>(())
    /// ```
    ///
    /// What the call uses must be `Send`:
    ///
    /// ```compile_fail,E0277
    /// use crochet::{Error, InReactor};
    /// use std::{rc::Rc, time::Duration};
    ///
    /// fn set(to: &InReactor<Rc<str>>, text: Rc<str>) -> Result<(), Error> {
    ///     to.with(Duration::from_secs(1), async move |value| {
    ///         *value = text;
    ///         Ok(())
    ///     })
    /// }
    /// ```
    ///
    /// So must its result, because the value cannot leave the thread:
    ///
    /// ```compile_fail,E0277
    /// use crochet::{Error, InReactor};
    /// use std::{rc::Rc, time::Duration};
    ///
    /// fn get(from: &InReactor<Rc<str>>) -> Result<Rc<str>, Error> {
    ///     from.with(Duration::from_secs(1), async |value| Ok(value.clone()))
    /// }
    /// ```
    ///
    /// The call may not borrow from the caller:
    ///
    /// ```compile_fail,E0521
    /// use crochet::{Error, InReactor};
    /// use std::time::Duration;
    ///
    /// fn push(to: &InReactor<String>, text: &str) -> Result<(), Error> {
    ///     to.with(Duration::from_secs(1), async move |value| {
    ///         value.push_str(text);
    ///         Ok(())
    ///     })
    /// }
    /// ```
    #[track_caller]
    pub fn with<R, E>(
        &self,
        timeout: Duration,
        call: impl AsyncFnOnce(&mut T) -> Result<R, E> + Send + 'static,
    ) -> Result<R, E>
    where
        R: Send + 'static,
        E: From<Error> + fmt::Debug + Send + 'static,
    {
        self.run(timeout, async move |value| match value {
            Some(value) => call(value).await,
            None => Err(E::from(Error::ReactorStopped)),
        })
    }

    /// Like [`with`](Self::with), but also runs before the value has been made.
    #[track_caller]
    fn run<R, E>(
        &self,
        timeout: Duration,
        call: impl AsyncFnOnce(&mut Option<T>) -> Result<R, E> + Send + 'static,
    ) -> Result<R, E>
    where
        R: Send + 'static,
        E: From<Error> + fmt::Debug + Send + 'static,
    {
        let id = self.id;
        #[expect(
            clippy::await_holding_refcell_ref,
            reason = "only the call that holds the mutex borrows the value"
        )]
        let use_value = move || async move {
            // Only a reactor that stops drops the keeper before its calls.
            let local = find::<T>(id).ok_or(Error::ReactorStopped)?;
            let _guard = local.mutex.lock().await;
            let mut value = local.value.borrow_mut();
            call(&mut value).await
        };
        self.reactor.run_in_reactor(use_value).join(timeout)
    }
}

impl<T> fmt::Debug for InReactor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InReactor").field("reactor", &self.reactor).finish_non_exhaustive()
    }
}

impl<T> Drop for InReactor<T> {
    fn drop(&mut self) {
        self.keeper.cancel();
    }
}

/// The value, on the reactor thread. Owned by the keeper and by the calls that have started.
struct LocalValue<T> {
    /// `None` until it is made.
    value: RefCell<Option<T>>,
    mutex: FairMutex,
}

/// An entry in `VALUES`, removed when this is dropped.
struct Registration(u64);

impl Registration {
    fn new<T: 'static>(id: u64, local: &Rc<LocalValue<T>>) -> Self {
        let local: Weak<dyn Any> = Rc::<LocalValue<T>>::downgrade(local);
        VALUES.with_borrow_mut(|values| values.insert(id, local));
        Self(id)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        // The storage is gone if the destructor of a thread-local drops a `Driver`.
        let _ = VALUES.try_with(|values| values.borrow_mut().remove(&self.0));
    }
}

fn find<T: 'static>(id: u64) -> Option<Rc<LocalValue<T>>> {
    let local = VALUES.with_borrow(|values| values.get(&id)?.upgrade())?;
    local.downcast().ok()
}
