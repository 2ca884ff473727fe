//! Blocking calls, and the `Driver`, beside other runtimes.

mod blocking;
mod driver;
mod inside;
mod no_setup;
mod support;

use tokio::runtime::{Builder, Runtime};

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}
