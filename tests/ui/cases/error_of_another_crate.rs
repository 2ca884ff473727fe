//! An error type that neither is the user's own nor has room for a timeout.

use std::error::Error;
use std::num::ParseIntError;

#[crochet::wait_for(timeout = 5.0)]
async fn foreign(text: &str) -> Result<u32, ParseIntError> {
    text.parse()
}

#[crochet::wait_for(timeout = 5.0)]
async fn boxed(text: &str) -> Result<u32, Box<dyn Error>> {
    Ok(text.parse()?)
}

#[crochet::wait_for(timeout = 5.0, error = wrap)]
async fn boxed_and_wrapped(text: &str) -> Result<u32, Box<dyn Error>> {
    Ok(text.parse()?)
}

#[crochet::run_in_reactor]
async fn later(text: String) -> Result<u32, ParseIntError> {
    text.parse()
}

fn main() {
    let _ = foreign("1");
    let _ = boxed("1");
    let _ = boxed_and_wrapped("1");
    let _ = later("1".to_owned()).join(std::time::Duration::MAX);
}
