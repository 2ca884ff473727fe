//! The reactor thread's side: the loop, and what it shares with callers.

pub(crate) mod current;
pub(crate) mod driven;
pub(crate) mod event_loop;
pub(crate) mod owed_poll;
pub(crate) mod shared;
pub(crate) mod spin;
