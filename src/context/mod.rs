//! What other crates expect to find around a poll: a tokio runtime's context, and tracing's current span.
//!
//! Each is a feature. Without it, its part below is empty, and so is the code that calls it: the rest of the
//! crate knows of no feature.

#[cfg(feature = "tokio")]
mod tokio;
#[cfg(feature = "tracing")]
mod tracing;

#[cfg(feature = "tokio")]
pub(crate) use self::tokio::{Tokio, in_tokio};
#[cfg(feature = "tracing")]
pub(crate) use self::tracing::Span;

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
pub(crate) use no_tokio::{Tokio, in_tokio};

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
