//! Downloads with reqwest, a library that is built on tokio. The example itself is in
//! `examples/tokio_client/src/main.rs`.
//!
//! It is a package of its own, because Cargo would build its crates for every other example, too.
//! This program only has Cargo run it, so that the command is like that of all others:
//!
//! ```text
//! $ cargo run --example tokio_client
//! ```

#[path = "support/package.rs"]
mod package;

fn main() -> std::process::ExitCode {
    let error = package::run("tokio_client");
    eprintln!("cannot run cargo: {error}");
    std::process::ExitCode::FAILURE
}
