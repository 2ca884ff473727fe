//! `wait_for`, which lends its future to the reactor and blocks.

mod calls;
mod panics;
mod refused;
mod runtimes;
mod timeouts;
mod wrapped;
