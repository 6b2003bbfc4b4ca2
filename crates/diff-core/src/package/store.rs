//! The folder of a release: files appear whole or not at all, and finished packages are found again.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::digest::sha256_hex;
use super::entries::PackageEntry;
use super::manifest::{MANIFEST_FILE, Manifest};
use super::{Dropped, PackError};

/// A folder that a release is written to.
///
/// A file is written under a hidden name, synchronised and moved to its place. Whoever is stopped in between leaves at
/// most that hidden file, which the next run writes over. Beside each finished package lies a hidden record until the
/// manifest is there, so that a run that was stopped can be taken up.
pub(super) struct Store {
    folder: PathBuf,
}

/// What earlier runs left.
#[derive(Default)]
pub(super) struct Known {
    /// Packages that manifests and records tell of; their files may be gone.
    pub(super) packages: Vec<PackageEntry>,
    /// Packages that were dropped, and the share that they exceeded.
    pub(super) dropped: Vec<(Dropped, u8)>,
}

impl Store {
    /// Opens a folder, which is made if it is not there.
    pub(super) fn create(folder: &Path) -> Result<Self, PackError> {
        fs::create_dir_all(folder).map_err(PackError::writing(folder))?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Opens a folder that is there.
    pub(super) fn open(folder: &Path) -> Result<Self, PackError> {
        fs::read_dir(folder).map_err(PackError::reading(folder))?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Whether both are the same folder.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let canonical = |folder: &Path| fs::canonicalize(folder).ok();
        canonical(&self.folder) == canonical(&other.folder)
    }

    /// Where a file of this name is.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a file, whole or not at all.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), PackError> {
        let (part, path) = (self.path(&format!(".{name}.part")), self.path(name));
        write_whole(&part, bytes).and_then(|()| fs::rename(&part, &path)).map_err(|error| {
            // What cannot be finished should not stay; if it cannot be removed either, the next run writes over it.
            let _ = fs::remove_file(&part);
            PackError::writing(&path)(error)
        })
    }

    /// Reads a file, if there is one.
    pub(super) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, PackError> {
        let path = self.path(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(PackError::reading(&path)(error)),
        }
    }

    /// Removes a file, if there is one.
    pub(super) fn remove(&self, name: &str) -> Result<(), PackError> {
        let path = self.path(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(PackError::writing(&path)(error)),
            _ => Ok(()),
        }
    }

    /// Notes that a package is finished.
    pub(super) fn record(&self, package: &PackageEntry) -> Result<(), PackError> {
        let json = serde_json::to_vec(package)
            .map_err(|error| PackError::writing(&self.path(&package.file))(error.into()))?;
        self.write(&record_name(&package.file), &json)
    }

    /// Removes the note; the manifest tells from now on.
    pub(super) fn forget(&self, file: &str) -> Result<(), PackError> {
        self.remove(&record_name(file))
    }

    /// The manifests in the folder, in the order of their names.
    pub(super) fn manifests(&self) -> Result<Vec<Manifest>, PackError> {
        let mut names = self.names()?;
        names.retain(|name| is_manifest(name));
        let read = |name: &String| {
            let bytes = self.read(name)?.unwrap_or_default();
            Manifest::parse(&bytes, &self.path(name))
        };
        names.iter().map(read).collect()
    }

    /// What earlier runs left here. A manifest that cannot be read is an error: it would be written over.
    pub(super) fn known(&self) -> Result<Known, PackError> {
        let mut known = Known::default();
        for manifest in self.manifests()? {
            let dropped = manifest.sources.iter().filter_map(|source| source.dropped.clone());
            known.dropped.extend(dropped.map(|dropped| (dropped, manifest.share)));
            known.packages.extend(manifest.packages);
        }
        for name in self.names()?.iter().filter(|name| is_record(name)) {
            // A record of another program is worth nothing, and no harm either.
            let bytes = self.read(name)?.unwrap_or_default();
            known.packages.extend(serde_json::from_slice::<PackageEntry>(&bytes));
        }
        Ok(known)
    }

    /// The bytes of a finished package that was made of the same things, if it is still what it was.
    pub(super) fn finished(
        &self,
        known: &Known,
        file: &str,
        recipe: &str,
    ) -> Result<Option<Vec<u8>>, PackError> {
        let same = |package: &&PackageEntry| package.file == file && package.recipe == recipe;
        let Some(bytes) = known.packages.iter().any(|package| same(&package)).then(|| self.read(file)) else {
            return Ok(None);
        };
        let digest = |bytes: &Vec<u8>| {
            let digest = sha256_hex(bytes);
            known.packages.iter().filter(same).any(|package| package.sha256 == digest)
        };
        Ok(bytes?.filter(digest))
    }

    /// The names of all files, sorted.
    fn names(&self) -> Result<Vec<String>, PackError> {
        let failed = |error| PackError::reading(&self.folder)(error);
        let entries: io::Result<Vec<_>> = fs::read_dir(&self.folder).map_err(failed)?.collect();
        let name = |entry: fs::DirEntry| entry.file_name().into_string().ok();
        let mut names: Vec<String> = entries.map_err(failed)?.into_iter().filter_map(name).collect();
        names.sort_unstable();
        Ok(names)
    }
}

fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn record_name(file: &str) -> String {
    format!(".{file}.json")
}

fn is_record(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(".bin.json")
}

fn is_manifest(name: &str) -> bool {
    name == MANIFEST_FILE || (name.starts_with("manifest.shard-") && name.ends_with(".json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_remains_of_a_file_that_cannot_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path()).unwrap();
        fs::create_dir(folder.path().join("taken")).unwrap();
        fs::write(folder.path().join("taken").join("x"), b"").unwrap();
        let error = store.write("taken", b"bytes").unwrap_err().to_string();
        assert!(error.contains("taken: cannot write: "), "{error}");
        assert_eq!(store.names().unwrap(), ["taken"]);
    }

    #[test]
    fn what_a_stopped_run_left_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path()).unwrap();
        fs::write(store.path(".a.bin.part"), b"half of something long").unwrap();
        store.write("a.bin", b"whole").unwrap();
        assert_eq!(store.names().unwrap(), ["a.bin"]);
        assert_eq!(store.read("a.bin").unwrap().unwrap(), b"whole");
    }

    #[test]
    fn a_foreign_manifest_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path()).unwrap();
        for foreign in ["{\"name\": \"my extension\"}", "{\"manifest\": 2}", "no JSON"] {
            store.write(MANIFEST_FILE, foreign.as_bytes()).unwrap();
            assert!(matches!(store.known(), Err(PackError::Manifest { .. })), "{foreign}");
        }
    }
}
