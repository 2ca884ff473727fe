//! The functions, with futures that they do not take.

use std::num::ParseIntError;
use std::time::Duration;

fn main() {
    let _: Result<u32, crochet::Error> = crochet::wait_for(Duration::MAX, async { 5 });
    crochet::run_in_reactor(|| async { 5 }).detach();
    let _ = crochet::wait_for(Duration::MAX, async { "1".parse::<u32>() });
    let job = crochet::run_in_reactor(|| async { "1".parse::<u32>() });
    let _: Result<u32, ParseIntError> = job.join(Duration::MAX);
}
