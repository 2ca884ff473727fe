//! The operating system's part: forks, the end of `main`, and processor time.

pub(crate) mod at_exit;
pub(crate) mod fork;
pub(crate) mod usage;
