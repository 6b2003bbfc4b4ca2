//! The folder of a release: writes files whole or not at all, and finds finished packages again.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::lock::Lock;
use crate::digest::sha256_hex;
use crate::escaped::Escaped;
use crate::release::error::PackError;
use crate::release::model::{Dropped, MANIFEST_FILE, Manifest, PackageEntry, Release};
use crate::release::platform::FILE_LIMIT;
use crate::release::regular::{self, Links, TEXT_FILE_LIMIT};

/// A folder that a release is written to or read from. An attacker may have filled it.
///
/// A file is written under a random hidden name, synchronised and moved to its place, where it replaces any file, also a
/// symbolic link. A run that is stopped leaves at most that hidden file, which the next run removes. Each finished package
/// has a hidden record until the manifest is written, so that the next run can go on. Only regular files are read.
pub(crate) struct Store {
    folder: PathBuf,
    /// Absent if nothing is written, and where there are no locks.
    _lock: Option<Lock>,
}

/// The packages of earlier runs.
#[derive(Default)]
pub(crate) struct Known {
    /// Packages in manifests and records; their files may be gone.
    pub(crate) packages: Vec<PackageEntry>,
    /// The names of the manifests.
    pub(crate) manifests: Vec<String>,
    /// Packages that were dropped, and the share that they exceeded.
    pub(crate) dropped: Vec<(Dropped, u8)>,
}

/// What tells releases apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Named {
    product: Option<String>,
    module: String,
    version: String,
    /// The SHA-256 of its image.
    image: String,
}

impl Named {
    pub(crate) fn of(manifest: &Manifest) -> Self {
        let Manifest { product, module, version, target, .. } = manifest;
        let (product, image) = (product.clone(), target.sha256.clone());
        Self { product, module: module.clone(), version: version.clone(), image }
    }

    /// `image` is the SHA-256 of the release's image.
    pub(crate) fn of_release(release: &Release, image: String) -> Self {
        let product = release.options.identity.product.clone();
        Self { product, module: release.module_name().to_owned(), version: release.version.clone(), image }
    }

    /// What it is beside another release: the image is told only if nothing else differs.
    fn beside(&self, other: &Self) -> String {
        let differs =
            (&self.product, &self.module, &self.version) != (&other.product, &other.module, &other.version);
        if differs { self.to_string() } else { format!("{self}, image {:.16}…", self.image) }
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let product = Escaped(self.product.as_deref().unwrap_or("no product"));
        write!(f, "version {} of {product}, module {}", Escaped(&self.version), Escaped(&self.module))
    }
}

impl Store {
    /// Opens a folder to write this manifest to it, and makes it if it does not exist. Others cannot do so meanwhile.
    pub(crate) fn create(folder: &Path, manifest: &str) -> Result<Self, PackError> {
        fs::create_dir_all(folder).map_err(PackError::writing(folder))?;
        Ok(Self { folder: folder.to_owned(), _lock: Lock::take(folder, manifest)? })
    }

    pub(crate) fn open(folder: &Path) -> Result<Self, PackError> {
        fs::read_dir(folder).map_err(PackError::reading(folder))?;
        Ok(Self { folder: folder.to_owned(), _lock: None })
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let canonical = |folder: &Path| fs::canonicalize(folder).ok();
        canonical(&self.folder) == canonical(&other.folder)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a file, whole or not at all.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), PackError> {
        let path = self.path(name);
        self.remove_parts(name)?;
        self.write_whole(name, bytes).map_err(PackError::writing(&path))
    }

    fn write_whole(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        // A function of our own gives it the permissions of any new file; tempfile's own would be private.
        let open = |path: &Path| File::options().write(true).create_new(true).open(path);
        let mut builder = tempfile::Builder::new();
        let prefix = format!(".{name}.");
        let mut part = builder.prefix(&prefix).suffix(PART).rand_bytes(RANDOM).make_in(&self.folder, open)?;
        // Not through tempfile, whose errors name the temporary path.
        let file = part.as_file_mut();
        file.write_all(bytes).and_then(|()| file.sync_all())?;
        part.persist(self.path(name)).map(drop).map_err(|error| error.error)
    }

    /// Removes what stopped runs left of this file. No other run writes it now: shards have no file in common.
    fn remove_parts(&self, name: &str) -> Result<(), PackError> {
        let parts = self.names()?.into_iter().filter(|other| is_part(other, name));
        // Those that cannot be removed do no harm.
        parts.for_each(|part| drop(fs::remove_file(self.path(&part))));
        Ok(())
    }

