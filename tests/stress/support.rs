//! The helpers that this suite uses, of those that all suites share.

#[path = "../support/mod.rs"]
#[allow(dead_code, unused_imports, unused_macros, reason = "this suite uses some of it")]
mod shared;

pub(crate) use shared::*;
