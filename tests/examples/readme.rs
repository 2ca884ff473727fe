//! The README's programs, built as a reader would build them: each in a fresh package that has what
//! the README's `cargo add` line names, and nothing else.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::limit;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const README: &str = include_str!("../../README.md");

/// A cold build of the library and a few crates, on a busy machine.
const BUILD: Duration = Duration::from_secs(600);

/// The text of each block of code whose fence says `language`.
fn blocks(language: &str) -> Vec<&'static str> {
    let fences = README.split("\n```").skip(1).step_by(2);
    let block = fences.filter_map(|block| block.split_once('\n'));
    block
        .filter(|(info, _)| info.split(',').next() == Some(language))
        .map(|(_, code)| code)
        .collect()
}

/// Makes an empty package. Where the lock file names a version, that one is used, so nothing is
/// downloaded.
fn package() -> PathBuf {
    let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme");
    let _ = fs::remove_dir_all(package.join("src"));
    fs::create_dir_all(package.join("src/bin")).unwrap();
    let manifest = "[package]\nname = \"reader\"\nedition = \"2024\"\n\n[workspace]\n";
    fs::write(package.join("Cargo.toml"), manifest).unwrap();
    fs::copy(Path::new(ROOT).join("Cargo.lock"), package.join("Cargo.lock")).unwrap();
    package
}

#[track_caller]
fn cargo(package: &Path, args: &[&str]) {
    let cargo = env::var_os("CARGO").expect("Cargo runs the tests");
    let mut command = Command::new(cargo);
    // Not the wrappers and flags with which this test was built, which would build all crates anew.
    command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    command.env("CARGO_TARGET_DIR", package.join("target")).stdin(Stdio::null());
    let output = command.current_dir(package).args(args).arg("--offline").output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {args:?}: {stderr}");
}

#[test]
fn each_program_builds_with_what_the_cargo_add_line_names() {
    let _limit = limit(BUILD);
    let package = package();

    let programs = blocks("rust");
    assert!(programs.len() >= 3, "there are only {} programs", programs.len());
    for (number, program) in programs.iter().enumerate() {
        fs::write(package.join(format!("src/bin/program_{number}.rs")), program).unwrap();
    }

    let lines: Vec<&str> = blocks("bash").iter().flat_map(|block| block.lines()).collect();
    let [line] = lines[..] else { panic!("one line: {lines:?}") };
    let names = line.strip_prefix("cargo add ").expect(line);
    let (ours, others): (Vec<&str>, Vec<&str>) =
        names.split(' ').partition(|name| *name == env!("CARGO_PKG_NAME"));
    assert_eq!(ours.len(), 1, "the package's name is not in {names:?}");
    cargo(&package, &["add", "--path", ROOT]);
    cargo(&package, &[&["add"][..], &others].concat());

    cargo(&package, &["check", "--bins"]);
}
