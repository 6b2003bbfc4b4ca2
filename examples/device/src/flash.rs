//! Flash in RAM that is as strict as flash: whole pages are erased, whole units are written, and once only.

use smidgen_patch::flash::{Flash, FlashError, Geometry};

/// What is erased, and written, at once.
pub const PAGE: u32 = 4096;
const WRITE: u32 = 8;
/// Of any bank.
pub const GEOMETRY: Geometry = Geometry::new(0, PAGE, WRITE);

/// A bank of it.
pub struct RamFlash<'m>(pub &'m mut [u8]);

impl RamFlash<'_> {
    fn part(&mut self, offset: u32, length: usize) -> Result<&mut [u8], FlashError> {
        let rest = self.0.get_mut(offset as usize..).ok_or(FlashError)?;
        rest.get_mut(..length).ok_or(FlashError)
    }
}

impl Flash for RamFlash<'_> {
    fn geometry(&self) -> Geometry {
        Geometry { size: self.0.len() as u32, ..GEOMETRY }
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), FlashError> {
        let part = self.part(offset, buffer.len())?;
        buffer.iter_mut().zip(part).for_each(|(to, from)| *to = *from);
        Ok(())
    }

    fn erase(&mut self, offset: u32) -> Result<(), FlashError> {
        if offset % PAGE != 0 {
            return Err(FlashError);
        }
        self.part(offset, PAGE as usize)?.fill(0xFF);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        let whole = offset % WRITE == 0 && bytes.len() % WRITE as usize == 0;
        let part = self.part(offset, bytes.len())?;
        if !whole || part.iter().any(|&byte| byte != 0xFF) {
            return Err(FlashError);
        }
        part.iter_mut().zip(bytes).for_each(|(to, &from)| *to = from);
        Ok(())
    }
}
