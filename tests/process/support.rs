//! The helpers that this suite uses, of those that all suites share.

#[cfg(unix)]
#[path = "../support/fork.rs"]
#[allow(dead_code, reason = "this suite uses some of it")]
pub(crate) mod fork;
#[path = "../support/programs.rs"]
pub(crate) mod programs;
#[path = "../support/mod.rs"]
#[allow(dead_code, unused_imports, unused_macros, reason = "this suite uses some of it")]
mod shared;

pub(crate) use shared::*;
