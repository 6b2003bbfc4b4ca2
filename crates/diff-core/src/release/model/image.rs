//! Images of a release, opened only while they are worked on, to save memory.

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;

use smidgen_patch::header::IMAGE_LIMIT;

use crate::input::{self, Flat, Provenance, Reading};
use crate::release::regular::{self, Links};

/// The bytes of an open image: memory that is freed, or a map that is unmapped, when dropped.
pub type ImageBytes<'a> = Box<dyn AsRef<[u8]> + Send + Sync + 'a>;

/// Something that can be opened any number of times, with the same bytes each time.
pub trait Image: Send + Sync {
    /// Opens it.
    ///
    /// # Errors
    /// Those of the operating system, and images that cannot be flattened.
    fn open(&self) -> io::Result<ImageBytes<'_>>;

    /// The file that the image was taken from; `None` if it was plain bytes.
    ///
    /// # Errors
    /// Those of the operating system, and images that cannot be flattened.
    fn provenance(&self) -> io::Result<Option<Provenance>> {
        Ok(None)
    }
}

/// An image in a file of any input format, flattened each time that it is opened.
pub struct Flattened<I> {
    file: I,
    reading: Reading,
    /// The file's name, which may say its format.
    name: Option<PathBuf>,
}

impl<I: Image> Flattened<I> {
    /// The image in this file, read in this way.
    pub const fn new(file: I, reading: Reading) -> Self {
        Self { file, reading, name: None }
    }

    /// The same for a file of this name, which is refused if its name says a format that it does not have.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<PathBuf>) -> Self {
        self.name = Some(name.into());
        self
    }

    fn read<'f>(&self, file: &'f ImageBytes<'_>) -> io::Result<Flat<'f>> {
        let file = (**file).as_ref();
        let flat = match &self.name {
            Some(name) => input::read_named(file, name, &self.reading),
            None => input::read(file, &self.reading),
        };
        flat.map_err(io::Error::other)
    }
}

impl<I: Image> Image for Flattened<I> {
    fn open(&self) -> io::Result<ImageBytes<'_>> {
        let file = self.file.open()?;
        match self.read(&file)?.bytes {
            Cow::Borrowed(_) => Ok(file),
            Cow::Owned(bytes) => Ok(Box::new(bytes)),
        }
    }

    fn provenance(&self) -> io::Result<Option<Provenance>> {
        Ok(self.read(&self.file.open()?)?.record)
    }
}

/// Bytes in memory.
impl Image for Vec<u8> {
    fn open(&self) -> io::Result<ImageBytes<'_>> {
        Ok(Box::new(self.as_slice()))
    }
}

/// A regular file within the format's limit, read whole. An `Image` of your own that maps files saves that memory.
impl Image for PathBuf {
    fn open(&self) -> io::Result<ImageBytes<'_>> {
        Ok(Box::new(regular::read(self, IMAGE_LIMIT.into(), Links::Followed)?))
    }
}

/// A version in the field, with its image.
#[non_exhaustive]
pub struct Source {
    /// The version that devices report.
    pub version: String,
    /// Their image.
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
    use std::fs;

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

    #[test]
    fn images_are_flattened_and_plain_ones_are_as_they_are() {
        let hex = b":0200040008 F2\n:0261620041 42 B7\n:00000001FF\n".to_vec();
        let broken = Flattened::new(hex, Reading::of(input::Format::Hex));
        assert!(broken.open().err().unwrap().to_string().contains("Intel HEX, line 1"));
        let flat = Flattened::new(b":024142006162B8\n:00000001FF\n".to_vec(), Reading::default());
        assert_eq!((*flat.open().unwrap()).as_ref(), b"ab");
        assert_eq!(flat.provenance().unwrap().unwrap().base_address, Some(0x4142));
        let named = Flattened::new(b"ab".to_vec(), Reading::default()).with_name("v1.hex");
        assert!(named.open().err().unwrap().to_string().contains("its name says Intel HEX"));
        let plain = Flattened::new(b"ab".to_vec(), Reading::default());
        assert_eq!(((*plain.open().unwrap()).as_ref(), plain.provenance().unwrap()), (&b"ab"[..], None));
    }
}
