//! Reactors: how they start, run and stop.

mod driver;
mod driver_end;
mod driver_spin;
mod handles;
#[cfg(target_os = "linux")]
mod idle;
mod max_jobs;
#[cfg(target_os = "linux")]
mod no_threads;
mod restart;
mod shutdown;
#[cfg(target_os = "linux")]
mod signals;
mod spin;
mod starting;
