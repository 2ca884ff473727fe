//! Other crates over and around what the library has.

mod compression;
mod errors;
