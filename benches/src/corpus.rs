//! The pairs of a corpus: every directory, at any depth, that holds an old and a new file and nothing else.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Two files that are versions of each other.
#[derive(Debug)]
pub struct Pair {
    /// The path of its directory within the corpus, with slashes.
    pub name: String,
    /// The file of the base image.
    pub old: PathBuf,
    /// The file of the target image.
    pub new: PathBuf,
    /// Bytes of the base image.
    pub old_size: u64,
    /// Bytes of the target image.
    pub new_size: u64,
}

impl Pair {
    /// The pair's outermost directory, by which reports group (pairs at the top have none), and the rest of its name.
    pub fn class_and_name(&self) -> (&str, &str) {
        self.name.split_once('/').unwrap_or(("", &self.name))
    }

    /// Bytes of the larger image.
    pub fn largest(&self) -> u64 {
        self.old_size.max(self.new_size)
    }
}

/// All pairs under `root`, in the order of their names.
///
/// # Errors
/// If a folder cannot be read.
pub fn all_pairs(root: &Path) -> io::Result<Vec<Pair>> {
    let mut pairs = Vec::new();
    // In full, as a tool would take a path that begins with a dash for an option.
    collect(&fs::canonicalize(root)?, "", &mut pairs)?;
    pairs.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(pairs)
}

/// Hidden entries are notes of the corpus's maker, not pairs.
fn collect(folder: &Path, name: &str, pairs: &mut Vec<Pair>) -> io::Result<()> {
    let (mut files, mut has_folders) = (Vec::new(), false);
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let file_name = base_name(&path);
        if file_name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            has_folders = true;
            let inner = if name.is_empty() { file_name } else { format!("{name}/{file_name}") };
            collect(&path, &inner, pairs)?;
        } else {
            files.push(path);
        }
    }
    let version = |name: &str| files.iter().find(|path| is_version(path, name)).cloned();
    if let (false, 2, Some(old), Some(new)) = (has_folders, files.len(), version("old"), version("new")) {
        let (old_size, new_size) = (fs::metadata(&old)?.len(), fs::metadata(&new)?.len());
        // A corpus that is itself one pair goes by the name of its directory.
        let name = if name.is_empty() { base_name(folder) } else { name.to_owned() };
        pairs.push(Pair { name, old, new, old_size, new_size });
    }
    Ok(())
}

fn base_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Whether the file is called `old`, or `old` and something that is not a letter.
fn is_version(path: &Path, version: &str) -> bool {
    let name = base_name(path).to_lowercase();
    let rest = name.strip_prefix(version);
    rest.is_some_and(|rest| !rest.starts_with(|first: char| first.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_directories_of_an_old_and_a_new_file_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let pairs_are = "b/x/new.bin b/x/old.bin a/old a/new c/d/e/old-1.tar.gz c/d/e/NEW-2.tar a/.checksums";
        let others = "f/old g/old g/new g/notes h/older h/news i/.old i/new j/old-1 j/old-2";
        for file in pairs_are.split(' ').chain(others.split(' ')) {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        let pairs = all_pairs(root.path()).unwrap();
        let names: Vec<&str> = pairs.iter().map(|pair| pair.name.as_str()).collect();
        assert_eq!(names, ["a", "b/x", "c/d/e"]);
        assert!(pairs[1].old.ends_with("b/x/old.bin") && pairs[1].new.ends_with("b/x/new.bin"));
        assert_eq!((pairs[1].class_and_name(), pairs[1].new_size), (("b", "x"), 11));
        assert_eq!(all_pairs(&root.path().join("a")).unwrap()[0].name, "a");
    }
}
