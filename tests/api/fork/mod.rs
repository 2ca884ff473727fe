//! Forked children of a process that has a reactor.

mod handles;
mod refused;
#[cfg(target_os = "linux")]
mod untouched;
