//! [`InReactor`]: a value that stays on the reactor thread.
//!
//! Written on the public API. The value is owned by a *keeper*, a job that waits for ever: so it is dropped on
//! the reactor thread, be it with the handle or with the reactor. Each call is a job of its own, with its
//! own place, timeout and panic. It finds the value through a thread-local of the reactor thread, as neither
//! the value nor anything that refers to it can be sent there.

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
use crate::error::Error;
use crate::reactor::handle::Reactor;

thread_local! {
    /// The values of this thread's values, by id. Borrowed to look one up, never while user code runs. It
    /// does not own them: the keepers do.
    static VALUES: RefCell<HashMap<u64, Weak<dyn Any>>> = RefCell::default();
}

/// A value that lives on the reactor thread, and is used there by calls that block; it need not be `Send`.
///
/// This is how a client that is made of `Rc`s, or must stay on the thread on which it was made, gets a plain
/// blocking interface for all threads: keep an `InReactor` in a private field, and have each method be one
/// call of [`with`](Self::with). The example `dictionary` is one.
///
/// Dropping it has the value dropped on the reactor thread, at that thread's next chance; it does not wait for
/// that. A shutdown of the reactor drops the value, too, and from then on all calls return
/// [`Error::ReactorStopped`], even if a fresh global reactor is started. While there is one of these, a
/// [`Reactor`] of one's own is not stopped by dropping its last handle.
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
    /// There is no `T` in here, so this is `Send` and `Sync` whatever `T` is. Invariant, as calls get `&mut T`.
    value: PhantomData<fn(T) -> T>,
}

impl<T: 'static> InReactor<T> {
    /// Makes a value on the global reactor's thread, and blocks until it is made. The reactor is started if
    /// need be.
    ///
    /// `make` is called on the reactor thread, so it has to be `Send`, but neither its future nor the value
    /// need be. [`Duration::ZERO`] leaves no time to make anything, [`Duration::MAX`] waits for ever.
    ///
    /// # Cancellation
    ///
    /// When `timeout` has passed, the job is cancelled, and what it has made is dropped on the reactor thread.
    ///
    /// # Errors
    ///
    /// The future's own, and through `E::from` those of [`EventualResult::join`] and [`Reactor::global`].
    ///
    /// # Panics
    ///
    /// If `make` or its future panics: that panic goes on here, with the same payload.
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
        Self::on(&Reactor::global()?, timeout, make)
    }

    /// Makes a value on the thread of a reactor of one's own. As [`new`](Self::new).
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new).
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
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
            let place =
                Rc::new(LocalValue::<T> { value: RefCell::new(None), mutex: FairMutex::default() });
            let _listed = Listed::new(id, &place);
            future::pending().await
        });
        // From here on, whatever happens, the keeper goes when this goes.
        let this = Self { id, reactor: reactor.clone(), keeper, value: PhantomData };
        // One thread's jobs start in order, so the keeper is there when this starts.
        this.run(timeout, async move |value| {
            *value = Some(make().await?);
            Ok::<_, E>(())
        })?;
        Ok(this)
    }

    /// Calls `call` on the reactor thread with the value, and blocks until its future is done, and returns the
    /// result, or until `timeout` has passed.
    ///
    /// Calls take turns: while one has the value, later ones wait, across its `await`s. Their order is that in
    /// which they were submitted, as far as one thread's calls go. Jobs that do not use the value run on
    /// meanwhile.
    ///
    /// `call` has to be `Send`, as it goes to the reactor thread; its future need not be. It may not borrow from
    /// the caller, because then a timeout would have to wait for the reactor thread to let go of it; move
    /// in what it uses. [`Duration::ZERO`] leaves no time for the call, [`Duration::MAX`] waits for ever.
    ///
    /// # Cancellation
    ///
    /// When `timeout` has passed, the call is cancelled: its future is dropped on the reactor thread, at the
    /// `await` it is at, or it never gets its turn. The value stays, in the state in which that future left it,
    /// for the calls that come after.
    ///
    /// # Errors
    ///
    /// The call's own, and through `E::from`: [`Error::TimedOut`], [`Error::ReactorStopped`] if the reactor
    /// is stopped, [`Error::OnReactorThread`] at once on the reactor thread itself, which thus cannot wait for
    /// its own turn; [`Error::Forked`] in a forked child.
    ///
    /// # Panics
    ///
    /// If the call panics: its panic goes on here, with the same payload. It concerns no other call. The value
    /// stays as the panic left it: nothing is poisoned.
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
    ///         let mut mutex = String::new();
    ///         lines.read_line(&mut mutex).await?;
    ///         Ok::<_, io::Error>(mutex)
    ///     })
    /// };
    /// assert_eq!(next()?, "knit\n");
    /// assert_eq!(next()?, "purl\n");
    /// # Ok::<(), io::Error>(())
    /// ```
    ///
    /// What the call uses has to be `Send`:
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
    /// So has what it returns: the value does not get out.
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
    /// And it may not borrow:
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

    /// [`with`](Self::with), where the value may be yet to be made.
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
            reason = "whoever has the turn is alone with it"
        )]
        let use_value = move || async move {
            // The keeper goes before its calls only where the reactor stops.
            let place = find::<T>(id).ok_or(Error::ReactorStopped)?;
            let _guard = place.mutex.lock().await;
            let mut value = place.value.borrow_mut();
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

/// Where a value is, on the reactor thread. It is owned by the keeper, and by the calls that have begun.
struct LocalValue<T> {
    /// `None` until it is made.
    value: RefCell<Option<T>>,
    mutex: FairMutex,
}

/// While it lives, calls find the place.
struct Listed(u64);

impl Listed {
    fn new<T: 'static>(id: u64, place: &Rc<LocalValue<T>>) -> Self {
        let place: Weak<dyn Any> = Rc::<LocalValue<T>>::downgrade(place);
        VALUES.with_borrow_mut(|values| values.insert(id, place));
        Self(id)
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        // The storage is gone where a destructor of a thread-local drops a `Driver`.
        let _ = VALUES.try_with(|values| values.borrow_mut().remove(&self.0));
    }
}

fn find<T: 'static>(id: u64) -> Option<Rc<LocalValue<T>>> {
    let place = VALUES.with_borrow(|values| values.get(&id)?.upgrade())?;
    place.downcast().ok()
}
