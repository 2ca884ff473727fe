//! The calling thread's side: what starts a job, waits for it, or puts its result away.

pub(crate) mod eventual;
pub(crate) mod eventual_future;
pub(crate) mod scope;
pub(crate) mod spawn;
pub(crate) mod stash;
pub(crate) mod wait_for;
pub(crate) mod wait_many;
