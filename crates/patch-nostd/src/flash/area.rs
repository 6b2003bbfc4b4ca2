//! A part of a chip that others share: a slot, a scratch area, a journal (`docs/format.md`, section 8.2).

use core::cell::RefCell;

use super::traits::{Flash, FlashError, Geometry};

/// Whole pages of a chip.
#[derive(Debug)]
pub struct Area<'c, F> {
    chip: &'c RefCell<F>,
    start: u32,
    size: u32,
    /// Bytes that are erased at once, if they are not the chip's.
    page: Option<u32>,
}

impl<F> Clone for Area<'_, F> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<'c, F: Flash> Area<'c, F> {
    /// `size` bytes from `start` of the chip, both multiples of its pages.
    #[must_use]
    pub const fn new(chip: &'c RefCell<F>, start: u32, size: u32) -> Self {
        Self { chip, start, size, page: None }
    }

    /// An area in a part of the chip with pages of another size, `page` bytes: a chip whose `erase` erases the sector
    /// that begins at an offset, whatever its size.
    #[must_use]
    pub const fn with_page(chip: &'c RefCell<F>, start: u32, size: u32, page: u32) -> Self {
        Self { chip, start, size, page: Some(page) }
    }

    /// Where `length` bytes from `offset` are on the chip.
    fn place(&self, offset: u32, length: usize) -> Result<u32, FlashError> {
        let length = u32::try_from(length).map_err(|_| FlashError)?;
        let inside = offset.checked_add(length).is_some_and(|end| end <= self.size);
        if inside { self.start.checked_add(offset).ok_or(FlashError) } else { Err(FlashError) }
    }
}

impl<F: Flash> Flash for Area<'_, F> {
    fn geometry(&self) -> Geometry {
        match self.chip.try_borrow() {
            Ok(chip) => {
                let geometry = chip.geometry();
                Geometry { size: self.size, page: self.page.unwrap_or(geometry.page), ..geometry }
            }
            Err(_) => Geometry::new(0, 0, 0),
        }
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), FlashError> {
        let place = self.place(offset, buffer.len())?;
        self.chip.try_borrow_mut().map_err(|_| FlashError)?.read(place, buffer)
    }

    fn erase(&mut self, offset: u32) -> Result<(), FlashError> {
        let place = self.place(offset, self.geometry().page as usize)?;
        self.chip.try_borrow_mut().map_err(|_| FlashError)?.erase(place)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        let place = self.place(offset, bytes.len())?;
        self.chip.try_borrow_mut().map_err(|_| FlashError)?.write(place, bytes)
    }
}
