//! A job, from its submission to its end, and what is told of it.

mod cancelling;
#[cfg(target_os = "linux")]
mod child_process;
mod dropping;
mod harmless;
mod list;
mod panics;
mod running;
mod slow_poll;
#[cfg(not(feature = "tokio"))]
mod tokio_hint;
mod unseen;
