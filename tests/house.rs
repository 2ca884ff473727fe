//! The house stands: `src/` is built of wings, one upon the other. No file imports from a wing
//! above its own, and no files import each other in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The wings of `src/`, from the ground up. A wing may import from itself and from those before it.
const WINGS: [&str; 14] = [
    "sync",
    "text",
    "panic",
    "error",
    "sys",
    "context",
    "handoff",
    "job",
    "runtime",
    "caller",
    "reactor",
    "bridge",
    "__private",
    "attributes",
];

/// Not part of the house: the list of what is exported, and the documentation's programs.
const OUTSIDE: [&str; 2] = ["lib", "guide"];

/// Words under which users of other libraries look for what this one calls otherwise.
const ALIASES: [&str; 8] =
    ["spawn", "block_on", "executor", "runtime", "deadline", "oneshot", "future", "thread"];

/// A module by its path below the crate: `["job", "header"]`.
type Module = Vec<String>;

/// Which modules each module imports from.
type Imports = BTreeMap<Module, BTreeSet<Module>>;

#[test]
fn no_file_imports_from_a_wing_above() {
    let imports = imports_of("src");
    let floor = |module: &Module| {
        let floor = WINGS.iter().position(|wing| *wing == module[0]);
        floor.unwrap_or_else(|| panic!("{} is in no wing: add it to `WINGS`", file(module)))
    };
    let mut upwards = Vec::new();
    for (module, imported) in &imports {
        for other in imported.iter().filter(|other| floor(other) > floor(module)) {
            upwards.push(format!("{} imports from {}", file(module), file(other)));
        }
    }
    assert!(upwards.is_empty(), "these imports go upwards: {upwards:#?}");
    assert!(imports.len() > 30, "there are only {} files", imports.len());
}

/// At the re-export, as rustdoc drops the aliases of what is re-exported from a private module.
#[test]
fn the_words_of_other_libraries_find_something_in_the_documentation() {
    let lib = fs::read_to_string("src/lib.rs").unwrap();
    let aliases: Vec<&str> = lib
        .split("#[doc(alias")
        .skip(1)
        .filter_map(|rest| rest.split_once(")]\npub use "))
        .flat_map(|(words, _)| words.split('"').skip(1).step_by(2))
        .collect();
    for alias in ALIASES {
        assert!(aliases.contains(&alias), "{alias} is not among {aliases:?}");
    }
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    if let Some(circle) = find_circle(&imports_of("src")) {
        let files: Vec<String> = circle.iter().map(file).collect();
        panic!("these files import each other in a circle: {files:#?}");
    }
}

#[test]
fn a_circle_is_found_and_named() {
    let edge = |from: &str, to: &[&str]| {
        let module = |name: &str| vec![name.to_owned()];
        (module(from), to.iter().map(|name| module(name)).collect())
    };
    let straight: Imports = [edge("a", &["b", "c"]), edge("b", &["c"]), edge("c", &[])].into();
    assert_eq!(find_circle(&straight), None);
    let round: Imports = [edge("a", &["b"]), edge("b", &["c"]), edge("c", &["b"])].into();
    assert_eq!(find_circle(&round).unwrap().concat(), ["b", "c"]);
}

#[test]
fn imports_are_read_with_their_groups_and_without_tests_and_comments() {
    let code = "
        use std::fmt;
        // use crate::not::this;
        use crate::job::{\n    End, Job, header::{self, Header},\n};
        use crate::sync::lock as locked;
        fn f() { crate::error::call() }
        #[cfg(test)]
        mod tests { use crate::Reactor; }
    ";
    let paths: BTreeSet<String> = paths(code).into_iter().map(|path| path.join("::")).collect();
    let expected = [
        "error::call",
        "job::End",
        "job::Job",
        "job::header::self",
        "job::header::Header",
        "sync::lock",
    ];
    assert_eq!(paths, expected.map(str::to_owned).into());
}

fn file(module: &Module) -> String {
    format!("src/{}.rs", module.join("/"))
}

