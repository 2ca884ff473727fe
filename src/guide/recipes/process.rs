use std::io;
use std::process::Output;
use std::time::Duration;

use crochet::{in_context, wait_for};
use tokio::process::Command;

/// Runs a program; blocks until it has ended, and kills it after the timeout.
pub fn output(program: &str, arguments: &[&str], timeout: Duration) -> io::Result<Output> {
    let output = wait_for(timeout, async {
        Command::new(program).args(arguments).kill_on_drop(true).output().await
    });
    if output.is_err() {
        // Wakes the runtime, which then collects the program that was killed.
        in_context(|| drop(tokio::spawn(async {})));
    }
    output
}
