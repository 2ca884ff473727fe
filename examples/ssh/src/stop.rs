//! An event that threads look at and futures wait for.

use std::convert::Infallible;

use async_channel::{Receiver, Sender};

/// Stops whatever has a clone of it. Nothing is ever sent; that the channel is closed is the
/// message.
#[derive(Clone)]
pub(crate) struct Stop(Sender<Infallible>, Receiver<Infallible>);

impl Stop {
    pub(crate) fn new() -> Self {
        let (sender, receiver) = async_channel::bounded(1);
        Self(sender, receiver)
    }

    pub(crate) fn set(&self) {
        self.0.close();
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.is_closed()
    }

    pub(crate) async fn wait(&self) {
        let _ = self.1.recv().await;
    }
}
