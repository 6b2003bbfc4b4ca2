//! Flash whose sectors have several sizes, as pages of one size (`docs/format.md`, section 8).

use super::traits::{Flash, FlashError, Geometry};
use crate::Error;

/// Sectors of several sizes, in groups as large as the largest of them: erasing a page erases the sectors in it.
///
/// An STM32F405 has `&[(4, 16 << 10), (1, 64 << 10), (7, 128 << 10)]`: eight pages of 128 KiB. Small sectors by themselves
/// are an [`Area::with_page`](super::Area::with_page): two of 16 KiB do for a journal.
#[derive(Debug)]
pub struct Sectors<'s, F> {
    flash: F,
    /// How many follow each other, and how many bytes each has.
    sectors: &'s [(u32, u32)],
    page: u32,
}

impl<'s, F: Flash> Sectors<'s, F> {
    /// Sectors of `flash`, whose `erase` erases the sector that begins at an offset, whatever its size.
    ///
    /// # Errors
    /// [`Error::Areas`] if they are not all of the flash, or if groups as large as the largest do not begin and end with
    /// sectors.
    pub fn new(flash: F, sectors: &'s [(u32, u32)]) -> Result<Self, Error> {
        let geometry = flash.geometry();
        let page = sectors.iter().fold(0, |most, &(_, size)| size.max(most));
        let mut end = 0u32;
        for &(count, size) in sectors {
            // Then no sector lies across the end of a page.
            let whole = page.checked_rem(size) == Some(0) && end.checked_rem(size) == Some(0);
            let bytes = count.checked_mul(size).filter(|_| whole).ok_or(Error::Areas)?;
            if size.checked_rem(geometry.write) != Some(0) {
                return Err(Error::Areas);
            }
            end = end.checked_add(bytes).ok_or(Error::Areas)?;
        }
        let valid = Geometry { page, ..geometry }.is_valid() && end == geometry.size;
        if valid { Ok(Self { flash, sectors, page }) } else { Err(Error::Areas) }
    }

    /// Bytes of the sector that begins at an offset.
    fn sector(&self, offset: u32) -> Option<u32> {
        let mut start = 0u32;
        for &(count, size) in self.sectors {
            let end = start.checked_add(count.checked_mul(size)?)?;
            if offset < end {
                return Some(size);
            }
            start = end;
        }
        None
    }
}

impl<F: Flash> Flash for Sectors<'_, F> {
    fn geometry(&self) -> Geometry {
        Geometry { page: self.page, ..self.flash.geometry() }
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), FlashError> {
        self.flash.read(offset, buffer)
    }

    fn erase(&mut self, offset: u32) -> Result<(), FlashError> {
        let end = offset.checked_add(self.page).ok_or(FlashError)?;
        if offset.checked_rem(self.page) != Some(0) {
            return Err(FlashError);
        }
        let mut at = offset;
        while at < end {
            let size = self.sector(at).filter(|&size| size > 0).ok_or(FlashError)?;
            self.flash.erase(at)?;
            at = at.checked_add(size).ok_or(FlashError)?;
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        self.flash.write(offset, bytes)
    }
}
