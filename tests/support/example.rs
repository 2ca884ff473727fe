//! Runs an example as its user would: as a process, with arguments.

use std::env::{self, consts::EXE_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use crate::support::child_output;

/// What a run left behind.
#[derive(Debug, PartialEq)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs an example to its end; kills it, and panics, when that does not come.
#[track_caller]
pub(crate) fn run(name: &str, args: &[&str]) -> Run {
    let output = child_output(command(name).args(args));
    Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The command that runs an example, without backtraces, so that `signal::kill` can stop it.
#[track_caller]
pub(crate) fn command(name: &str) -> Command {
    let mut command = Command::new(binary(name));
    command.env_remove("RUST_BACKTRACE").env_remove("RUST_LIB_BACKTRACE");
    #[cfg(windows)]
    std::os::windows::process::CommandExt::creation_flags(
        &mut command,
        crate::support::signal::NO_WINDOW,
    );
    command
}

/// The same, for a process that can have only so many files open.
#[cfg(all(unix, feature = "macros"))]
#[track_caller]
pub(crate) fn command_with_files(name: &str, files: u32) -> Command {
    let example = command(name);
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -n {files} && exec \"$0\" \"$@\"")]);
    command.arg(example.get_program());
    command.env_remove("RUST_BACKTRACE").env_remove("RUST_LIB_BACKTRACE");
    command
}

/// Finds what Cargo has built: `target/PROFILE/examples`, beside the `deps` in which this test is.
///
/// `cargo test --test examples` does not build examples. Then there is none, or an old one, which
/// must not pass for the present one: Cargo's list of its sources tells.
#[track_caller]
fn binary(name: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    let path = test.parent().unwrap().with_file_name("examples").join(name);
    let binary = path.with_extension(EXE_SUFFIX.trim_start_matches('.'));
    let sources = fs::read_to_string(path.with_extension("d")).unwrap_or_default();
    let sources = sources.split_once(": ").map_or("", |(_, sources)| sources);
    let fresh = changed(&binary).is_some_and(|built| {
        // A blank within a path has a backslash before it.
        let sources = sources.replace("\\ ", "\0");
        sources
            .split_whitespace()
            .map(|source| changed(Path::new(&source.replace('\0', " "))))
            .all(|source| source.is_some_and(|changed| changed <= built))
    });
    assert!(
        fresh && !sources.is_empty(),
        "{} is missing or out of date: run `cargo test` as a whole, or `cargo build --examples` before",
        binary.display()
    );
    binary
}

fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}