    /// Reads a text, such as a manifest, if there is one.
    pub(crate) fn read_text(&self, name: &str) -> Result<Option<Vec<u8>>, PackError> {
        let path = self.path(name);
        match regular::read(&path, TEXT_FILE_LIMIT, Links::Refused) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(PackError::reading(&path)(error)),
        }
    }

    pub(crate) fn manifest(&self) -> Result<Manifest, PackError> {
        Manifest::read(&self.folder)
    }

    /// Reads the file of a package, and checks it against its entry.
    pub(crate) fn read_package(&self, package: &PackageEntry) -> Result<Vec<u8>, String> {
        let path = self.path(&package.file);
        if fs::symlink_metadata(&path).is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            return Err("the file is missing".to_owned());
        }
        let size = package.size.min(FILE_LIMIT);
        if let Some(found) = regular::size(&path).filter(|&found| found != size) {
            return Err(format!("the file has {found} bytes; the manifest says {}", package.size));
        }
        let cannot = |error| format!("the file cannot be read: {error}");
        let bytes = regular::read(&path, size, Links::Refused).map_err(cannot)?;
        if bytes.len() as u64 == package.size && sha256_hex(&bytes) == package.sha256 {
            Ok(bytes)
        } else {
            Err("the file has another SHA-256 than the manifest says".to_owned())
        }
    }

    pub(crate) fn remove(&self, name: &str) -> Result<(), PackError> {
        let path = self.path(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(PackError::writing(&path)(error)),
            _ => Ok(()),
        }
    }

    /// Writes the record of a finished package.
    pub(crate) fn record(&self, package: &PackageEntry) -> Result<(), PackError> {
        let json = serde_json::to_vec(package)
            .map_err(|error| PackError::writing(&self.path(&package.file))(error.into()))?;
        self.write(&record_name(&package.file), &json)
    }

    /// Removes the record; the manifest replaces it.
    pub(crate) fn forget(&self, file: &str) -> Result<(), PackError> {
        self.remove(&record_name(file))
    }

    /// The manifests in the folder, which must be of the same release as this one. One that cannot be read is an error: it
    /// would be overwritten.
    pub(crate) fn manifests_of(&self, own: &Named) -> Result<Vec<Manifest>, PackError> {
        let manifests = self.manifests()?;
        match manifests.iter().map(Named::of).find(|there| there != own) {
            None => Ok(manifests),
            Some(there) => Err(PackError::OtherRelease {
                folder: self.folder.clone(),
                there: there.beside(own),
                own: own.beside(&there),
            }),
        }
    }

    /// The manifest in the folder of this name, if there is one that can be read.
    pub(crate) fn manifest_before(&self, name: &str) -> Option<Manifest> {
        let bytes = self.read_text(name).ok().flatten()?;
        Manifest::parse(&bytes, &self.path(name)).ok()
    }

    /// Whether there is a file of this package's name and size.
    pub(crate) fn has(&self, package: &PackageEntry) -> bool {
        regular::size(&self.path(&package.file)) == Some(package.size)
    }

    /// The names of files that the manifest does not list, sorted; without hidden ones.
    pub(crate) fn unlisted(&self, manifest: &Manifest) -> Result<Vec<String>, PackError> {
        let mut names = self.names()?;
        let own = manifest.file_name();
        names.retain(|name| !name.starts_with('.') && *name != own && manifest.package(name).is_none());
        Ok(names)
    }

    /// The manifests in the folder, in the order of their names.
    pub(crate) fn manifests(&self) -> Result<Vec<Manifest>, PackError> {
        let mut names = self.names()?;
        let is_shard = |name: &str| name.starts_with("manifest.shard-") && name.ends_with(".json");
        names.retain(|name| name == MANIFEST_FILE || is_shard(name));
        let read = |name: &String| {
            let bytes = self.read_text(name).transpose()?;
            Some(bytes.and_then(|bytes| Manifest::parse(&bytes, &self.path(name))))
        };
        names.iter().filter_map(read).collect()
    }

    /// The packages of earlier runs, those in records included.
    pub(crate) fn known(&self, manifests: &[Manifest]) -> Result<Known, PackError> {
        let mut known = Known::default();
        for manifest in manifests {
            let dropped = manifest.sources.iter().filter_map(|source| source.dropped.clone());
            known.dropped.extend(dropped.map(|dropped| (dropped, manifest.share)));
            known.packages.extend_from_slice(&manifest.packages);
            known.manifests.push(manifest.file_name());
        }
        let is_record = |name: &&String| name.starts_with('.') && name.ends_with(".bin.json");
        for name in self.names()?.iter().filter(is_record) {
            // Records that cannot be read are skipped: packages are only made anew.
            let bytes = self.read_text(name).ok().flatten().unwrap_or_default();
            known.packages.extend(serde_json::from_slice::<PackageEntry>(&bytes));
        }
        Ok(known)
    }

    /// The bytes of a finished package with this recipe, if its file is unchanged.
    pub(crate) fn finished(&self, known: &Known, file: &str, recipe: &str) -> Option<Vec<u8>> {
        let same = |package: &&PackageEntry| package.file == file && package.recipe == recipe;
        known.packages.iter().filter(same).find_map(|package| self.read_package(package).ok())
    }

    /// The names of all files, sorted; what is not UTF-8 in them is replaced, so that no file is passed over.
    fn names(&self) -> Result<Vec<String>, PackError> {
        let failed = |error| PackError::reading(&self.folder)(error);
        let entries: io::Result<Vec<_>> = fs::read_dir(&self.folder).map_err(failed)?.collect();
        let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
        let mut names: Vec<String> = entries.map_err(failed)?.into_iter().map(name).collect();
        names.sort_unstable();
        Ok(names)
    }
}

