//! The attributes `#[wait_for]` and `#[run_in_reactor]`.

mod functions;
mod options;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Polls a future that needs no reactor, as a unit test of an original does.
fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits for something"),
    }
}
