//! What errors say, and what they carry.

mod panic;
mod timeouts;
mod values;
