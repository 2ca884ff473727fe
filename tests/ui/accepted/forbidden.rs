//! What the attributes add to a crate that forbids every warning about unused code.

#![forbid(unused, dead_code, unsafe_code, unreachable_pub, missing_docs)]
#![deny(warnings)]

use std::io;
use std::time::Duration;

struct Limits {
    timeout: Duration,
    retries: u32,
}

#[crochet::wait_for(timeout = timeout)]
async fn free(Limits { timeout, retries, .. }: Limits, (mut a, _): (u32, u32)) -> io::Result<u32> {
    a += retries;
    Ok(a)
}

#[crochet::run_in_reactor]
async fn later(a: u32, b: u32, c: u32, d: u32, e: u32, f: u32, g: u32, h: u32) -> io::Result<u32> {
    Ok(a + b + c + d + e + f + g + h)
}

#[crochet::wait_for(timeout = 60)]
async fn with_state() -> io::Result<&'static str> {
    static NAME: &str = "state";
    Ok(NAME)
}

struct Client;

impl Client {
    #[crochet::wait_for(timeout = 60)]
    async fn method<'a>(&self, text: &'a str) -> io::Result<&'a str> {
        Ok(text)
    }

    #[crochet::wait_for(timeout = 60, error = wrap)]
    async fn associated(text: &str) -> Result<u32, std::num::ParseIntError> {
        text.parse()
    }
}

fn main() {
    let limits = Limits { timeout: Duration::from_secs(60), retries: 1 };
    assert_eq!(free(limits, (1, 0)).unwrap(), 2);
    assert_eq!(later(1, 1, 1, 1, 1, 1, 1, 1).join(Duration::from_secs(60)).unwrap(), 8);
    assert_eq!(with_state().unwrap(), "state");
    assert_eq!(Client.method("text").unwrap(), "text");
    assert_eq!(Client::associated("1").unwrap(), 1);
}
