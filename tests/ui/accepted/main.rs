//! `main` itself, in a crate that forbids what it can.

#![forbid(unsafe_code)]
#![deny(warnings, missing_docs)]

use std::io;

#[crochet::wait_for(timeout = 60)]
async fn main() -> io::Result<()> {
    assert!(crochet::in_reactor());
    Ok(())
}
