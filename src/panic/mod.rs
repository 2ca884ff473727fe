//! The panic policy, whole: user code runs inside [`catch`], and what it panicked with becomes a
//! [`Panic`], which carries what the panic hook saw.
//!
//! ShortLocation and backtrace exist only while the panic hook runs, so the crate chains a hook of its own in
//! front of the one it finds ([`install_hook`]). The hook leaves a note for the [`catch`] around it, on
//! the same thread; on every other thread it does nothing but pass the panic on.

pub(crate) mod abort;
mod hint;

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::io::{self, Write};
use std::mem;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::thread;

use self::hint::hint;

/// What a job panicked with: the payload, its text, the place and, if asked for, the backtrace.
///
/// A backtrace is taken where `RUST_BACKTRACE` or `RUST_LIB_BACKTRACE` is set, as for any other panic.
/// ShortLocation and backtrace come from a panic hook that the reactor installs when it starts; without it
/// ([`Builder::panic_hook`](crate::Builder::panic_hook)) they are `None`. Clones share one payload.
///
/// # Examples
///
/// ```
/// use crochet::Error;
/// use std::time::Duration;
///
/// let result = crochet::run_in_reactor(|| async {
///     if true {
///         panic!("out of yarn");
///     }
///     Ok::<_, Error>(())
/// });
/// let Err(Error::Panicked(panic)) = result.wait(Duration::from_secs(60)) else { panic!() };
/// assert_eq!(panic.message(), Some("out of yarn"));
/// assert_eq!(panic.location().unwrap().file(), file!());
/// ```
#[derive(Clone)]
pub struct Panic {
    inner: Arc<Inner>,
}

struct Inner {
    /// Taken by the first [`Panic::resume`]. `Mutex`, because a payload need not be `Sync`.
    payload: Mutex<Option<Box<dyn Any + Send>>>,
    message: Option<String>,
    note: Option<Note>,
}

impl Panic {
    fn new(payload: Box<dyn Any + Send>, note: Option<Note>) -> Self {
        let message = message_of(&*payload).map(str::to_owned);
        // A note with other words is that of an earlier panic which the job caught itself.
        let note = note.filter(|note| note.message == message);
        Self { inner: Arc::new(Inner { payload: Mutex::new(Some(payload)), message, note }) }
    }

    /// Returns the panic's text; `None` if the payload is neither `&str` nor `String`.
    pub fn message(&self) -> Option<&str> {
        self.inner.message.as_deref()
    }

    /// What helps against it, if this crate knows.
    fn hint(&self) -> Option<&'static str> {
        self.message().and_then(hint)
    }

    /// Returns where the panic was raised; `None` if no hook saw it, as with
    /// [`resume_unwind`](std::panic::resume_unwind).
    pub fn location(&self) -> Option<&PanicLocation> {
        self.inner.note.as_ref()?.location.as_ref()
    }

    /// Returns the backtrace of the panic itself; `None` unless `RUST_BACKTRACE` or
    /// `RUST_LIB_BACKTRACE` asks for it.
    pub fn backtrace(&self) -> Option<&Backtrace> {
        let note = self.inner.note.as_ref()?;
        Some(&note.backtrace).filter(|trace| trace.status() == BacktraceStatus::Captured)
    }

    /// Goes on with the panic on this thread, with the job's own payload. The panic hook is not run
    /// again.
    ///
    /// Where clones were made, the first to resume has the payload itself; the others resume with
    /// [`message`](Self::message) as a `String`, or the text of `self` if there is none.
    ///
    /// # Panics
    ///
    /// Always: that is what it is for.
    pub fn resume(self) -> ! {
        let payload = self.inner.payload.lock().unwrap_or_else(PoisonError::into_inner).take();
        let text = || self.message().map_or_else(|| self.to_string(), str::to_owned);
        panic::resume_unwind(payload.unwrap_or_else(|| Box::new(text())))
    }
}

impl Drop for Inner {
    /// Drops the payload, which may panic in turn. That must not hit whoever lets go last: the reactor
    /// thread, outside any `catch`, or a thread that is unwinding.
    fn drop(&mut self) {
        let payload = self.payload.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Err(another) = panic::catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            // It may do the same, for ever.
            mem::forget(another);
        }
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Panic");
        shown
            .field("message", &self.message())
            .field("location", &self.location().map(ToString::to_string));
        if let Some(hint) = self.hint() {
            shown.field("hint", &hint);
        }
        shown.finish_non_exhaustive()
    }
}

