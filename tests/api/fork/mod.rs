//! Forked children of a process that has a reactor.

mod refused;
#[cfg(target_os = "linux")]
mod untouched;
