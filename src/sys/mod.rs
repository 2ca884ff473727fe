//! The operating system's part: forks, and the end of `main`.

pub(crate) mod at_exit;
pub(crate) mod fork;