impl fmt::Display for Panic {
    /// One line: `the job panicked at src/main.rs:5: out of yarn`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the job panicked")?;
        if let Some(at) = self.location() {
            write!(f, " at {}:{}", at.file, at.line)?;
        }
        for (i, line) in self.message().unwrap_or_default().lines().enumerate() {
            write!(f, "{}{}", if i == 0 { ": " } else { " " }, line.trim())?;
        }
        match self.hint() {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

/// Where a panic was raised. The owned counterpart of [`std::panic::Location`], which a panic hook may
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

/// What the hook saw of a panic.
struct Note {
    message: Option<String>,
    location: Option<PanicLocation>,
    backtrace: Backtrace,
}

thread_local! {
    /// How many calls of [`catch`] this thread is inside.
    static CATCHING: Cell<usize> = const { Cell::new(0) };
    /// The last panic inside one of them.
    static NOTE: RefCell<Option<Note>> = const { RefCell::new(None) };
    /// Whether there is a note, which costs less to ask.
    static NOTED: Cell<bool> = const { Cell::new(false) };
}

/// Runs user code; a panic in it ends here.
pub(crate) fn catch<R>(user_code: impl FnOnce() -> R) -> Result<R, Panic> {
    CATCHING.set(CATCHING.get() + 1);
    // The caller treats everything that `user_code` touches as lost when it panicked.
    let result = panic::catch_unwind(AssertUnwindSafe(user_code));
    CATCHING.set(CATCHING.get() - 1);
    match result {
        Err(payload) => Err(Panic::new(payload, lift_note())),
        Ok(value) => {
            // Here, a note is that of a panic which the user code has caught itself; or, in a `Drop` that
            // runs because of a panic, that of this panic, and wanted.
            if NOTED.get() && !thread::panicking() {
                lift_note();
            }
            Ok(value)
        }
    }
}

/// Polls a future; once it is ready, or has panicked, drops it, and returns its output or its panic. Does
/// not unwind.
///
/// Each step is caught by itself. A panic that unwound would drop the future on its way, and if that panicked,
/// too, the process would abort. The first panic is the one that is returned.
pub(crate) fn poll_and_drop<F: Future>(
    mut future: Pin<&mut Option<F>>,
    cx: &mut Context<'_>,
) -> Poll<Result<F::Output, Panic>> {
    let Some(running) = future.as_mut().as_pin_mut() else { return Poll::Pending };
    let output = match catch(|| running.poll(cx)) {
        Ok(Poll::Pending) => return Poll::Pending,
        Ok(Poll::Ready(output)) => Ok(output),
        Err(panic) => Err(panic),
    };
    let dropped = catch(|| future.set(None));
    Poll::Ready(match (output, dropped) {
        (Ok(output), Err(panic)) => {
            let _ = catch(|| drop(output));
            Err(panic)
        }
        (output, _) => output,
    })
}

fn lift_note() -> Option<Note> {
    NOTED.set(false);
    // The thread may be ending, and the note's storage gone.
    NOTE.try_with(|note| note.take()).ok().flatten()
}

/// Chains the hook in front of the one there is. Once a process; later calls do nothing.
pub(crate) fn install_hook() {
    static INSTALLED: Mutex<bool> = Mutex::new(false);
    // `set_hook` panics on a thread that is panicking; a later start will find another time.
    if thread::panicking() {
        return;
    }
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if !*installed {
        let next = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if CATCHING.get() > 0 {
                take_note(info);
            }
            next(info);
            if let Some(hint) = hint_for(info) {
                // After the message to which it belongs, where the usual hook writes that.
                let _ = writeln!(io::stderr(), "note: {hint}");
            }
        }));
        *installed = true;
    }
}

fn take_note(info: &PanicHookInfo<'_>) {
    let note = Note {
        message: message_of(info.payload()).map(str::to_owned),
        location: info.location().map(|at| PanicLocation {
            file: at.file().to_owned(),
            line: at.line(),
            column: at.column(),
        }),
        backtrace: Backtrace::capture(),
    };
    // Neither lost storage (the thread ends) nor a note that is being replaced may panic here: a panic
    // in a panic hook aborts the process.
    let _ = NOTE.try_with(|place| place.try_borrow_mut().map(|mut place| *place = Some(note)));
    NOTED.set(true);
}

/// What helps against a panic in a job, if this crate knows.
fn hint_for(info: &PanicHookInfo<'_>) -> Option<&'static str> {
    if CATCHING.get() == 0 {
        return None;
    }
    message_of(info.payload()).and_then(hint)
}

fn message_of(payload: &(dyn Any + Send)) -> Option<&str> {
    match payload.downcast_ref::<&'static str>() {
        Some(text) => Some(text),
        None => payload.downcast_ref::<String>().map(String::as_str),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_resume_with_the_text_once_the_payload_is_taken() {
        let caught = |panic: Panic| catch(|| -> () { panic.resume() }).unwrap_err();
        let panic = catch(|| -> () { panic::resume_unwind(Box::new(7_u8)) }).unwrap_err();
        let first = caught(panic.clone());
        assert_eq!(first.message(), None);
        let payload = first.inner.payload.lock().unwrap().take().unwrap();
        assert_eq!(payload.downcast_ref::<u8>(), Some(&7));
        assert_eq!(caught(panic).message(), Some("the job panicked"));
    }

    #[test]
    fn the_text_is_one_line() {
        let panic = catch(|| -> () { panic::resume_unwind(Box::new("a\n  b\n")) }).unwrap_err();
        assert_eq!(panic.to_string(), "the job panicked: a b");
    }
}
