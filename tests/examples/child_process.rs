//! The example `child_process`, as its user sees it.

use crate::support::example::{Run, run};

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

#[cfg(unix)]
mod programs {
    use super::*;
    use crate::support::{child_output, example};

    #[test]
    fn it_prints_what_the_program_prints() {
        let stdout = "wool\n".to_owned();
        let expected = Run { code: Some(0), stdout, stderr: String::new() };
        assert_eq!(run("child_process", &["30", "sh", "-c", "cat; echo wool"]), expected);
    }

    #[test]
    fn a_program_that_takes_too_long_is_killed() {
        let ended = run("child_process", &["0.3", "sleep", "60"]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
        assert!(ended.stderr.starts_with("sleep: timed out after "), "{}", ended.stderr);
    }

    #[test]
    fn a_program_that_fails_or_is_not_there_is_told() {
        let ended = run("child_process", &["30", "sh", "-c", "exit 7"]);
        assert_eq!(ended.code, Some(1));
        assert_eq!(ended.stderr, "sh: it failed: exit status: 7\n");
        let ended = run("child_process", &["30", "no-such-program-here"]);
        assert_eq!(ended.code, Some(1));
        let start = "no-such-program-here: No such file";
        assert!(ended.stderr.starts_with(start), "{}", ended.stderr);
    }

    #[test]
    fn arguments_need_not_be_unicode() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;

        let mut command = example::command("child_process");
        let args = ["30".as_ref(), "printf".as_ref(), OsStr::from_bytes(b"\xff")];
        assert_eq!(child_output(command.args(args)).stdout, b"\xff");
    }

    #[test]
    fn bad_arguments_are_told() {
        for args in [&["30"][..], &["soon", "true"], &["-1", "true"]] {
            let ended = run("child_process", args);
            assert_eq!(ended.code, Some(1));
            assert_eq!(ended.stderr, "usage: child_process [SECONDS PROGRAM [ARGUMENT ...]]\n");
        }
    }
}
