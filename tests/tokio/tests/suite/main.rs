//! The feature `tokio`.

mod callers;
mod driver;
mod dropping;
mod dropping_values;
mod held;
mod jobs;
mod libraries;
mod local;
#[cfg(target_os = "linux")]
mod process;
mod support;
mod twins;
