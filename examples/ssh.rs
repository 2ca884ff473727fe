//! SSH into the running process. The example itself is in `examples/ssh/src/main.rs`.
//!
//! That is a package of its own, for the sake of whoever runs another example: Cargo would build its 130
//! crates for these, too. This program only has Cargo run it, so that its command is like all others:
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
