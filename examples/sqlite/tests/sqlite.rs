//! The example, as its user sees it.

#[path = "../../../tests/support/mod.rs"]
#[allow(dead_code, unused_imports, unused_macros, reason = "this suite uses some of it")]
mod support;

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::process::{self, Command};

use support::{LONG, child_output, limit};

/// Runs it to its end. Returns its exit status, and what it printed on either channel.
fn run<S: AsRef<OsStr>>(arguments: &[S]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crochet-example-sqlite"));
    let output = child_output(command.args(arguments));
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    (output.status.code(), stdout, stderr)
}

/// What it prints if there are so many skeins of grey and of red when it begins.
#[track_caller]
fn assert_printed(stdout: &str, grey: u32, red: u32) {
    let late = |line: &&str| line.starts_with("the database is locked: ");
    let (locked, lines): (Vec<_>, Vec<_>) = stdout.lines().partition(late);
    let [locked] = locked[..] else { panic!("{stdout}") };
    assert!(locked.contains(": timed out after 5") && locked.contains("ms: "), "{locked}");
    let (bought, dyed) = ([grey + 100, red + 100], [grey + 59, red + 141]);
    let expected = [
        "8 threads bought 200 skeins in 2 colours".to_owned(),
        format!("{} skeins of grey", bought[0]),
        format!("{} skeins of red", bought[1]),
        "dyed 40 skeins".to_owned(),
        "1000000 skeins are too many: CHECK constraint failed: skeins >= 0".to_owned(),
        "dyed 1 skein".to_owned(),
        format!("{} skeins of grey", dyed[0]),
        format!("{} skeins of red", dyed[1]),
    ];
    assert_eq!(lines, expected);
}

#[test]
fn without_arguments_it_uses_a_database_of_its_own() {
    let _limit = limit(LONG);
    let (code, stdout, stderr) = run::<&str>(&[]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    assert_printed(&stdout, 0, 0);
}

#[test]
fn what_is_in_a_file_is_there_in_the_next_run() {
    let _limit = limit(LONG);
    let folder = env::temp_dir().join(format!("crochet-sqlite-test-{}", process::id()));
    fs::create_dir(&folder).unwrap();
    let file = folder.join("stock.sqlite");
    for (grey, red) in [(0, 0), (59, 141)] {
        let (code, stdout, stderr) = run(&[&file]);
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
        assert_printed(&stdout, grey, red);
    }
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn it_says_what_is_wrong() {
    let _limit = limit(LONG);
    let (code, stdout, stderr) = run(&["/no/such/folder/stock.sqlite"]);
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.contains("unable to open database file"), "{stderr}");
    for wrong in [&["--help"][..], &["one", "two"]] {
        let usage = "usage: sqlite [FILE]\n";
        assert_eq!(run(wrong), (Some(2), String::new(), usage.to_owned()));
    }
}
