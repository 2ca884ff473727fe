//! The Rust version that this example declares is one with which its crates build.

use std::env;
use std::process::Command;

/// A version as Cargo writes it, "1.89" or "1.89.0".
fn version(text: &str) -> [u32; 2] {
    let mut numbers = text.split('.').map(|number| number.parse().expect(text));
    [numbers.next().unwrap(), numbers.next().unwrap()]
}

#[test]
fn no_crate_needs_a_later_rust_than_it_declares() {
    let cargo = env::var_os("CARGO").expect("Cargo runs the tests");
    let cargo = |args: &[&str]| {
        let output = Command::new(&cargo).args(args).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    // This example's crates, for this machine, as "NAME vVERSION".
    let name = env!("CARGO_PKG_NAME");
    let tree = cargo(&[
        "tree",
        "--locked",
        "--package",
        name,
        "--edges",
        "normal,build",
        "--prefix",
        "none",
        "--no-dedupe",
        "--format",
        "{p}",
    ]);
    let about = cargo(&["-vV"]);
    let host = about.lines().find_map(|line| line.strip_prefix("host: ")).expect(&about);
    let metadata =
        cargo(&["metadata", "--locked", "--format-version", "1", "--filter-platform", host]);

    let declared = version(env!("CARGO_PKG_RUST_VERSION"));
    // The description of a package begins with its name and version, that of a dependency with its
    // name and source.
    let (mut package, mut looked_at) = (String::new(), 0);
    for part in metadata.split("{\"name\":\"") {
        let (found, rest) = part.split_once('"').unwrap_or_default();
        if let Some(version) = rest.strip_prefix(",\"version\":\"") {
            package = format!("{found} v{}", version.split('"').next().unwrap());
        }
        let needed =
            rest.split_once("\"rust_version\":\"").and_then(|(_, text)| text.split('"').next());
        let ours = tree.lines().any(|line| line.split(' ').take(2).eq(package.split(' ')));
        if let (Some(needed), true) = (needed, ours) {
            looked_at += 1;
            assert!(version(needed) <= declared, "{package} needs Rust {needed}");
        }
    }
    assert!(looked_at > 50, "only {looked_at} crates say what they need");
}
