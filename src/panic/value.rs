//! [`Panic`]: what a job panicked with.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt;
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::panic::hint::hint;
use crate::panic::hook::{Note, PanicLocation, message_of};
use crate::text::Escaped;

/// The panic of a job: its payload, its message, its location and, on request, its backtrace.
///
/// A backtrace is captured if `RUST_BACKTRACE` or `RUST_LIB_BACKTRACE` is set, as for any other
/// panic. Location and backtrace come from a panic hook that the reactor installs when it starts;
/// without that hook ([`Builder::panic_hook`](crate::Builder::panic_hook)) they are `None`. Clones
/// share one payload.
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
    /// Taken by the first [`Panic::resume`]. In a `Mutex`, because a payload need not be `Sync`.
    payload: Mutex<Option<Payload>>,
    message: Option<String>,
    note: Option<Note>,
}

impl Panic {
    pub(super) fn new(payload: Payload, note: Option<Note>) -> Self {
        let message = message_of(&*payload).map(str::to_owned);
        // A note with another message belongs to an earlier panic, which the job has caught itself.
        let note = note.filter(|note| note.message == message);
        Self { inner: Arc::new(Inner { payload: Mutex::new(Some(payload)), message, note }) }
    }

    /// Returns the panic's message; `None` if the payload is neither `&str` nor `String`.
    pub fn message(&self) -> Option<&str> {
        self.inner.message.as_deref()
    }

    /// Returns advice against the panic, where this crate has any.
    fn hint(&self) -> Option<&'static str> {
        self.message().and_then(hint)
    }

    /// Returns where the panic was raised; `None` if it did not pass the hook, as with
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

    /// Re-raises the panic on this thread, with the job's own payload, and without running the
    /// panic hook again.
    ///
    /// Of several clones, the first to resume has the payload itself; the others resume with the
    /// [`message`](Self::message) as a `String`, or, without a message, with the text of `self`.
    ///
    /// # Panics
    ///
    /// Always.
    pub fn resume(self) -> ! {
        let payload = self.inner.payload.lock().unwrap_or_else(PoisonError::into_inner).take();
        let text = || self.message().map_or_else(|| self.to_string(), str::to_owned);
        panic::resume_unwind(payload.unwrap_or_else(|| Box::new(text())))
    }
}

/// What a thread panics with.
pub(crate) type Payload = Box<dyn Any + Send>;

/// Drops a payload; a plain drop where it is not set.
static DROP_PAYLOAD: OnceLock<fn(Payload)> = OnceLock::new();

/// Has all payloads dropped by `drop`, which may unwind. Called with the same function each time.
pub(crate) fn drop_payloads_by(drop: fn(Payload)) {
    DROP_PAYLOAD.get_or_init(|| drop);
}

impl Drop for Inner {
    /// Drops the payload, and catches a panic of its `Drop`: the last clone may be dropped by the
    /// reactor thread, outside any `catch`, or by a thread that is unwinding.
    fn drop(&mut self) {
        let payload = self.payload.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let Some(payload) = payload else { return };
        let drop_payload = || match DROP_PAYLOAD.get() {
            Some(by) => by(payload),
            None => drop(payload),
        };
        if let Err(another) = panic::catch_unwind(AssertUnwindSafe(drop_payload)) {
            // Its drop could panic in turn, and so could that panic's payload.
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
    /// Writes one line: `the job panicked at src/main.rs:5: out of yarn`. Line breaks in the
    /// message become spaces, and other control characters are escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the job panicked")?;
        if let Some(at) = self.location() {
            write!(f, " at {}:{}", Escaped(at.file()), at.line())?;
        }
        for (i, line) in self.message().unwrap_or_default().lines().enumerate() {
            write!(f, "{}{}", if i == 0 { ": " } else { " " }, Escaped(line.trim()))?;
        }
        match self.hint() {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panic::catch;

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

    #[test]
    fn the_text_cannot_control_a_terminal() {
        let words = "\x1b[2Jall is\rwell\u{2028}";
        let panic = catch(|| -> () { panic::resume_unwind(Box::new(words)) }).unwrap_err();
        assert_eq!(panic.to_string(), "the job panicked: \\u{1b}[2Jall is\\rwell");
        assert_eq!(panic.message(), Some(words));
    }
}
