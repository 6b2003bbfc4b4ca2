//! Saves the decoder's state between segments, in two places by turns (`docs/format.md`, section 8.2).
//!
//! The journal says when a state is complete, a checksum after it whether it still is what was written: a decoder that
//! goes on from anything else would overwrite the last copy of the base.

use super::traits::Flash;
use crate::Error;
use crate::state::{State, Transfer};
use crate::wire::crc32_on;
use zerocopy::IntoBytes;

/// Writes a state to flash from `at` on.
pub(super) struct Saving<'a, F> {
    area: &'a mut F,
    at: u32,
    /// What is written at once.
    piece: &'a mut [u8],
    used: usize,
    checksum: u32,
}

impl<'a, F: Flash> Saving<'a, F> {
    /// `piece` has the bytes of a [`chunk`](super::slot_and_scratch::chunk).
    pub(super) fn new(area: &'a mut F, at: u32, piece: &'a mut [u8]) -> Self {
        Self { area, at, piece, used: 0, checksum: 0 }
    }

    /// Writes the checksum and what is left, filled up to a whole piece.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        let mut checksum = self.checksum;
        checksum.transfer(&mut self)?;
        let erased = self.area.geometry().erased;
        self.piece.get_mut(self.used..).unwrap_or_default().fill(erased);
        if self.used > 0 { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Error> {
        if self.at.is_multiple_of(self.area.geometry().page) {
            self.area.erase(self.at).map_err(|_| Error::Journal)?;
        }
        self.area.write(self.at, self.piece).map_err(|_| Error::Journal)?;
        self.at += self.piece.len() as u32;
        self.used = 0;
        Ok(())
    }
}

impl<F: Flash> Transfer for Saving<'_, F> {
    fn bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        let mut bytes = &*bytes;
        self.checksum = crc32_on(self.checksum, bytes);
        while !bytes.is_empty() {
            let free = self.piece.get_mut(self.used..).ok_or(Error::Journal)?;
            let (now, later) = bytes.split_at_checked(free.len().min(bytes.len())).ok_or(Error::Journal)?;
            now.write_to_prefix(free).map_err(|_| Error::Journal)?;
            self.used += now.len();
            bytes = later;
            if self.used == self.piece.len() {
                self.flush()?;
            }
        }
        Ok(())
    }
}

/// Reads a state from flash.
pub(super) struct Loading<'a, F> {
    area: &'a mut F,
    at: u32,
    checksum: u32,
}

impl<'a, F: Flash> Loading<'a, F> {
    pub(super) fn new(area: &'a mut F, at: u32) -> Self {
        Self { area, at, checksum: 0 }
    }

    /// Compares the checksum.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        let (expected, mut checksum) = (self.checksum, 0u32);
        checksum.transfer(&mut self)?;
        if checksum == expected { Ok(()) } else { Err(Error::Journal) }
    }
}

impl<F: Flash> Transfer for Loading<'_, F> {
    fn bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.area.read(self.at, bytes).map_err(|_| Error::Journal)?;
        self.at = self.at.checked_add(bytes.len() as u32).ok_or(Error::Journal)?;
        self.checksum = crc32_on(self.checksum, bytes);
        Ok(())
    }
}
