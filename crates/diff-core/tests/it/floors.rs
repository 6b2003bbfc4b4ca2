//! The floors of this crate: each imports from those below only.

use std::fs;
use std::path::{Path, PathBuf};

/// From the ground up. A file or folder may import from what stands before it; `lib.rs` may import all.
const FLOORS: [&str; 16] = [
    "escaped",
    "digest",
    "limits",
    "search",
    "bsdiff40",
    "refs",
    "image",
    "input",
    "api",
    "encode",
    "proof",
    "cover",
    "engine",
    "container",
    "diff inspect",
    "release",
];

fn floor(name: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.split(' ').any(|unit| unit == name))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("lib.rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_floor_imports_downward_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    for file in files {
        let unit = file.strip_prefix(&root).unwrap().iter().next().unwrap().to_str().unwrap();
        let own = floor(unit.trim_end_matches(".rs")).unwrap_or_else(|| panic!("{unit} is on no floor"));
        let text = fs::read_to_string(&file).unwrap();
        let code = text
            .split("#[cfg(test)]")
            .next()
            .unwrap()
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let code: Vec<&str> = code.collect();
        for path in code.join("\n").split("crate::").skip(1) {
            let name = path.split(|end: char| !end.is_alphanumeric() && end != '_').next().unwrap();
            let below =
                floor(name).unwrap_or_else(|| panic!("{}: `crate::{name}` names no floor", file.display()));
            assert!(
                below < own || name == unit.trim_end_matches(".rs"),
                "{} imports {name} from above",
                file.display()
            );
        }
    }
}
