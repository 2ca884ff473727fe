//! A reactor from the outside: the global one, handles, settings, the application's own driver.

pub(crate) mod builder;
pub(crate) mod driver;
pub(crate) mod global;
pub(crate) mod global_jobs;
pub(crate) mod guard;
pub(crate) mod handle;
mod thread;
