//! Reads regular files of bounded size: no pipes, devices or directories, and links only where the user named them.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::Path;

/// The most bytes of a manifest, a record or a release file.
pub(crate) const TEXT_FILE_LIMIT: u64 = 16_000_000;

/// Whether symbolic links are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Links {
    /// They are: the user named the path.
    Followed,
    /// They are refused: an attacker may have filled the folder.
    Refused,
}

/// Reads a regular file of at most `limit` bytes.
pub(crate) fn read(path: &Path, limit: u64, links: Links) -> io::Result<Vec<u8>> {
    let (file, metadata) = open(path, links)?;
    let size = metadata.len();
    if size > limit {
        return Err(io::Error::other(format!("it has {size} bytes; the limit here is {limit}")));
    }
    let mut bytes = Vec::with_capacity(size as usize);
    // The file may have grown since.
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(format!("it has more than {limit} bytes, and grows")));
    }
    Ok(bytes)
}

/// The bytes of a regular file; `None` for anything else, also for symbolic links.
pub(crate) fn size(path: &Path) -> Option<u64> {
    fs::symlink_metadata(path).ok().filter(Metadata::is_file).map(|metadata| metadata.len())
}

/// Opens a regular file for a lock, and makes it if it does not exist; nothing is written to it.
pub(crate) fn open_for_lock(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags(Links::Refused));
    let file = options.open(path)?;
    check(&file.metadata()?)?;
    Ok(file)
}

/// Opens a regular file.
pub(crate) fn open(path: &Path, links: Links) -> io::Result<(File, Metadata)> {
    // Before opening: opening a device can have an effect.
    let metadata = match links {
        Links::Followed => fs::metadata(path),
        Links::Refused => fs::symlink_metadata(path),
    };
    check(&metadata?)?;
    open_now(path, links)
}

/// Opens and checks it again: it may have been exchanged since.
fn open_now(path: &Path, links: Links) -> io::Result<(File, Metadata)> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags(links));
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    check(&metadata)?;
    Ok((file, metadata))
}

#[cfg(unix)]
const fn flags(links: Links) -> i32 {
    use rustix::fs::OFlags;
    // Opening a pipe must not wait for its writer.
    let flags = match links {
        Links::Followed => OFlags::NONBLOCK,
        Links::Refused => OFlags::NONBLOCK.union(OFlags::NOFOLLOW),
    };
    flags.bits() as i32
}

fn check(metadata: &Metadata) -> io::Result<()> {
    let what = if metadata.is_file() {
        return Ok(());
    } else if metadata.is_symlink() {
        "it is a symbolic link; name the file itself"
    } else if metadata.is_dir() {
        "it is a directory; name a file"
    } else {
        "it is a pipe, a device or the like; copy it to a regular file first"
    };
    Err(io::Error::other(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_within_the_limit_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, b"four").unwrap();
        assert_eq!(read(&path, 4, Links::Refused).unwrap(), b"four");
        let text = read(&path, 3, Links::Followed).unwrap_err().to_string();
        assert_eq!(text, "it has 4 bytes; the limit here is 3");
        let text = read(folder.path(), 3, Links::Followed).unwrap_err().to_string();
        assert_eq!(text, "it is a directory; name a file");
        let missing = read(&folder.path().join("none"), 3, Links::Refused).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        assert_eq!((size(&path), size(folder.path())), (Some(4), None));
    }

    /// As if the file had been exchanged after the first check.
    #[cfg(unix)]
    #[test]
    fn opening_never_waits_or_follows() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let made = std::process::Command::new("mkfifo").arg(path("pipe")).status().unwrap();
        assert!(made.success());
        assert!(open_now(&path("pipe"), Links::Followed).is_err());
        fs::write(path("file"), b"four").unwrap();
        std::os::unix::fs::symlink("file", path("link")).unwrap();
        assert!(open_now(&path("link"), Links::Refused).is_err());
        assert_eq!(open_now(&path("link"), Links::Followed).unwrap().1.len(), 4);
    }
}
