//! The example `child_process`, as its user sees it.

use std::time::{Duration, Instant};

use crate::support::example::{Run, command, run};

const SLOW: &str = "the slow child: timed out after ";

#[test]
fn without_arguments_it_runs_itself() {
    let Run { code, stdout, stderr } = run("child_process", &[]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    let (quick, slow) = stdout.split_once('\n').unwrap();
    assert_eq!(quick, "the quick child says: WOOL AND NEEDLES");
    let waited =
        slow.strip_prefix(SLOW).and_then(|slow| slow.strip_suffix(": the job is waiting\n"));
    assert!(waited.is_some(), "{slow}");
}

/// The example itself, as a program that takes its time.
fn slow() -> [String; 3] {
    let itself = command("child_process").get_program().to_str().unwrap().to_owned();
    [itself, "--child".to_owned(), "slow".to_owned()]
}

#[test]
fn it_prints_what_the_program_prints() {
    let (line, says) = if cfg!(windows) {
        (["cmd", "/C", "echo wool"], "wool\r\n")
    } else {
        (["sh", "-c", "cat; echo wool"], "wool\n")
    };
    let expected = Run { code: Some(0), stdout: says.to_owned(), stderr: String::new() };
    assert_eq!(run("child_process", &["30", line[0], line[1], line[2]]), expected);
}

#[test]
fn a_program_that_takes_too_long_is_killed() {
    let [program, flag, kind] = slow();
    let start = Instant::now();
    let ended = run("child_process", &["0.3", &program, &flag, &kind]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    assert!(ended.stderr.starts_with(&format!("{program}: timed out after ")), "{}", ended.stderr);
    // The program has this test's pipe for stderr, too, which it would hold for a minute.
    assert!(start.elapsed() < Duration::from_secs(50), "it is still there");
}

#[test]
fn a_program_that_fails_or_is_not_there_is_told() {
    let (shell, flag, status) =
        if cfg!(windows) { ("cmd", "/C", "exit code: 7") } else { ("sh", "-c", "exit status: 7") };
    let ended = run("child_process", &["30", shell, flag, "exit 7"]);
    assert_eq!(ended.code, Some(1));
    assert_eq!(ended.stderr, format!("{shell}: it failed: {status}\n"));
    let ended = run("child_process", &["30", "no-such-program-here"]);
    assert_eq!(ended.code, Some(1));
    let why = if cfg!(windows) { "program not found" } else { "No such file" };
    let start = format!("no-such-program-here: {why}");
    assert!(ended.stderr.starts_with(&start), "{}", ended.stderr);
}

#[test]
fn bad_arguments_are_told() {
    for args in [&["30"][..], &["soon", "true"], &["-1", "true"]] {
        let ended = run("child_process", args);
        assert_eq!(ended.code, Some(1));
        assert_eq!(ended.stderr, "usage: child_process [SECONDS PROGRAM [ARGUMENT ...]]\n");
    }
}

#[cfg(unix)]
#[test]
fn arguments_need_not_be_unicode() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let mut command = command("child_process");
    let args = ["30".as_ref(), "printf".as_ref(), OsStr::from_bytes(b"\xff")];
    assert_eq!(crate::support::child_output(command.args(args)).stdout, b"\xff");
}
