//! Images of a release, opened when their turn comes, so that only those being worked on are in memory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The bytes of an open image: memory that is freed, or a map that is taken down, when dropped.
pub type Bytes<'a> = Box<dyn AsRef<[u8]> + Send + Sync + 'a>;

/// Something that can be opened again and again, with the same bytes each time.
pub trait Image: Send + Sync {
    /// Opens it.
    ///
    /// # Errors
    /// What the operating system says.
    fn open(&self) -> io::Result<Bytes<'_>>;
}

/// Bytes that are in memory already.
impl Image for Vec<u8> {
    fn open(&self) -> io::Result<Bytes<'_>> {
        Ok(Box::new(self.as_slice()))
    }
}

/// A file, read whole. Those who can map files to memory save that memory with an `Image` of their own.
impl Image for PathBuf {
    fn open(&self) -> io::Result<Bytes<'_>> {
        open_file(self)
    }
}

fn open_file<'a>(path: &Path) -> io::Result<Bytes<'a>> {
    Ok(Box::new(fs::read(path)?))
}

/// A version in the field, with its image.
pub struct Source {
    /// The version that devices report.
    pub version: String,
    /// The image that they have.
    pub image: Box<dyn Image>,
}

impl Source {
    /// A version and its image.
    pub fn new(version: impl Into<String>, image: impl Image + 'static) -> Self {
        Self { version: version.into(), image: Box::new(image) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_open_again_and_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image");
        fs::write(&path, b"abc").unwrap();
        let images: [Box<dyn Image>; 2] = [Box::new(path), Box::new(b"abc".to_vec())];
        for image in images {
            assert_eq!((*image.open().unwrap()).as_ref(), b"abc");
            assert_eq!((*image.open().unwrap()).as_ref(), b"abc");
        }
        assert!(folder.path().join("none").open().is_err());
    }
}
