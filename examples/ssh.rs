//! SSH into the running process. The example itself is in `examples/ssh/src/main.rs`.
//!
//! It is a package of its own, because Cargo would build its 130 crates for every other example,
//! too. This program only has Cargo run it, so that the command is like that of all others:
//!
//! ```text
//! $ cargo run --example ssh
//! ```

#[path = "support/package.rs"]
mod package;

fn main() -> std::process::ExitCode {
    let error = package::run("ssh");
    eprintln!("cannot run cargo: {error}");
    std::process::ExitCode::FAILURE
}