/// Reads all files below `root`, but for those outside the house.
fn imports_of(root: &str) -> Imports {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(root);
    let mut codes = BTreeMap::new();
    read(&root, &mut Vec::new(), &mut codes);
    codes.retain(|module, _| !OUTSIDE.contains(&module[0].as_str()));
    let modules: BTreeSet<Module> = codes.keys().cloned().collect();
    let resolve = |path: &Module| {
        let prefixes = (1..=path.len()).rev().map(|length| path[..length].to_vec());
        let found = prefixes.into_iter().find(|prefix| modules.contains(prefix));
        found.unwrap_or_else(|| panic!("`crate::{}` is imported from the root", path.join("::")))
    };
    codes
        .iter()
        .map(|(module, code)| {
            let imported: BTreeSet<Module> = paths(code).iter().map(resolve).collect();
            (module.clone(), imported.into_iter().filter(|other| other != module).collect())
        })
        .collect()
}

fn read(folder: &Path, above: &mut Module, codes: &mut BTreeMap<Module, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            above.push(name);
            read(&path, above, codes);
            above.pop();
        } else {
            let own = (name != "mod").then_some(name);
            let module = above.iter().cloned().chain(own).collect();
            codes.insert(module, fs::read_to_string(&path).unwrap());
        }
    }
}

/// All paths below `crate::` in the code, without its unit tests, which may use the crate as its
/// users do.
fn paths(code: &str) -> Vec<Module> {
    let code = code.split("#[cfg(test)]\nmod tests").next().unwrap();
    let code = code.split("#[cfg(test)]\n        mod tests").next().unwrap();
    let lines = code.lines().map(|line| line.split("//").next().unwrap());
    let code = lines.collect::<Vec<_>>().join(" ");
    let mut found = Vec::new();
    for (at, name) in code.match_indices("crate::") {
        let is_crate = !code[..at].ends_with(|c: char| c.is_alphanumeric() || "_$:".contains(c));
        if is_crate {
            expand(&mut code[at + name.len()..].chars().peekable(), Vec::new(), &mut found);
        }
    }
    found
}

/// Reads one path, or a group of paths, that goes on after `prefix`.
fn expand(
    code: &mut std::iter::Peekable<std::str::Chars<'_>>,
    mut prefix: Module,
    found: &mut Vec<Module>,
) {
    let mut word = String::new();
    while let Some(&next) = code.peek() {
        match next {
            '{' => {
                code.next();
                while !matches!(code.peek(), None | Some('}')) {
                    while code.next_if(|c| c.is_whitespace() || *c == ',').is_some() {}
                    if code.peek() != Some(&'}') {
                        expand(code, prefix.clone(), found);
                    }
                }
                code.next();
                return;
            }
            ':' => {
                code.next();
                if code.next_if_eq(&':').is_some() {
                    prefix.push(std::mem::take(&mut word));
                }
            }
            c if c.is_alphanumeric() || c == '_' => word.extend(code.next()),
            _ => break,
        }
    }
    // A name for what was imported, as in `lock as locked`, is no path.
    while code.next_if(|c| !",}; ()".contains(*c) || *c == ' ').is_some() {}
    prefix.push(word);
    found.push(prefix);
}

/// Finds a circle: modules of which each imports from the next, and the last from the first.
fn find_circle(imports: &Imports) -> Option<Vec<Module>> {
    fn walk(
        module: &Module,
        imports: &Imports,
        path: &mut Vec<Module>,
        done: &mut BTreeSet<Module>,
    ) -> Option<Vec<Module>> {
        if let Some(start) = path.iter().position(|other| other == module) {
            return Some(path[start..].to_vec());
        }
        if !done.insert(module.clone()) {
            return None;
        }
        path.push(module.clone());
        let found = imports.get(module)?.iter().find_map(|other| walk(other, imports, path, done));
        path.pop();
        found
    }

    let mut done = BTreeSet::new();
    imports.keys().find_map(|module| walk(module, imports, &mut Vec::new(), &mut done))
}
