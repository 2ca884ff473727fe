//! The table of a suite's README is kept honest: it has no gaps, and names tests that exist.

use std::fs;
use std::path::Path;

const BEHAVIOURS: [&str; 8] = [
    "operate",
    "a pool or a client across threads",
    "stop and continue",
    "drop everywhere",
    "shutdown and restart",
    "exit with live clients",
    "stream",
    "bytes",
];

/// Asserts that each library of a README has a row for each behaviour, in which there is a test of
/// the suite in `folder`, or a reason.
#[track_caller]
pub(crate) fn is_honest(readme: &str, folder: &str) {
    let libraries: Vec<_> = readme.split("\n## ").skip(1).collect();
    assert!(libraries.len() >= 3, "{libraries:?}");
    for library in libraries {
        let rows = library.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
        let rows: Vec<_> = rows.skip(1).map(|row| row.split_once(" | ").unwrap()).collect();
        assert!(rows.iter().map(|(behaviour, _)| *behaviour).eq(BEHAVIOURS), "{library}");
        for (_, tests) in rows {
            let mut names = tests.split('`').skip(1).step_by(2).peekable();
            assert!(names.peek().is_some() || tests.starts_with("none: "), "{tests}");
            names.for_each(|name| assert!(exists(name, folder), "there is no test {name}"));
        }
    }
}

fn exists(name: &str, folder: &str) -> bool {
    let (module, function) = name.rsplit_once("::").expect("with its module");
    let file = Path::new(folder).join(module.replace("::", "/")).with_extension("rs");
    let text = fs::read_to_string(file).unwrap_or_default();
    text.contains(&format!("#[test]\nfn {function}() {{"))
}
