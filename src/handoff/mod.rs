//! The hand-off protocols between two threads. `tests/loom` models each of them.

pub(crate) mod loan;
pub(crate) mod outcome;
pub(crate) mod wait_any;
