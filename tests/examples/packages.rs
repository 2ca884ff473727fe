//! The examples that are packages of their own: `cargo run --example NAME` starts them.

use crate::support::child_output;
use crate::support::example;

/// With `echo` in place of Cargo, and arguments that it is to pass on.
#[cfg(unix)]
#[track_caller]
fn asks_cargo_for(name: &str) {
    let mut command = example::command(name);
    let output = child_output(command.env("CARGO", "echo").args(["5022", "two words"]));
    assert_eq!(output.status.code(), Some(0));
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    let release = if cfg!(debug_assertions) { "" } else { " --release" };
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        format!("run --manifest-path {manifest}/{name}/Cargo.toml{release} -- 5022 two words\n")
    );
}

#[cfg(unix)]
#[test]
fn ssh_is_run_with_its_arguments() {
    asks_cargo_for("ssh");
}

#[cfg(unix)]
#[test]
fn sqlite_is_run_with_its_arguments() {
    asks_cargo_for("sqlite");
}

#[test]
fn that_there_is_no_cargo_is_told() {
    let output = child_output(example::command("ssh").env("CARGO", "/no/such/cargo"));
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with("cannot run cargo: "), "{stderr}");
}

/// There it is a child process. The other example does not understand what Cargo would.
#[cfg(windows)]
#[test]
fn its_output_and_exit_status_are_those_of_cargo() {
    let cargo = example::command("child_process");
    let output = child_output(example::command("ssh").env("CARGO", cargo.get_program()));
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with("usage: child_process "), "{stderr}");
}
