//! Which reactors this thread is running right now. An exact record, kept by the drivers; nothing is
//! guessed from thread names.

use std::cell::RefCell;

thread_local! {
    /// Usually empty, or one reactor; more where a job of one drives another one (`no_setup`).
    static ENTERED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// While it lives, this thread counts as the thread of the reactor.
pub(crate) struct Enter(());

impl Enter {
    pub(crate) fn new(reactor: u64) -> Self {
        // The storage is gone only in destructors of thread-locals, where no reactor is driven.
        let _ = ENTERED.try_with(|entered| entered.borrow_mut().push(reactor));
        Self(())
    }
}

impl Drop for Enter {
    fn drop(&mut self) {
        let _ = ENTERED.try_with(|entered| entered.borrow_mut().pop());
    }
}

/// Is this the thread of that reactor?
pub(crate) fn is_entered(reactor: u64) -> bool {
    ENTERED.try_with(|entered| entered.borrow().contains(&reactor)).unwrap_or(false)
}

/// Tells whether this thread is a reactor thread: the global one's or that of a [`Reactor`] of one's
/// own. Never blocks.
///
/// On such a thread the blocking calls return [`Error::OnReactorThread`] if it is their own reactor's.
/// With a [`Driver`], it is the thread that is polling [`Driver::run`], while it does so.
///
/// # Examples
///
/// ```
/// use crochet::Error;
/// use std::time::Duration;
///
/// assert!(!crochet::in_reactor());
/// let inside = crochet::wait_for(Duration::from_secs(60), async { Ok::<_, Error>(crochet::in_reactor()) });
/// assert!(inside.unwrap());
/// ```
///
/// [`Reactor`]: crate::Reactor
/// [`Driver`]: crate::Driver
/// [`Driver::run`]: crate::Driver::run
/// [`Error::OnReactorThread`]: crate::Error::OnReactorThread
pub fn in_reactor() -> bool {
    ENTERED.try_with(|entered| !entered.borrow().is_empty()).unwrap_or(false)
}
