//! Starts an example that is a package of its own, `examples/NAME`.

use std::env;
use std::io;
use std::process::Command;

/// Has Cargo build and run the package `examples/{name}`, with the arguments of this program.
/// Returns only if that cannot be begun.
pub(crate) fn run(name: &str) -> io::Error {
    let manifest = format!("{}/examples/{name}/Cargo.toml", env!("CARGO_MANIFEST_DIR"));
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["run", "--manifest-path", &manifest]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    cargo.arg("--").args(env::args_os().skip(1));
    become_it(&mut cargo)
}

/// The same process, so that Ctrl-C and the exit status are the example's.
#[cfg(unix)]
fn become_it(command: &mut Command) -> io::Error {
    std::os::unix::process::CommandExt::exec(command)
}

/// A child. Ctrl-C goes to all programs of the console. This one lets it pass, and waits for what
/// the example does about it, and for the exit status, which is its own.
#[cfg(not(unix))]
fn become_it(command: &mut Command) -> io::Error {
    let mut run = || {
        let _passed = async_signal::Signals::new([async_signal::Signal::Int])?;
        command.status()
    };
    match run() {
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) => error,
    }
}
