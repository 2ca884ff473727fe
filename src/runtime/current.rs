//! Which thread is running a reactor right now. An exact record, kept by the reactors; nothing is
//! guessed from thread names.

use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

thread_local! {
    /// How many reactors this thread is running: usually none or one, more where a job of one
    /// drives another one (`no_setup`). It has no destructor, so it can be used as long as the
    /// thread runs at all; its address tells this thread from all others that run at the same time.
    static ENTERED: Cell<usize> = const { Cell::new(0) };
}

fn this_thread() -> usize {
    ENTERED.with(|entered| ptr::from_ref(entered).addr())
}

/// The thread that is running one reactor, if any is.
pub(crate) struct RunBy {
    /// See [`this_thread`]; or [`NO_THREAD`](Self::NO_THREAD). ORDERING: Relaxed. A thread compares
    /// it with its own, which no other thread stores; what other threads see is only reported.
    thread: AtomicUsize,
}

impl RunBy {
    pub(crate) const NO_THREAD: usize = 0;

    pub(crate) const fn no_thread() -> Self {
        Self { thread: AtomicUsize::new(Self::NO_THREAD) }
    }

    /// This thread counts as the thread of the reactor, until the returned guard is dropped.
    pub(crate) fn enter(&self) -> Enter<'_> {
        Enter { run_by: self, before: self.enter_for_good() }
    }

    /// This thread counts as the thread of the reactor from now on, until [`leave`](Self::leave).
    /// Returns what `leave` should go back to.
    pub(crate) fn enter_for_good(&self) -> usize {
        ENTERED.set(ENTERED.get() + 1);
        self.thread.swap(this_thread(), Ordering::Relaxed)
    }

    pub(crate) fn leave(&self, before: usize) {
        ENTERED.set(ENTERED.get() - 1);
        self.thread.store(before, Ordering::Relaxed);
    }

    pub(crate) fn is_this_thread(&self) -> bool {
        self.thread.load(Ordering::Relaxed) == this_thread()
    }

    pub(crate) fn is_no_thread(&self) -> bool {
        self.thread.load(Ordering::Relaxed) == Self::NO_THREAD
    }
}

/// While it lives, this thread counts as the thread of the reactor.
pub(crate) struct Enter<'a> {
    run_by: &'a RunBy,
    before: usize,
}

impl Drop for Enter<'_> {
    fn drop(&mut self) {
        self.run_by.leave(self.before);
    }
}

/// Tells whether this thread is a reactor thread: the global one's or that of a [`Reactor`] of your
/// own. Never blocks.
///
/// On such a thread the blocking calls return [`Error::OnReactorThread`] if it is their own
/// reactor's. With a [`Driver`], it is the thread that is polling [`Driver::run`], while it does
/// so.
///
/// # Examples
///
/// ```
/// use crochet::Error;
/// use std::time::Duration;
///
/// assert!(!crochet::in_reactor());
/// let minute = Duration::from_secs(60);
/// let inside = crochet::wait_for(minute, async { Ok::<_, Error>(crochet::in_reactor()) });
/// assert!(inside.unwrap());
/// ```
///
/// [`Reactor`]: crate::Reactor
/// [`Driver`]: crate::Driver
/// [`Driver::run`]: crate::Driver::run
/// [`Error::OnReactorThread`]: crate::Error::OnReactorThread
pub fn in_reactor() -> bool {
    ENTERED.get() > 0
}
