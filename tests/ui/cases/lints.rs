//! What is to be said about a function is said once, and not about its original again.

#![deny(unused)]

use std::io;

#[crochet::wait_for(timeout = 5.0)]
async fn unused_variable(name: &str) -> io::Result<usize> {
    let length = name.len();
    Ok(0)
}

#[crochet::wait_for(timeout = 5.0)]
async fn unused_function() -> io::Result<()> {
    Ok(())
}

struct Client;

impl Client {
    #[crochet::run_in_reactor]
    async fn unused_method(self, unused_argument: u32) -> io::Result<()> {
        Ok(())
    }
}

fn main() {
    let _: io::Result<usize> = unused_variable("name");
    let _ = Client;
}
