//! The surroundings that other crates expect of a poll or a drop: a tokio runtime's context, and
//! tracing's current span.
//!
//! Each is a feature. Without it, the functions below do nothing, so the rest of the crate need not
//! know which features are on.

pub(crate) mod held;
#[cfg(feature = "tokio")]
mod tokio;
#[cfg(feature = "tracing")]
mod tracing;

use std::mem;

#[cfg(feature = "tokio")]
pub(crate) use self::tokio::{Surroundings, Tokio, in_tokio};
#[cfg(feature = "tracing")]
pub(crate) use self::tracing::Span;

/// Calls `f` on this thread: in the context of a tokio runtime if the feature `tokio` is on, else
/// in no particular one. Blocks for as long as `f` does.
///
/// Use it for values that an async library makes in a job, and an ordinary thread uses or drops
/// later. A pooled connection or a transaction starts a task in its `Drop`, which panics on a
/// thread that is in no runtime's context. Drop it in here, or keep it in a [`Held`](crate::Held),
/// which does the same wherever it is dropped. The library's functions that are not `async`, but
/// expect a runtime, can be called in here as well.
///
/// The runtime is the one that jobs are in; it is started if necessary. A thread that is already in
/// the context of a runtime stays in that context. A forked child has no runtime, so there `f` is
/// just called; the same is true in the last destructors of a thread's thread-locals.
///
/// # Panics
///
/// If `f` does.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "tokio")] {
/// use tokio::runtime::Handle;
///
/// assert!(Handle::try_current().is_err());
/// assert!(crochet::in_context(|| Handle::try_current().is_ok()));
/// # }
/// assert_eq!(crochet::in_context(|| 2 + 2), 4);
/// ```
pub fn in_context<R>(f: impl FnOnce() -> R) -> R {
    in_tokio(f)
}

/// Drops a value of the user's.
///
/// The crate has one rule for drops: **what is the user's is dropped in the context of a tokio
/// runtime**, if that feature is on. A future, a closure, a result, an error, a panic's payload or
/// a stream may each hold a value whose `Drop` starts a task. A reactor thread is in the context of
/// its reactor all the time (see `tokio.rs`). Every other drop goes through this function, through
/// [`Tokio::drop_within`] if it is known which reactor the value comes from, or through the `Drop`
/// of a [`Held`](held::Held) value.
pub(crate) fn drop_in_context<T>(value: T) {
    if mem::needs_drop::<T>() {
        in_tokio(|| drop(value));
    }
}

impl Tokio {
    /// Drops a value of the user's in the context of this reactor's runtime. See
    /// [`drop_in_context`].
    pub(crate) fn drop_within<T>(&self, value: T) {
        if mem::needs_drop::<T>() {
            self.within(|| drop(value));
        }
    }
}

#[cfg(not(feature = "tokio"))]
mod no_tokio {
    use std::io;

    /// Nothing, without the feature `tokio`.
    pub(crate) struct Tokio(());

    impl Tokio {
        pub(crate) fn new() -> Self {
            Self(())
        }

        pub(crate) fn start(&self) -> io::Result<()> {
            Ok(())
        }

        pub(crate) fn start_or_adopt(&self) -> io::Result<()> {
            Ok(())
        }

        pub(crate) fn enter(&self) -> Option<Entered> {
            None
        }

        pub(crate) fn enter_for_good(&self) {}

        pub(crate) fn within<R>(&self, user_code: impl FnOnce() -> R) -> R {
            user_code()
        }
    }

    /// Nothing, without the feature `tokio`.
    #[derive(Clone)]
    pub(crate) struct Surroundings(());

    impl Surroundings {
        pub(crate) fn here() -> Self {
            Self(())
        }

        pub(crate) fn within<R>(&self, user_code: impl FnOnce() -> R) -> R {
            user_code()
        }
    }

    /// Never constructed without the feature `tokio`.
    pub(crate) enum Entered {}

    pub(crate) fn in_tokio<R>(user_code: impl FnOnce() -> R) -> R {
        user_code()
    }
}

#[cfg(not(feature = "tokio"))]
pub(crate) use no_tokio::{Surroundings, Tokio, in_tokio};

#[cfg(not(feature = "tracing"))]
mod no_tracing {
    use std::panic::Location;

    /// Nothing, without the feature `tracing`.
    #[derive(Default)]
    pub(crate) struct Span(());

    impl Span {
        pub(crate) fn of_caller() -> Self {
            Self(())
        }

        pub(crate) fn of_job(_location: &'static Location<'static>) -> Self {
            Self(())
        }

        pub(crate) fn within<R>(&self, user_code: impl FnOnce() -> R) -> R {
            user_code()
        }

        pub(crate) fn close(&mut self) {}
    }
}

#[cfg(not(feature = "tracing"))]
pub(crate) use no_tracing::Span;
