//! The attributes `#[wait_for]` and `#[run_in_reactor]`.

mod functions;
mod options;
