//! What the crate itself has to say, to the `log` crate, target `crochet`.

use std::fmt;

use crate::panic::catch;

/// Logs. A logger, or a `Debug` among the arguments, that panics does no harm. Never called with a lock
/// of the crate held: a logger may call into the crate.
pub(crate) fn log(level: log::Level, text: fmt::Arguments<'_>) {
    let _ = catch(|| log::log!(target: "crochet", level, "{text}"));
}
