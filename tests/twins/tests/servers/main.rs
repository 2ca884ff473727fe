//! Twins of published async crates, against real servers. `.ci/run` installs these, and sets `CROCHET_TEST_TOOLS`; then
//! one that is missing is an error.

mod memcached;
mod net;
mod redis;
mod server;
