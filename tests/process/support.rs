//! The helpers that this suite uses, of those that all suites share.

#[path = "../support/programs.rs"]
pub(crate) mod programs;
#[path = "../support/mod.rs"]
mod shared;

pub(crate) use shared::*;
