//! The helpers that this suite uses, of those that all suites share.

#[cfg(unix)]
#[path = "../support/fork.rs"]
pub(crate) mod fork;
#[cfg(target_os = "linux")]
#[path = "../support/kernel.rs"]
pub(crate) mod kernel;
#[path = "../support/scripted.rs"]
pub(crate) mod scripted;
#[path = "../support/mod.rs"]
mod shared;
#[cfg(target_os = "linux")]
#[path = "../support/signal.rs"]
pub(crate) mod signal;

pub(crate) use shared::*;
