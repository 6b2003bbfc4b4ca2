//! What the decoder asks of its surroundings: the base to read, the target to write (`docs/format.md`, section 8.1).

use super::operation::Operation;
use crate::Error;
use crate::wire::Header;
use zerocopy::IntoBytes;

/// The base image: random access, read only.
pub trait Base {
    /// Its size in bytes.
    fn size(&self) -> u32;
    /// Reads `buffer.len()` bytes from `offset`; the decoder never asks beyond the end.
    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error>;
    /// The first 16 bytes of its SHA-256, from whoever vouches for them: verified boot, or a thread that is asked
    /// before the target is used. The decoder then does not read all of it before it begins.
    fn digest(&mut self) -> Option<[u8; 16]> {
        None
    }
}

/// The target image: written once, in order.
pub trait Target {
    /// Bytes of the largest target image that it can take. A package of a larger one is refused
    /// ([`Error::SlotSize`]) before the base is read: a hostile package decides how much work it makes, up to this.
    fn limit(&self) -> u32;
    /// Learns what is coming, before [`Target::begin`].
    fn announce(&mut self, _header: &Header) -> Result<(), Error> {
        Ok(())
    }
    /// Makes room for `size` bytes, which are at most the limit. Called once, when the base has been checked and before
    /// the first write.
    fn begin(&mut self, size: u32) -> Result<(), Error>;
    /// Appends bytes.
    fn write(&mut self, bytes: &[u8]) -> Result<(), Error>;
    /// Reads bytes that were written before. Only packages whose header says so need it.
    fn read(&mut self, _offset: u32, _buffer: &mut [u8]) -> Result<(), Error> {
        Err(Error::TargetRead)
    }
}

/// Everything a body is decoded (or encoded) against.
pub trait Io {
    /// Reads from the base image.
    fn read_base(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error>;
    /// Reads from the part of the target that was written.
    fn read_target(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error>;
    /// Appends to the target.
    fn write(&mut self, bytes: &[u8]) -> Result<(), Error>;
    /// Hears of an operation of a `zstd` body before its cover is carried out; for reports.
    fn announce(&mut self, _operation: Operation) {}
}

/// A base image in memory, or memory-mapped flash.
impl<T: Target + ?Sized> Target for &mut T {
    fn limit(&self) -> u32 {
        (**self).limit()
    }

    fn announce(&mut self, header: &Header) -> Result<(), Error> {
        (**self).announce(header)
    }

    fn begin(&mut self, size: u32) -> Result<(), Error> {
        (**self).begin(size)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        (**self).write(bytes)
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        (**self).read(offset, buffer)
    }
}

impl Base for &[u8] {
    fn size(&self) -> u32 {
        u32::try_from(self.len()).unwrap_or(u32::MAX)
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        copy_from(self, offset, buffer).ok_or(Error::BaseRead)
    }
}

/// A base image behind a read function, such as a driver of external flash.
impl<F: FnMut(u32, &mut [u8]) -> Result<(), Error>> Base for (u32, F) {
    fn size(&self) -> u32 {
        self.0
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        (self.1)(offset, buffer)
    }
}

/// A base whose digest the caller vouches for: it must be compared with that of the base before the target is used.
#[derive(Debug)]
pub struct Vouched<B> {
    /// The base.
    pub base: B,
    /// The first 16 bytes of its SHA-256.
    pub digest: [u8; 16],
}

impl<B: Base> Base for Vouched<B> {
    fn size(&self) -> u32 {
        self.base.size()
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        self.base.read(offset, buffer)
    }

    fn digest(&mut self) -> Option<[u8; 16]> {
        Some(self.digest)
    }
}

/// A target in memory.
#[derive(Debug)]
pub struct SliceTarget<'a> {
    memory: &'a mut [u8],
    used: usize,
}

impl<'a> SliceTarget<'a> {
    /// A target that may use all of `memory`.
    pub fn new(memory: &'a mut [u8]) -> Self {
        Self { memory, used: 0 }
    }
}

impl Target for SliceTarget<'_> {
    fn limit(&self) -> u32 {
        u32::try_from(self.memory.len()).unwrap_or(u32::MAX)
    }

    fn begin(&mut self, _size: u32) -> Result<(), Error> {
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let end = self.used.checked_add(bytes.len()).ok_or(Error::TargetWrite)?;
        let place = self.memory.get_mut(self.used..end).ok_or(Error::TargetWrite)?;
        bytes.write_to(place).map_err(|_| Error::TargetWrite)?;
        self.used = end;
        Ok(())
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        let written = self.memory.get(..self.used).unwrap_or(&[]);
        copy_from(written, offset, buffer).ok_or(Error::TargetRead)
    }
}

/// Not `copy_from_slice`, whose check of the lengths small builds keep, and with it a panic.
fn copy_from(memory: &[u8], offset: u32, buffer: &mut [u8]) -> Option<()> {
    let start = offset as usize;
    let bytes = memory.get(start..start.checked_add(buffer.len())?)?;
    bytes.write_to(buffer).ok()
}
