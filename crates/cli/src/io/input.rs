//! Inputs: files, or standard input in a temporary file; checked, then mapped to memory, read only.

use std::fs::{self, File, Metadata};
use std::io::{self, IsTerminal, Read};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use memmap2::{Mmap, MmapOptions};
use smidgen_diff::release::internals::open_regular;
use smidgen_patch::header::IMAGE_LIMIT;

use crate::report::{Failure, Reason, is_standard_stream, shown};

/// The largest package: an image that does not compress, and an eighth of overhead.
const PACKAGE_LIMIT: u64 = IMAGE_LIMIT as u64 + IMAGE_LIMIT as u64 / 8;

/// The file that is always empty: the base of full packages.
pub(crate) const NOTHING: &str = if cfg!(windows) { "NUL" } else { "/dev/null" };

#[derive(Debug)]
pub(crate) struct Input {
    path: PathBuf,
    /// Absent for standard input, which no output can overwrite.
    identity: Option<Identity>,
    /// Absent for an empty file, which cannot be mapped.
    map: Option<Mmap>,
}

/// What identifies a file, whatever path leads to it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    canonical: PathBuf,
    #[cfg(unix)]
    inode: (u64, u64),
}

impl Input {
    pub(crate) fn image(path: &Path) -> Result<Self, Failure> {
        Self::open(path, IMAGE_LIMIT.into(), "an image")
    }

    /// The base of a package, which may be [`NOTHING`].
    pub(crate) fn base(path: &Path) -> Result<Self, Failure> {
        if path != Path::new(NOTHING) {
            return Self::image(path);
        }
        let identity = fs::metadata(path).and_then(|metadata| Identity::new(path, &metadata));
        let identity = identity.map_err(|error| Failure::file(path, Reason::Read, &error))?;
        Ok(Self { path: path.to_owned(), identity: Some(identity), map: None })
    }

    pub(crate) fn package(path: &Path) -> Result<Self, Failure> {
        Self::open(path, PACKAGE_LIMIT, "a package")
    }

    /// The path as the user wrote it, for messages.
    pub(crate) fn name(&self) -> impl std::fmt::Display + '_ {
        shown(&self.path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether this is the same file, also through links.
    pub(crate) fn is_same(&self, other: &Identity) -> bool {
        self.identity.as_ref().is_some_and(|identity| identity.is_same(other))
    }

    fn open(path: &Path, limit: u64, what: &str) -> Result<Self, Failure> {
        let failed = |error| Failure::file(path, Reason::Read, &error);
        let (file, size, identity) = if is_standard_stream(path) {
            let (file, size) = standard_input(limit)?;
            (file, size, None)
        } else {
            let (file, metadata) = open_regular(path).map_err(failed)?;
            (file, metadata.len(), Some(Identity::new(path, &metadata).map_err(failed)?))
        };
        check_size(path, size, limit, what)?;
        let map = map(&file, size).map_err(failed)?;
        Ok(Self { path: path.to_owned(), identity, map })
    }
}

impl Deref for Input {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.map.as_deref().unwrap_or(&[])
    }
}

impl AsRef<[u8]> for Input {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Identity {
    /// The identity of the file at `path`, which has this metadata.
    pub(crate) fn new(path: &Path, metadata: &Metadata) -> std::io::Result<Self> {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt;
        #[cfg(not(unix))]
        let _ = metadata;
        Ok(Self {
            canonical: fs::canonicalize(path)?,
            #[cfg(unix)]
            inode: (metadata.dev(), metadata.ino()),
        })
    }

    /// Whether both are the same file, also through links.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        #[cfg(unix)]
        if self.inode == other.inode {
            return true;
        }
        self.canonical == other.canonical
    }
}

/// Standard input, in a temporary file without a name, and its size: at most one byte more than the limit.
///
/// Commands read their inputs in any order, and some twice.
fn standard_input(limit: u64) -> Result<(File, u64), Failure> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if TAKEN.swap(true, Ordering::Relaxed) {
        return Err(Failure::usage("standard input can be read once, and is needed again")
            .note("save it to a file, and name that (one called \"-\" is \"./-\")"));
    }
    let stdin = io::stdin().lock();
    if stdin.is_terminal() {
        return Err(Failure::usage("standard input is a terminal: it has no package or image")
            .note("name a file, or pipe the output of a program to smidgen"));
    }
    let spooled = || {
        let mut file = tempfile::tempfile()?;
        let size = io::copy(&mut stdin.take(limit + 1), &mut file)?;
        Ok((file, size))
    };
    spooled().map_err(|error| Failure::file(Path::new("-"), Reason::Read, &error))
}

fn check_size(path: &Path, size: u64, limit: u64, what: &str) -> Result<(), Failure> {
    if size <= limit {
        return Ok(());
    }
    // Standard input is not read to its end.
    let size = if is_standard_stream(path) { format!("more than {limit}") } else { size.to_string() };
    let message = format!("has {size} bytes; the limit for {what} is {limit}");
    Err(Failure::new(Reason::TooLarge, message).about(path))
}

fn map(file: &File, size: u64) -> std::io::Result<Option<Mmap>> {
    if size == 0 {
        return Ok(None);
    }
    let length = usize::try_from(size).map_err(std::io::Error::other)?;
    // SAFETY: the map is read only and never handed out mutably. If another process writes to the file
    // meanwhile, bytes may change between two reads: memory safety does not rely on the same bytes twice,
    // and the digests reveal a wrong result. If it truncates the file, the operating system ends this
    // process with SIGBUS before a missing byte is read; no output appears then.
    let map = unsafe { MmapOptions::new().len(length).map(file)? };
    Ok(Some(map))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn larger_packages_than_images_are_fine() {
        let limit = u64::from(IMAGE_LIMIT);
        assert!(check_size(Path::new("x"), limit, limit, "an image").is_ok());
        assert!(check_size(Path::new("x"), limit + 1, limit, "an image").is_err());
        assert!(check_size(Path::new("x"), limit + 1, PACKAGE_LIMIT, "a package").is_ok());
    }
}
