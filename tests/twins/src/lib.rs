//! Blocking twins of published async crates, made by `#[crochet::blocking]` from their public API
//! alone. The tests use them against real servers.

pub mod http;
pub mod memcached;
pub mod net;
pub mod redis;
