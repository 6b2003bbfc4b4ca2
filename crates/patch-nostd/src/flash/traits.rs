//! The trait of flash: pages that are erased as a whole, units that are written once (`docs/format.md`, section 8).

use crate::{Base, Error};

/// A flash operation failed. Why, the driver knows: see [`Nor::last_error`](super::Nor::last_error).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct FlashError;

impl core::fmt::Display for FlashError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("a flash operation failed")
    }
}

impl core::error::Error for FlashError {}

/// Sizes in bytes, and what erased flash reads as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Geometry {
    /// All of it, a multiple of `page`.
    pub size: u32,
    /// What is erased at once, a multiple of `write`.
    pub page: u32,
    /// What is written at once.
    pub write: u32,
    /// What erased bytes read as, and what fills up the last unit that is written: 0xFF on most chips, 0 on some.
    pub erased: u8,
}

impl Geometry {
    /// Of flash that is erased to 0xFF.
    #[must_use]
    pub const fn new(size: u32, page: u32, write: u32) -> Self {
        Self { size, page, write, erased: 0xFF }
    }

    /// Whether the sizes go together.
    #[must_use]
    pub const fn is_valid(&self) -> bool {
        self.write > 0
            && self.page >= self.write
            && self.page.is_multiple_of(self.write)
            && self.size.is_multiple_of(self.page)
    }

    /// `length` rounded up to whole pages; `None` beyond 32 bits.
    #[must_use]
    pub const fn whole_pages(&self, length: u32) -> Option<u32> {
        length.checked_next_multiple_of(self.page)
    }
}

/// Flash, or a part of one.
pub trait Flash {
    /// Its sizes, which never change.
    fn geometry(&self) -> Geometry;
    /// Reads from any offset, any number of bytes.
    ///
    /// Some chips cannot read a unit whose write lost power, nor any of a page whose erase did, until that page is
    /// erased again (flash with error correction: STM32G4, L4, L5, U5, H7 and others); some cannot read what was erased
    /// and not written since (LPC55). Here that is an error, never a fault and never a wait: a driver on a chip that
    /// raises a fault, as with an NMI, must make an error of it. An update then takes such a place for one that
    /// holds no record, and not what it should.
    ///
    /// # Errors
    /// [`FlashError`] if the driver fails or the place is not in the flash.
    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), FlashError>;
    /// Erases the page that begins at `offset`.
    ///
    /// # Errors
    /// As [`Flash::read`], also if no page begins there.
    fn erase(&mut self, offset: u32) -> Result<(), FlashError>;
    /// Writes whole units that have not been written since their page was erased.
    ///
    /// # Errors
    /// As [`Flash::read`], also for a part of a unit.
    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError>;
}

impl<F: Flash> Flash for &mut F {
    fn geometry(&self) -> Geometry {
        (**self).geometry()
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), FlashError> {
        (**self).read(offset, buffer)
    }

    fn erase(&mut self, offset: u32) -> Result<(), FlashError> {
        (**self).erase(offset)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        (**self).write(offset, bytes)
    }
}

/// A package in memory, or in memory-mapped flash: can only be read.
impl Flash for &[u8] {
    fn geometry(&self) -> Geometry {
        Geometry::new(u32::try_from(self.len()).unwrap_or(u32::MAX), 1, 1)
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), FlashError> {
        let rest = self.get(offset as usize..).and_then(|rest| rest.get(..buffer.len())).ok_or(FlashError)?;
        buffer.iter_mut().zip(rest).for_each(|(to, &from)| *to = from);
        Ok(())
    }

    fn erase(&mut self, _offset: u32) -> Result<(), FlashError> {
        Err(FlashError)
    }

    fn write(&mut self, _offset: u32, _bytes: &[u8]) -> Result<(), FlashError> {
        Err(FlashError)
    }
}

/// An image at the start of a flash or of a part of one: the base of an A/B update.
#[derive(Clone, Debug)]
pub struct FlashBase<F> {
    /// Where the image is.
    pub flash: F,
    /// Bytes of it.
    pub size: u32,
}

impl<F: Flash> Base for FlashBase<F> {
    type Error = Error;

    fn size(&self) -> u32 {
        self.size
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        self.flash.read(offset, buffer).map_err(|_| Error::BaseRead)
    }
}
