//! Downloads with reqwest, a library that is built on tokio. The example itself is in
//! `examples/tokio_client/src/main.rs`.
//!
//! That is a package of its own, for the sake of whoever runs another example: Cargo would build its crates for
//! these, too. This program only has Cargo run it, so that its command is like all others:
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
