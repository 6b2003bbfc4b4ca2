//! Room for expanded images: memory, or a file (`docs/format.md`, section 14.6).

use std::fs::File;
use std::vec::Vec;

use crate::Error;

/// Keeps bytes that are appended, and gives them back from any place.
pub trait Scratch: Send {
    /// Appends bytes.
    ///
    /// # Errors
    /// [`Error::TargetWrite`].
    fn append(&mut self, bytes: &[u8]) -> Result<(), Error>;
    /// Reads bytes that were appended.
    ///
    /// # Errors
    /// [`Error::TargetRead`].
    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error>;
}

impl Scratch for Vec<u8> {
    fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.extend_from_slice(bytes);
        Ok(())
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        let bytes = self.get(offset as usize..).and_then(|rest| rest.get(..buffer.len()));
        buffer.copy_from_slice(bytes.ok_or(Error::TargetRead)?);
        Ok(())
    }
}

impl<S: Scratch + ?Sized> Scratch for std::boxed::Box<S> {
    fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        (**self).append(bytes)
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        (**self).read(offset, buffer)
    }
}

/// An empty file that is open for reading and writing.
#[derive(Debug)]
pub struct FileScratch {
    file: File,
    length: u64,
}

impl FileScratch {
    /// Scratch in this file.
    #[must_use]
    pub const fn new(file: File) -> Self {
        Self { file, length: 0 }
    }
}

impl Scratch for FileScratch {
    fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        write_at(&mut self.file, bytes, self.length).map_err(|_| Error::TargetWrite)?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        read_at(&mut self.file, buffer, offset.into()).map_err(|_| Error::TargetRead)
    }
}

#[cfg(unix)]
fn write_at(file: &mut File, bytes: &[u8], offset: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(unix)]
fn read_at(file: &mut File, buffer: &mut [u8], offset: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(not(unix))]
fn write_at(file: &mut File, bytes: &[u8], offset: u64) -> std::io::Result<()> {
    use std::io::{Seek, SeekFrom, Write};
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(bytes)
}

#[cfg(not(unix))]
fn read_at(file: &mut File, buffer: &mut [u8], offset: u64) -> std::io::Result<()> {
    use std::io::{Read, Seek, SeekFrom};
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(buffer)
}
