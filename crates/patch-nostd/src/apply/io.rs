//! The traits that connect a decoder to a device: the base and the target (`docs/format.md`, section 8.1).

use super::operation::Operation;
use crate::Error;
use crate::wire::Header;
use zerocopy::IntoBytes;

/// The base image: random access, read only.
pub trait Base {
    /// Why a read failed: [`Error`], or the driver's own type, which reaches the caller of the decoder.
    type Error;

    /// Its size in bytes.
    fn size(&self) -> u32;
    /// Reads `buffer.len()` bytes from `offset`; the decoder never asks beyond the end.
    ///
    /// # Errors
    /// [`Error::BaseRead`], or the driver's own.
    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Self::Error>;
    /// A trusted digest of the base, if there is one (verified boot, say): the first 16 bytes of its SHA-256. With
    /// `Some`, the decoder does not hash the base before it begins.
    fn digest(&mut self) -> Option<[u8; 16]> {
        None
    }
}

/// The target image: written once, in order.
pub trait Target {
    /// Why an access failed: [`Error`], or the driver's own type, which the decoder's functions then return.
    type Error: From<Error>;

    /// Bytes of the largest target image that it can take. A package of a larger one is refused
    /// ([`Error::SlotSize`]) before the base is read: a hostile package decides how much work it makes, up to this.
    fn limit(&self) -> u32;
    /// Learns what is coming, before [`Target::begin`].
    ///
    /// # Errors
    /// Any, which refuses the package.
    fn announce(&mut self, _header: &Header) -> Result<(), Self::Error> {
        Ok(())
    }
    /// Makes room for `size` bytes, which are at most the limit. Called once, when the base has been checked and before
    /// the first write.
    ///
    /// # Errors
    /// [`Error::TargetWrite`], or the driver's own.
    fn begin(&mut self, size: u32) -> Result<(), Self::Error>;
    /// Appends bytes.
    ///
    /// # Errors
    /// [`Error::TargetWrite`], or the driver's own.
    fn write(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;
    /// Reads bytes that were written before. Only packages whose header says so need it.
    ///
    /// # Errors
    /// [`Error::TargetRead`], or the driver's own.
    fn read(&mut self, _offset: u32, _buffer: &mut [u8]) -> Result<(), Self::Error> {
        Err(Error::TargetRead.into())
    }
}

/// Everything a body is decoded (or encoded) against.
pub trait Io {
    /// Why an access failed.
    type Error: From<Error>;

    /// Reads from the base image.
    ///
    /// # Errors
    /// Those of the base.
    fn read_base(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Self::Error>;
    /// Reads from the part of the target that was written.
    ///
    /// # Errors
    /// Those of the target.
    fn read_target(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Self::Error>;
    /// Appends to the target.
    ///
    /// # Errors
    /// Those of the target.
    fn write(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;
    /// Receives each operation of a `zstd` body before its cover is carried out; for reports.
    fn announce(&mut self, _operation: Operation) {}
}

impl<B: Base + ?Sized> Base for &mut B {
    type Error = B::Error;

    fn size(&self) -> u32 {
        (**self).size()
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), B::Error> {
        (**self).read(offset, buffer)
    }

    fn digest(&mut self) -> Option<[u8; 16]> {
        (**self).digest()
    }
}

impl<T: Target + ?Sized> Target for &mut T {
    type Error = T::Error;

    fn limit(&self) -> u32 {
        (**self).limit()
    }

    fn announce(&mut self, header: &Header) -> Result<(), T::Error> {
        (**self).announce(header)
    }

    fn begin(&mut self, size: u32) -> Result<(), T::Error> {
        (**self).begin(size)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), T::Error> {
        (**self).write(bytes)
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), T::Error> {
        (**self).read(offset, buffer)
    }
}

/// A base image in memory, or memory-mapped flash.
impl Base for &[u8] {
    type Error = Error;

    fn size(&self) -> u32 {
        u32::try_from(self.len()).unwrap_or(u32::MAX)
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        copy_from(self, offset, buffer).ok_or(Error::BaseRead)
    }
}

/// A base image behind a read function, such as a driver of external flash.
#[derive(Clone, Copy, Debug)]
pub struct BaseFn<F> {
    /// Bytes of the image.
    pub size: u32,
    /// Reads `buffer.len()` bytes from an offset.
    pub read: F,
}

impl<E, F: FnMut(u32, &mut [u8]) -> Result<(), E>> BaseFn<F> {
    /// An image of `size` bytes; `read` fills its buffer from an offset.
    pub const fn new(size: u32, read: F) -> Self {
        Self { size, read }
    }
}

impl<E, F: FnMut(u32, &mut [u8]) -> Result<(), E>> Base for BaseFn<F> {
    type Error = E;

    fn size(&self) -> u32 {
        self.size
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), E> {
        (self.read)(offset, buffer)
    }
}

/// A base with a digest that the caller vouches for, and must compare with the base's before the target is used.
#[derive(Debug)]
pub struct Vouched<B> {
    /// The base.
    pub base: B,
    /// The first 16 bytes of its SHA-256.
    pub digest: [u8; 16],
}

impl<B: Base> Base for Vouched<B> {
    type Error = B::Error;

    fn size(&self) -> u32 {
        self.base.size()
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), B::Error> {
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
    type Error = Error;

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
