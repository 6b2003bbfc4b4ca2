//! The crate's folders are floors, each of which imports from those below only.

use std::collections::HashMap;
use std::fs::{read_dir, read_to_string};
use std::path::{Path, PathBuf};

/// From the ground up; those of one floor do not know each other.
const FLOORS: &[&[&str]] = &[
    &["error", "workspace"],
    &["state", "wire"],
    &["entropy", "verify"],
    &["refs", "secrecy"],
    &["apply"],
    &["container", "flash"],
];

/// A source without comments and tests.
fn code(source: &str) -> String {
    let source = source.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    source.lines().filter_map(|line| line.split("//").next()).collect()
}

/// What follows each `start` in code: a name, or the first name of all in a list.
fn names(code: &str, start: &str) -> Vec<String> {
    let mut names = Vec::new();
    for rest in code.split(start).skip(1) {
        let (mut name, mut begins, mut depth) = (String::new(), true, 0);
        for c in rest.chars() {
            if c.is_alphanumeric() || c == '_' {
                name.extend(begins.then_some(c));
                continue;
            }
            begins = matches!((c, depth), ('{', 0) | (',', 1)) || c == ' ' && begins && name.is_empty();
            names.extend(Some(std::mem::take(&mut name)).filter(|name| !name.is_empty()));
            depth += i32::from(c == '{') - i32::from(c == '}');
            if depth == 0 {
                break;
            }
        }
    }
    names
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let paths = read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

#[test]
fn each_floor_imports_from_below_only() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let library = code(&read_to_string(top.join("lib.rs")).unwrap());
    // What the crate's root exports is of the folder that it has it from.
    let mut origin = HashMap::new();
    for folder in FLOORS.iter().copied().flatten().copied() {
        let exported = names(&library, &format!("pub use {folder}::"));
        origin.extend(exported.into_iter().map(|name| (name, folder)));
    }
    let files = sources(&top);
    assert!(files.len() > 60, "{} files", files.len());
    for file in files.iter().filter(|file| **file != top.join("lib.rs")) {
        let path = file.strip_prefix(&top).unwrap();
        let folder = path.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        let floor = FLOORS.iter().position(|floor| floor.contains(&folder)).expect(folder);
        let code = code(&read_to_string(file).unwrap());
        // Whatever leaves its folder says so.
        let up = if path == Path::new(folder).join("mod.rs") { "super::" } else { "super::super::" };
        assert!(!code.contains(up), "{path:?} has {up}: `crate::` is what this test reads");
        for name in names(&code, "crate::") {
            let from = origin.get(&name).copied().unwrap_or(&name);
            let below = FLOORS[..floor].iter().any(|floor| floor.contains(&from));
            assert!(from == folder || below, "{path:?} imports {name} of {from}, which is not below");
        }
    }
}

#[test]
fn imports_are_found_in_all_their_forms() {
    let source = "
        use crate::wire::{Header, Reader}; // crate::comment
        use crate::{ Error as E, apply::{Base, io::Io}, refs };
        fn ram() -> u32 { crate::flash::ram(crate::Sha256::X) }
        impl crate::verify::Policy for Own { state!(crate::state::State); }\n#[cfg(test)]\nmod tests { use crate::tests; }";
    let found = names(&code(source), "crate::");
    assert_eq!(found, ["wire", "Error", "apply", "refs", "flash", "Sha256", "verify", "state"]);
    assert_eq!(
        names(&code("pub use apply::{Base, Patcher};\npub use wire::Header;"), "pub use apply::"),
        ["Base", "Patcher"]
    );
}
