//! One writer at a time: locks on hidden files in the folder of a release, which end with the process that has them.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::release::error::PackError;
use crate::release::model::MANIFEST_FILE;
use crate::release::regular;

/// The lock of a run, given back and removed when dropped.
///
/// It is named for the manifest that the run writes: a run of a whole release excludes all others, one of a shard only the
/// same shard and whole releases. On file systems without locks it excludes none: it guards against mistakes.
pub(crate) struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// Takes the lock of a run that writes this manifest to the folder; `None` where there are no locks.
    pub(crate) fn take(folder: &Path, manifest: &str) -> Result<Option<Self>, PackError> {
        let own = folder.join(lock_name(manifest));
        let busy = || PackError::Busy { folder: folder.to_owned() };
        let taken = loop {
            let file = regular::open_for_lock(&own).map_err(PackError::writing(&own))?;
            match file.try_lock() {
                Ok(()) if is_at(&file, &own) => break Some(Self { path: own, _file: file }),
                // Its last owner removed it between opening and locking.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(busy()),
                Err(TryLockError::Error(_)) => break None,
            }
        };
        let others = others(folder, manifest).map_err(PackError::reading(folder))?;
        if others.iter().any(|other| is_held(other)) { Err(busy()) } else { Ok(taken) }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // One that stays does no harm.
        drop(fs::remove_file(&self.path));
    }
}

/// The locks of other runs that exclude this one.
fn others(folder: &Path, manifest: &str) -> io::Result<Vec<PathBuf>> {
    if manifest != MANIFEST_FILE {
        return Ok(vec![folder.join(lock_name(MANIFEST_FILE))]);
    }
    let names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let names: Vec<String> = names.collect::<io::Result<_>>()?;
    let is_shard = |name: &&String| name.starts_with(".manifest.shard-") && name.ends_with(LOCK);
    Ok(names.iter().filter(is_shard).map(|name| folder.join(name)).collect())
}

/// Whether a run has this lock. One that nobody has is removed: it is of a run that was killed.
fn is_held(path: &Path) -> bool {
    while let Some(file) = regular::size(path).and_then(|_| regular::open_for_lock(path).ok()) {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return true,
            Err(TryLockError::Error(_)) => return false,
            Ok(()) if remove_if_at(&file, path) => return false,
            // Its owner removed it meanwhile, and another run may have one at its path.
            Ok(()) => {}
        }
    }
    false
}

/// Removes a file that this run has locked, unless its path has another one or none.
fn remove_if_at(file: &File, path: &Path) -> bool {
    let is_there = is_at(file, path);
    if is_there {
        drop(fs::remove_file(path));
    }
    is_there
}

/// Whether the file is still the one at its path.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(file), Ok(there)) => identity(file) == identity(there),
        _ => false,
    }
}

/// Files that are open cannot be removed from their path.
#[cfg(not(unix))]
const fn is_at(_file: &File, _path: &Path) -> bool {
    true
}

/// The ending of locks.
const LOCK: &str = ".lock";

fn lock_name(manifest: &str) -> String {
    format!(".{manifest}{LOCK}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARD: &str = "manifest.shard-1-of-2.json";
    const OTHER: &str = "manifest.shard-2-of-2.json";

    #[test]
    fn a_whole_release_excludes_all_and_a_shard_itself() {
        let folder = tempfile::tempdir().unwrap();
        let take = |manifest| Lock::take(folder.path(), manifest);
        for (first, excluded, allowed) in [
            (MANIFEST_FILE, &[MANIFEST_FILE, SHARD][..], &[][..]),
            (SHARD, &[MANIFEST_FILE, SHARD], &[OTHER]),
        ] {
            let lock = take(first).unwrap();
            for other in excluded {
                let text = take(other).err().unwrap().to_string();
                assert!(text.contains("another run writes to this folder"), "{first}, {other}: {text}");
            }
            allowed.iter().for_each(|other| drop(take(other).unwrap()));
            drop(lock);
            assert!(take(first).is_ok());
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "a lock is left");
        }
    }

    #[test]
    fn what_a_killed_run_left_is_no_lock() {
        let folder = tempfile::tempdir().unwrap();
        for manifest in [MANIFEST_FILE, SHARD] {
            fs::write(folder.path().join(lock_name(manifest)), b"").unwrap();
        }
        drop(Lock::take(folder.path(), OTHER).unwrap());
        drop(Lock::take(folder.path(), MANIFEST_FILE).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "a lock is left");
    }

    /// Three runs: one had the lock, one took it since, and this one opened the first one's file between.
    #[cfg(unix)]
    #[test]
    fn the_lock_of_another_run_is_not_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(lock_name(MANIFEST_FILE));
        let before = regular::open_for_lock(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let lock = Lock::take(folder.path(), MANIFEST_FILE).unwrap();
        before.try_lock().unwrap();
        assert!(!remove_if_at(&before, &path) && path.exists());
        assert!(is_held(&path));
        drop(lock);
        assert!(!remove_if_at(&before, &path) && !is_held(&path));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_no_lock() {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        std::os::unix::fs::symlink(&victim, folder.path().join(lock_name(MANIFEST_FILE))).unwrap();
        assert!(matches!(Lock::take(folder.path(), MANIFEST_FILE), Err(PackError::Write { .. })));
        assert!(!victim.exists());
    }
}
