//! The examples, run as a user would run them. Cargo builds them when it tests the whole package;
//! before `cargo test --test examples`, run `cargo build --examples`.

#[cfg(feature = "macros")]
mod blocking_dns;
mod chat;
mod child_process;
mod ctrl_c;
mod dictionary;
#[cfg(feature = "macros")]
mod dns_cli;
#[cfg(feature = "macros")]
mod downloader;
mod fetch_many;
mod http;
#[cfg(feature = "macros")]
mod mx_query;
#[cfg(feature = "macros")]
mod own_executor;
mod packages;
mod progress;
#[cfg(feature = "macros")]
mod readme;
#[cfg(feature = "macros")]
mod scheduling;
mod support;
#[cfg(feature = "macros")]
mod twin;
#[cfg(feature = "macros")]
mod web;
