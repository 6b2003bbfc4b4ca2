//! Backup registers, EEPROM or FRAM as flash for a journal (`docs/format.md`, section 8).

use super::traits::{Flash, FlashError, Geometry};

/// Words of 32 bits that are kept without power, each of which can be written at any time. A write that loses power may
/// leave anything in its word, and changes no other.
pub trait WordMemory {
    /// How many words there are.
    fn count(&self) -> u32;
    /// The word at an index.
    ///
    /// # Errors
    /// [`FlashError`] if the memory fails or has no such word.
    fn read(&mut self, index: u32) -> Result<u32, FlashError>;
    /// Writes the word at an index.
    ///
    /// # Errors
    /// As [`WordMemory::read`].
    fn write(&mut self, index: u32, word: u32) -> Result<(), FlashError>;
}

/// Words as a flash of two pages, written word by word: a journal takes at least twenty.
#[derive(Debug)]
pub struct Words<W>(pub W);

/// Bytes of a word.
const WORD: u32 = 4;

impl<W: WordMemory> Flash for Words<W> {
    fn geometry(&self) -> Geometry {
        let page = (self.0.count() / 2).saturating_mul(WORD);
        Geometry::new(page.saturating_mul(2), page, WORD)
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), FlashError> {
        let mut word = [0; WORD as usize];
        let mut known = None;
        for (place, to) in (offset..).zip(buffer) {
            let index = place / WORD;
            if known != Some(index) {
                word = self.0.read(index)?.to_le_bytes();
                known = Some(index);
            }
            *to = word.get((place % WORD) as usize).copied().unwrap_or(0);
        }
        Ok(())
    }

    fn erase(&mut self, offset: u32) -> Result<(), FlashError> {
        let page = self.geometry().page / WORD;
        let first = offset / WORD;
        (first..first.saturating_add(page)).try_for_each(|index| self.0.write(index, u32::MAX))
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        let (words, rest) = bytes.as_chunks::<{ WORD as usize }>();
        if !rest.is_empty() || !offset.is_multiple_of(WORD) {
            return Err(FlashError);
        }
        let indices = offset / WORD..;
        indices.zip(words).try_for_each(|(index, word)| self.0.write(index, u32::from_le_bytes(*word)))
    }
}
