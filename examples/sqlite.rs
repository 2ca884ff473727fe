//! A blocking program over sqlx's async pool of SQLite connections. The example itself is in
//! `examples/sqlite/src/main.rs`.
//!
//! It is a package of its own, because Cargo would build its crates for every other example, too.
//! This program only has Cargo run it, so that the command is like that of all others:
//!
//! ```text
//! $ cargo run --example sqlite
//! ```

#[path = "support/package.rs"]
mod package;

fn main() -> std::process::ExitCode {
    let error = package::run("sqlite");
    eprintln!("cannot run cargo: {error}");
    std::process::ExitCode::FAILURE
}