/// The ending of files that are being written, and the random letters and digits before it.
const PART: &str = ".part";
const RANDOM: usize = 12;

/// Whether `other` is left of a run that was stopped while it wrote `name`.
fn is_part(other: &str, name: &str) -> bool {
    let rest = other.strip_prefix('.').and_then(|rest| rest.strip_prefix(name));
    let random = rest.and_then(|rest| rest.strip_suffix(PART));
    // Early builds of 0.1.0 wrote no random part.
    random.is_some_and(|random| {
        random.is_empty()
            || random.strip_prefix('.').is_some_and(|random| {
                random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
            })
    })
}

fn record_name(file: &str) -> String {
    format!(".{file}.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = ".manifest.json.lock";

    #[test]
    fn nothing_remains_of_a_file_that_cannot_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path(), MANIFEST_FILE).unwrap();
        fs::create_dir(folder.path().join("taken")).unwrap();
        fs::write(folder.path().join("taken").join("x"), b"").unwrap();
        let error = store.write("taken", b"bytes").unwrap_err().to_string();
        assert!(error.contains("taken: cannot write: "), "{error}");
        assert_eq!(store.names().unwrap(), [LOCK, "taken"]);
    }

    #[test]
    fn what_a_stopped_run_left_is_removed_and_what_others_write_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path(), MANIFEST_FILE).unwrap();
        let others = [".a.bin.json.abcdefghijkl.part", ".a.bin.short.part", ".b.bin.abcdefghijkl.part"];
        for name in others.iter().chain(&[".a.bin.part", ".a.bin.abcdefghijkl.part"]) {
            fs::write(store.path(name), b"half of something long").unwrap();
        }
        store.write("a.bin", b"whole").unwrap();
        assert_eq!(store.names().unwrap(), [&others[..], &[LOCK, "a.bin"]].concat());
        assert_eq!(store.read_text("a.bin").unwrap().unwrap(), b"whole");
    }

    #[cfg(unix)]
    #[test]
    fn links_are_replaced_or_removed_and_never_followed() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(&folder.path().join("release"), MANIFEST_FILE).unwrap();
        let victim = folder.path().join("victim");
        fs::write(&victim, b"precious").unwrap();
        for name in [".a.bin.part", ".a.bin.abcdefghijkl.part", "a.bin"] {
            std::os::unix::fs::symlink(&victim, store.path(name)).unwrap();
        }
        assert!(store.read_text("a.bin").unwrap_err().to_string().contains("it is a symbolic link"));
        store.write("a.bin", b"whole").unwrap();
        assert_eq!(store.names().unwrap(), [LOCK, "a.bin"]);
        assert_eq!(store.read_text("a.bin").unwrap().unwrap(), b"whole");
        assert_eq!(fs::read(victim).unwrap(), b"precious");
    }

    #[test]
    fn a_foreign_manifest_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(folder.path(), MANIFEST_FILE).unwrap();
        for foreign in ["{\"name\": \"my extension\"}", "{\"manifest\": 2}", "no JSON"] {
            store.write(MANIFEST_FILE, foreign.as_bytes()).unwrap();
            assert!(matches!(store.manifests(), Err(PackError::Manifest { .. })), "{foreign}");
        }
    }
}
