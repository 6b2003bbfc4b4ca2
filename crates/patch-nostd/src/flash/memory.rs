//! What an update asks of flash: pages that are erased as a whole, units that are written once.

use embedded_storage::nor_flash::NorFlash;

/// A flash operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlashError;

/// Sizes in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// All of it, a multiple of `page`.
    pub size: u32,
    /// What is erased at once, a multiple of `write`.
    pub page: u32,
    /// What is written at once.
    pub write: u32,
}

impl Geometry {
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

/// Flash, or a part of one. Erased bytes read as 0xFF.
pub trait Flash {
    /// Its sizes, which never change.
    fn geometry(&self) -> Geometry;
    /// Reads from any offset.
    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), FlashError>;
    /// Erases the page that begins at `offset`.
    fn erase(&mut self, offset: u32) -> Result<(), FlashError>;
    /// Writes whole units that have not been written since their page was erased.
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
        Geometry { size: u32::try_from(self.len()).unwrap_or(u32::MAX), page: 1, write: 1 }
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

/// A driver of `embedded-storage` as [`Flash`]. It must read from any offset: `READ_SIZE` must be 1.
#[derive(Debug)]
pub struct Nor<F>(pub F);

impl<F: NorFlash> Flash for Nor<F> {
    fn geometry(&self) -> Geometry {
        const { assert!(F::READ_SIZE == 1, "reads are of any offset and length") }
        let size = u32::try_from(self.0.capacity()).unwrap_or(u32::MAX);
        let page = F::ERASE_SIZE as u32;
        Geometry { size: size - size.checked_rem(page).unwrap_or(0), page, write: F::WRITE_SIZE as u32 }
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), FlashError> {
        self.0.read(offset, buffer).map_err(|_| FlashError)
    }

    fn erase(&mut self, offset: u32) -> Result<(), FlashError> {
        let end = offset.checked_add(F::ERASE_SIZE as u32).ok_or(FlashError)?;
        self.0.erase(offset, end).map_err(|_| FlashError)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        self.0.write(offset, bytes).map_err(|_| FlashError)
    }
}
