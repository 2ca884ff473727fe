//! The stack of scopes that a thread is inside.
//!
//! Here is the `unsafe` of [`interruptible`](crate::interruptible): the reference to its check
//! loses its lifetime on its way into the stack. [`CheckGuard::enter`] has the argument.

use std::cell::{Cell, RefCell};
use std::iter;
use std::marker::PhantomData;
use std::mem::{self, ManuallyDrop};
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::error::{Error, ScopeDeadline};
use crate::panic::abort::AbortOnUnwind;
use crate::sync::deadline;

thread_local! {
    /// The innermost scope of this thread. It has no destructor, so it is there as long as the
    /// thread is.
    static INNERMOST: ManuallyDrop<RefCell<Option<Rc<Scope>>>> =
        const { ManuallyDrop::new(RefCell::new(None)) };
    /// Whether there is one, which costs less to ask.
    static IS_INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// One call of `within` or `interruptible`.
pub(super) struct Scope {
    outer: Option<Rc<Scope>>,
    pub(super) rule: Rule,
}

pub(super) enum Rule {
    /// Calls end at this time; `None` is never.
    Deadline(Option<Instant>, ScopeDeadline),
    Check(Check),
}

/// The check of an `interruptible` scope.
pub(super) struct Check {
    every: Duration,
    /// When the check is asked next; `None` is never.
    due: Cell<Option<Instant>>,
    has_failed: Cell<bool>,
    /// `None` once the scope is over. Borrowed while the check runs.
    ask: RefCell<Option<ErasedCheck>>,
}

/// A check as the scope keeps it: without its types, and without its lifetime. Returns whether the
/// code may go on.
type ErasedCheck = &'static mut dyn FnMut() -> bool;

impl Scope {
    /// This scope and those around it, from the inside out.
    pub(super) fn and_outer(&self) -> impl Iterator<Item = &Scope> {
        iter::successors(Some(self), |scope| scope.outer.as_deref())
    }

    fn checks(&self) -> impl Iterator<Item = &Check> {
        self.and_outer().filter_map(|scope| match &scope.rule {
            Rule::Check(check) => Some(check),
            Rule::Deadline(..) => None,
        })
    }

    /// When the next check is due; `None` is never.
    pub(super) fn due(&self) -> Option<Instant> {
        self.checks().filter_map(|check| check.due.get()).min()
    }

    /// Asks the checks that are due, from the outside in.
    ///
    /// # Errors
    ///
    /// [`Error::Interrupted`] if one of them has failed, now or before.
    pub(super) fn ask(&self, now: Instant) -> Result<(), Error> {
        if let Some(outer) = &self.outer {
            outer.ask(now)?;
        }
        if let Rule::Check(check) = &self.rule {
            if check.due.get().is_some_and(|due| due <= now) && !check.has_failed.get() {
                let _active = Active::set(self.outer.clone());
                check.ask();
            }
        }
        self.look()
    }

    /// Looks whether a check of this scope, or of one around it, has failed.
    ///
    /// # Errors
    ///
    /// [`Error::Interrupted`] if one has.
    pub(super) fn look(&self) -> Result<(), Error> {
        match self.checks().any(|check| check.has_failed.get()) {
            true => Err(Error::Interrupted),
            false => Ok(()),
        }
    }
}

impl Check {
    fn ask(&self) {
        // Nothing below the check can come back here, as its scope is not active while it runs.
        if let Ok(mut ask) = self.ask.try_borrow_mut() {
            if let Some(ask) = &mut *ask {
                self.has_failed.set(!ask());
            }
        }
        self.due.set(deadline(Instant::now(), self.every));
    }
}

/// The innermost scope of this thread.
#[inline]
pub(super) fn innermost() -> Option<Rc<Scope>> {
    if !IS_INSIDE.get() {
        return None;
    }
    INNERMOST.with(|innermost| innermost.borrow().clone())
}

fn replace_innermost(scope: Option<Rc<Scope>>) -> Option<Rc<Scope>> {
    IS_INSIDE.set(scope.is_some());
    INNERMOST.with(|innermost| innermost.replace(scope))
}

/// Makes a scope the innermost one, until it is dropped.
pub(super) struct Active {
    before: Option<Rc<Scope>>,
}

impl Active {
    pub(super) fn set(scope: Option<Rc<Scope>>) -> Self {
        Self { before: replace_innermost(scope) }
    }

    /// Enters a scope with this rule.
    pub(super) fn enter(rule: Rule) -> Self {
        Self::set(Some(Rc::new(Scope { outer: innermost(), rule })))
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        drop(replace_innermost(self.before.take()));
    }
}

/// An active scope with a check, which it keeps borrowed. When this has been dropped, the check is
/// nowhere else.
pub(super) struct CheckGuard<'a> {
    scope: Rc<Scope>,
    _active: Active,
    check: PhantomData<&'a mut ()>,
}

impl<'a> CheckGuard<'a> {
    /// Enters a scope with this check.
    ///
    /// # Safety
    ///
    /// The returned value must not be forgotten: its `drop` must have run before `'a` ends.
    #[expect(unsafe_code, reason = "erases a lifetime; argued below")]
    pub(super) unsafe fn enter(every: Duration, check: &'a mut (dyn FnMut() -> bool + 'a)) -> Self {
        // SAFETY: only the lifetime changes. The reference goes into `Check::ask` and nowhere else:
        // it is used there, while the cell is borrowed, and never copied out. Our caller promises
        // that `drop` runs before `'a` ends, which empties the cell, wherever the `Rc<Scope>` still
        // is. All this happens on one thread, as an `Rc` cannot leave it. Were the cell borrowed at
        // that time, because the check has not returned, the process would end.
        let ask =
            unsafe { mem::transmute::<&'a mut (dyn FnMut() -> bool + 'a), ErasedCheck>(check) };
        let rule = Rule::Check(Check {
            every,
            due: Cell::new(deadline(Instant::now(), every)),
            has_failed: Cell::new(false),
            ask: RefCell::new(Some(ask)),
        });
        let scope = Rc::new(Scope { outer: innermost(), rule });
        let active = Active::set(Some(Rc::clone(&scope)));
        Self { scope, _active: active, check: PhantomData }
    }
}

impl Drop for CheckGuard<'_> {
    fn drop(&mut self) {
        if let Rule::Check(check) = &self.scope.rule {
            let abort = AbortOnUnwind::arm();
            check.ask.replace(None);
            abort.disarm();
        }
    }
}
