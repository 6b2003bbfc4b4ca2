//! The floors of a crate: a folder of its sources imports from those below only.

use std::collections::HashMap;
use std::fs::{read_dir, read_to_string};
use std::path::{Path, PathBuf};

/// Checks the sources of the crate at `manifest`. `floors` are its folders and files, from the ground up; those of one
/// floor do not know each other. `root` is the file that is above all of them.
pub fn check(manifest: &str, root: &str, floors: &[&[&str]]) {
    let top = Path::new(manifest).join("src");
    let root = top.join(root);
    let exports = code(&read_to_string(&root).unwrap());
    // What the crate's root exports is of the folder that it has it from.
    let mut origin = HashMap::new();
    for folder in floors.iter().copied().flatten().copied() {
        let exported = names(&exports, &format!("pub use {folder}::"));
        origin.extend(exported.into_iter().map(|name| (name, folder)));
    }
    let files = sources(&top);
    assert!(files.len() > 20, "{} files", files.len());
    for file in files.iter().filter(|file| **file != root) {
        let path = file.strip_prefix(&top).unwrap();
        let folder = path.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        let floor = floors.iter().position(|floor| floor.contains(&folder));
        let floor = floor.unwrap_or_else(|| panic!("{folder} is on no floor"));
        let code = code(&read_to_string(file).unwrap());
        // Imports from other folders are visible as such.
        let depth = path.iter().count() - usize::from(path.ends_with("mod.rs"));
        assert!(
            !code.contains(&"super::".repeat(depth)),
            "{path:?} leaves {folder} by `super::`, not by `crate::`"
        );
        for name in names(&code, "crate::") {
            let from = origin.get(&name).copied().unwrap_or(&name);
            let below = floors[..floor].iter().any(|floor| floor.contains(&from));
            assert!(from == folder || below, "{path:?} imports {name} of {from}, which is not below");
        }
    }
}

/// A source without comments and tests.
fn code(source: &str) -> String {
    let lines: Vec<&str> = source.lines().collect();
    let is_test = |pair: &[&str]| {
        pair[0].starts_with("#[cfg(") && pair[0].contains("test") && pair[1].contains("mod tests {")
    };
    let end = lines.windows(2).position(is_test).unwrap_or(lines.len());
    lines[..end].iter().filter_map(|line| line.split("//").next()).collect()
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
    let found = paths.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] });
    found.filter(|path| path.extension().is_some_and(|ending| ending == "rs")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
