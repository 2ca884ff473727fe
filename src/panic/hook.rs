//! The panic hook: what it notes of a panic, for the [`catch`](super::catch) around it.

use std::any::Any;
use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::{self, Write};
use std::panic::{self, PanicHookInfo};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::panic::hint::hint;

/// Where a panic was raised: an owned copy of the [`std::panic::Location`], which a panic hook may
/// not keep.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PanicLocation {
    file: String,
    line: u32,
    column: u32,
}

impl PanicLocation {
    /// Returns the name of the source file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Returns the line, counted from 1.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// Returns the column, counted from 1.
    pub fn column(&self) -> u32 {
        self.column
    }
}

impl fmt::Display for PanicLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// What the hook has noted of a panic.
pub(super) struct Note {
    pub(super) message: Option<String>,
    pub(super) location: Option<PanicLocation>,
    pub(super) backtrace: Backtrace,
}

thread_local! {
    /// How many calls of `catch` this thread is inside.
    static CATCHING: Cell<usize> = const { Cell::new(0) };
    /// The last panic inside one of them.
    static NOTE: RefCell<Option<Note>> = const { RefCell::new(None) };
    /// Whether there is a note, which is cheaper to read than the note.
    static NOTED: Cell<bool> = const { Cell::new(false) };
}

/// A call of `catch` on this thread.
pub(super) struct Catching(());

impl Catching {
    #[inline]
    pub(super) fn enter() -> Self {
        CATCHING.set(CATCHING.get() + 1);
        Self(())
    }

    /// Ends the call, whose user code has returned.
    #[inline]
    pub(super) fn leave(self) {
        CATCHING.set(CATCHING.get() - 1);
        if NOTED.get() {
            drop_note();
        }
    }

    /// Ends the call, whose user code has panicked. Returns the note of that panic.
    #[cold]
    pub(super) fn leave_with_note(self) -> Option<Note> {
        CATCHING.set(CATCHING.get() - 1);
        take_note()
    }
}

/// Drops the note of a panic that the user code has caught itself.
#[cold]
fn drop_note() {
    // While this thread unwinds, the note is that of the panic it unwinds with, and the user code
    // has run in a `Drop`: a `catch` further out needs the note.
    if !thread::panicking() {
        take_note();
    }
}

fn take_note() -> Option<Note> {
    NOTED.set(false);
    // At the end of the thread the thread-local may be gone.
    NOTE.try_with(|note| note.take()).ok().flatten()
}

/// Installs the hook in front of the current one. Happens once per process; later calls do nothing.
pub(crate) fn install_hook() {
    // LOCKING: held while the hook is exchanged, so that this happens once. Runs no
    // user code.
    static INSTALLED: Mutex<bool> = Mutex::new(false);
    // `set_hook` panics on a thread that is panicking; the next start of a reactor tries again.
    if thread::panicking() {
        return;
    }
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if !*installed {
        let next = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if CATCHING.get() > 0 {
                leave_note(info);
            }
            next(info);
            if let Some(hint) = hint_for(info) {
                // Written after the message it refers to, and to where the default hook writes
                // that.
                let _ = writeln!(io::stderr(), "note: {hint}");
            }
        }));
        *installed = true;
    }
}

fn leave_note(info: &PanicHookInfo<'_>) {
    let note = Note {
        message: message_of(info.payload()).map(str::to_owned),
        location: info.location().map(|at| PanicLocation {
            file: at.file().to_owned(),
            line: at.line(),
            column: at.column(),
        }),
        backtrace: Backtrace::capture(),
    };
    // A panic in a panic hook aborts the process. So neither a destroyed thread-local (the thread
    // is ending) nor a borrowed one (the old note is being replaced) may panic here.
    let _ = NOTE.try_with(|last| last.try_borrow_mut().map(|mut last| *last = Some(note)));
    NOTED.set(true);
}

/// Returns advice against a panic of a job, where this crate has any.
fn hint_for(info: &PanicHookInfo<'_>) -> Option<&'static str> {
    if CATCHING.get() == 0 {
        return None;
    }
    message_of(info.payload()).and_then(hint)
}

/// Returns the text of a panic, if its payload is one.
pub(super) fn message_of(payload: &(dyn Any + Send)) -> Option<&str> {
    match payload.downcast_ref::<&'static str>() {
        Some(text) => Some(text),
        None => payload.downcast_ref::<String>().map(String::as_str),
    }
}
