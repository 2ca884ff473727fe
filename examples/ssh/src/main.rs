//! SSH into the running process.

fn main() {}
