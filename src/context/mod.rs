//! What other crates expect to find around a poll: a tokio runtime's context, and tracing's current span.
//!
//! Each is a feature. Without it, its part below is empty, and so is the code that calls it: the rest of the
//! crate knows of no feature.

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

/// Calls `f` on this thread: with the feature `tokio` in the context of a tokio runtime, without it as it is. Blocks as
/// long as `f` does.
///
/// This is for what an async library makes in a job, and an ordinary thread uses or drops later. A pooled connection
/// or a transaction starts a task in its `Drop`, which panics on a thread that is in no runtime's context. So drop it
/// in here, or keep it in a [`Held`](crate::Held), which does the same wherever it is dropped. Other functions of such
/// a library that are not `async`, and yet expect a runtime, can be called here, too.
///
/// The runtime is the one that jobs are in, which this starts if need be. A thread that is in the context of another
/// one already stays in that. In a forked child there is no runtime, and `f` is just called.
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
/// This is the crate's one rule for drops: **what is the user's is dropped in the context of a tokio runtime**,
/// where that feature is on. A future, a closure, a result, an error, a panic's payload, a stream: each may hold a
/// value whose `Drop` starts a task. What a reactor thread drops is in the context of its reactor (see `tokio.rs`).
/// Every other drop goes through here, or through [`Tokio::drop_within`] where it is known which reactor the value
/// is from, or through the `Drop` of a [`Held`](held::Held) value.
pub(crate) fn drop_in_context<T>(value: T) {
    if mem::needs_drop::<T>() {
        in_tokio(|| drop(value));
    }
}

impl Tokio {
    /// Drops a value of the user's in the context of this reactor's runtime. See [`drop_in_context`].
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

    /// Never made, without the feature `tokio`.
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
