//! Drivers of `embedded-storage` as flash (`docs/format.md`, section 8).

use embedded_storage::nor_flash::NorFlash;

use super::traits::{Flash, FlashError, Geometry};

/// Bytes that are read at once where a driver reads whole units only; also the largest unit that it may read.
const READ: usize = 64;

/// A driver of `embedded-storage` as [`Flash`].
///
/// If it reads whole units only (`READ_SIZE` above 1, at most 64), they go through a buffer of 64 bytes on the stack, which is aligned
/// to eight. One that erases sectors of mixed size says the largest as `ERASE_SIZE` and erases what lies in it.
#[derive(Debug)]
pub struct Nor<F: NorFlash> {
    driver: F,
    /// Of the last operation, if it failed.
    error: Option<F::Error>,
}

/// Many that read words only want to write them to whole words, too.
#[repr(align(8))]
struct Aligned([u8; READ]);

impl<F: NorFlash> Nor<F> {
    /// A driver as flash.
    #[must_use]
    pub const fn new(driver: F) -> Self {
        Self { driver, error: None }
    }

    /// The driver's own error for which the last operation's [`FlashError`] stands; `None` if it succeeded, or the driver
    /// was not asked.
    #[must_use]
    pub const fn last_error(&self) -> Option<&F::Error> {
        self.error.as_ref()
    }

    /// The driver.
    #[must_use]
    pub fn into_inner(self) -> F {
        self.driver
    }

    /// Keeps the driver's error.
    fn kept(&mut self, result: Result<(), F::Error>) -> Result<(), FlashError> {
        self.error = result.err();
        if self.error.is_none() { Ok(()) } else { Err(FlashError) }
    }

    /// Reads the units that `buffer` is in, a piece at a time.
    fn read_units(&mut self, mut offset: u32, mut buffer: &mut [u8]) -> Result<(), FlashError> {
        let unit = const { F::READ_SIZE as u32 };
        let mut whole = Aligned([0; READ]);
        while !buffer.is_empty() {
            let skipped = offset.checked_rem(unit).ok_or(FlashError)? as usize;
            let count = buffer.len().min(READ - skipped);
            let length = (skipped + count).checked_next_multiple_of(F::READ_SIZE).ok_or(FlashError)?;
            let units = whole.0.get_mut(..length).ok_or(FlashError)?;
            let read = self.driver.read(offset - skipped as u32, units);
            self.kept(read)?;
            let (now, later) = buffer.split_at_mut_checked(count).ok_or(FlashError)?;
            now.iter_mut().zip(units.iter().skip(skipped)).for_each(|(to, &from)| *to = from);
            offset = offset.checked_add(count as u32).ok_or(FlashError)?;
            buffer = later;
        }
        Ok(())
    }
}

impl<F: NorFlash> Flash for Nor<F> {
    fn geometry(&self) -> Geometry {
        const { assert!(READ.is_multiple_of(F::READ_SIZE), "what is read at once divides 64 bytes") }
        let size = u32::try_from(self.driver.capacity()).unwrap_or(u32::MAX);
        let page = F::ERASE_SIZE as u32;
        Geometry::new(size - size.checked_rem(page).unwrap_or(0), page, F::WRITE_SIZE as u32)
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), FlashError> {
        self.error = None;
        if const { F::READ_SIZE == 1 } {
            let read = self.driver.read(offset, buffer);
            return self.kept(read);
        }
        self.read_units(offset, buffer)
    }

    fn erase(&mut self, offset: u32) -> Result<(), FlashError> {
        self.error = None;
        let end = offset.checked_add(F::ERASE_SIZE as u32).ok_or(FlashError)?;
        let erased = self.driver.erase(offset, end);
        self.kept(erased)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        let written = self.driver.write(offset, bytes);
        self.kept(written)
    }
}
