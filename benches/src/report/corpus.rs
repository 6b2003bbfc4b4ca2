//! The pairs of a corpus: every directory, at any depth, that holds an old and a new file and nothing else.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Two files that are versions of each other.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The path of its directory within the corpus, with slashes.
    pub name: String,
    /// The base image.
    pub old: PathBuf,
    /// The target image.
    pub new: PathBuf,
    /// Bytes of the base image.
    pub old_size: u64,
    /// Bytes of the target image.
    pub new_size: u64,
}

impl Pair {
    /// The pair's outermost directory, by which reports group; pairs at the top have none.
    #[must_use]
    pub fn class(&self) -> &str {
        self.name.split_once('/').map_or("", |(class, _)| class)
    }

    /// The name without the class.
    #[must_use]
    pub fn short_name(&self) -> &str {
        self.name.split_once('/').map_or(&self.name, |(_, rest)| rest)
    }

    /// The pair that these entries of a directory are, if they are one.
    fn of(name: String, files: &[PathBuf]) -> io::Result<Option<Self>> {
        let [first, second] = files else { return Ok(None) };
        let (old, new) = match (is_version(first, "old"), is_version(second, "new")) {
            (true, true) => (first, second),
            _ if is_version(first, "new") && is_version(second, "old") => (second, first),
            _ => return Ok(None),
        };
        let size = |path: &Path| fs::metadata(path).map(|metadata| metadata.len());
        let (old_size, new_size) = (size(old)?, size(new)?);
        Ok(Some(Self { name, old: old.clone(), new: new.clone(), old_size, new_size }))
    }
}

/// All pairs under `root`, in the order of their names.
///
/// # Errors
/// If a directory cannot be read.
pub fn pairs(root: &Path) -> io::Result<Vec<Pair>> {
    let mut pairs = Vec::new();
    collect(root, "", &mut pairs)?;
    pairs.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(pairs)
}

/// Hidden entries are notes of whoever made the corpus, and no part of it.
fn collect(folder: &Path, name: &str, pairs: &mut Vec<Pair>) -> io::Result<()> {
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let entry_name = entry.file_name().to_string_lossy().into_owned();
        if entry_name.starts_with('.') {
            continue;
        }
        let path = entry.path();
        if fs::metadata(&path)?.is_dir() { folders.push((entry_name, path)) } else { files.push(path) }
    }
    // A corpus that is itself one pair goes by the name of its directory.
    let own_name = || if name.is_empty() { base_name(folder) } else { name.to_owned() };
    if folders.is_empty() {
        pairs.extend(Pair::of(own_name(), &files)?);
    }
    for (entry_name, path) in folders {
        let name = if name.is_empty() { entry_name } else { format!("{name}/{entry_name}") };
        collect(&path, &name, pairs)?;
    }
    Ok(())
}

fn base_name(folder: &Path) -> String {
    let whole = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    whole.file_name().map_or_else(|| "pair".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// Whether the file is called `old`, or `old` and something that is not a letter.
fn is_version(path: &Path, version: &str) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let rest = name.strip_prefix(version);
    rest.is_some_and(|rest| !rest.starts_with(|first: char| first.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corpus(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        root
    }

    fn names(root: &Path) -> Vec<String> {
        pairs(root).unwrap().into_iter().map(|pair| pair.name).collect()
    }

    #[test]
    fn pairs_are_found_at_any_depth() {
        let root = corpus(&[
            "b/x/new.bin",
            "b/x/old.bin",
            "a/old",
            "a/new",
            "c/d/e/old-1.tar.gz",
            "c/d/e/NEW-2.tar",
        ]);
        assert_eq!(names(root.path()), ["a", "b/x", "c/d/e"]);
        let pair = &pairs(root.path()).unwrap()[1];
        assert!(pair.old.ends_with("b/x/old.bin") && pair.new.ends_with("b/x/new.bin"));
        assert_eq!((pair.class(), pair.short_name(), pair.new_size), ("b", "x", 11));
    }

    #[test]
    fn other_directories_are_no_pairs() {
        let root = corpus(&["a/old", "b/old", "b/new", "b/notes", "c/older", "c/news", "d/.old", "d/new"]);
        assert!(names(root.path()).is_empty());
    }

    #[test]
    fn one_pair_is_a_corpus() {
        let root = corpus(&["pair/old.bin", "pair/new.bin", "pair/.checksums"]);
        assert_eq!(names(&root.path().join("pair")), ["pair"]);
    }
}
