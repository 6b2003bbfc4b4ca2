//! The slot that an A/B update writes: page by page, journaled, never the same page twice.

use super::journal::{Entry, Journal, Mark};
use super::memory::{Flash, Geometry};
use crate::verify::Sha256;
use crate::wire::Header;
use crate::{Error, Target};
use zerocopy::IntoBytes;

/// A slot as the target of a restore.
///
/// `buffer` holds what is not yet written, a multiple of the slot's write size. If it holds a whole page, a page that
/// has the right bytes already is neither erased nor written.
#[derive(Debug)]
pub struct SlotTarget<'b, F, J> {
    slot: F,
    journal: Journal<J>,
    buffer: &'b mut [u8],
    geometry: Geometry,
    update: u64,
    size: u32,
    /// Bytes of the image that were finished before a reset.
    finished: u32,
    /// Bytes of the image before the buffer.
    flushed: u32,
    used: usize,
}

impl<'b, F: Flash, J: Flash> SlotTarget<'b, F, J> {
    /// A target over a slot and an opened journal.
    pub fn new(slot: F, journal: Journal<J>, buffer: &'b mut [u8]) -> Result<Self, Error> {
        let geometry = slot.geometry();
        let whole = buffer.len().min(geometry.page as usize) as u32;
        let units = whole.checked_div(geometry.write).ok_or(Error::Areas)?;
        let buffer = buffer.get_mut(..(units * geometry.write) as usize).ok_or(Error::Areas)?;
        if !geometry.is_valid() || buffer.is_empty() {
            return Err(Error::Areas);
        }
        let (update, size, finished, flushed, used) = (0, 0, 0, 0, 0);
        Ok(Self { slot, journal, buffer, geometry, update, size, finished, flushed, used })
    }

    /// How much of the buffer fills up before it is written: at the page's end, or the image's.
    fn room(&self) -> usize {
        let in_page = self.flushed.checked_rem(self.geometry.page).unwrap_or(0);
        let end = (self.geometry.page - in_page).min(self.size - self.flushed);
        (end as usize).min(self.buffer.len())
    }

    /// Writes the buffer, unless its bytes are there already.
    fn flush(&mut self) -> Result<(), Error> {
        let at_page = self.flushed.is_multiple_of(self.geometry.page);
        if self.flushed >= self.finished && !(at_page && self.is_there()?) {
            if at_page {
                self.slot.erase(self.flushed).map_err(|_| Error::TargetWrite)?;
            }
            let units = self.used.checked_next_multiple_of(self.geometry.write as usize);
            let units = units.and_then(|units| self.buffer.get_mut(..units)).ok_or(Error::TargetWrite)?;
            units.iter_mut().skip(self.used).for_each(|byte| *byte = self.geometry.erased);
            self.slot.write(self.flushed, units).map_err(|_| Error::TargetWrite)?;
        }
        self.flushed += self.used as u32;
        self.used = 0;
        let complete = self.flushed == self.size || self.flushed.is_multiple_of(self.geometry.page);
        if complete && self.flushed > self.finished { self.note_page() } else { Ok(()) }
    }

    fn note_page(&mut self) -> Result<(), Error> {
        let pages =
            self.geometry.whole_pages(self.flushed).and_then(|end| end.checked_div(self.geometry.page));
        let mark = Mark::Pages(pages.ok_or(Error::Areas)?);
        self.journal.append(Entry { update: self.update, mark })
    }

    /// Whether the buffer is a whole page, or all of the last one, and in flash already. What cannot be read is not.
    fn is_there(&mut self) -> Result<bool, Error> {
        let page = self.used == self.geometry.page as usize || self.flushed + self.used as u32 == self.size;
        let mut offset = self.flushed;
        let mut read = [0; 32];
        for part in self.buffer.get(..self.used).unwrap_or(&[]).chunks(32) {
            if !page {
                return Ok(false);
            }
            let found = read.get_mut(..part.len()).ok_or(Error::TargetRead)?;
            if self.slot.read(offset, found).is_err() || found != part {
                return Ok(false);
            }
            offset += part.len() as u32;
        }
        Ok(page)
    }

    /// Adds the next bytes of the image, as flash has them, to a digest; returns how many are done.
    pub(super) fn check<D: Sha256>(&mut self, digest: &mut D, done: u32, budget: u32) -> Result<u32, Error> {
        let end = done.saturating_add(budget.max(1)).min(self.size);
        let mut offset = done;
        while offset < end {
            let count = self.buffer.len().min((end - offset) as usize);
            let part = self.buffer.get_mut(..count).ok_or(Error::TargetRead)?;
            self.slot.read(offset, part).map_err(|_| Error::TargetRead)?;
            digest.update(part);
            offset += count as u32;
        }
        Ok(end)
    }

    /// Notes that the image is complete, or that nothing in the slot can be relied on.
    pub(super) fn conclude(&mut self, right: bool) -> Result<(), Error> {
        let mark = if right { Mark::Ready } else { Mark::Pages(0) };
        if self.journal.mark(self.update) == Some(mark) {
            return Ok(());
        }
        self.journal.append(Entry { update: self.update, mark })
    }
}

impl<F: Flash, J: Flash> Target for SlotTarget<'_, F, J> {
    fn announce(&mut self, header: &Header) -> Result<(), Error> {
        // What is in the slot depends on the target only, whatever package it came from.
        self.update = header.target_digest.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        Ok(())
    }

    fn limit(&self) -> u32 {
        self.geometry.size
    }

    fn begin(&mut self, size: u32) -> Result<(), Error> {
        self.size = size;
        self.finished = match self.journal.mark(self.update) {
            Some(Mark::Pages(pages)) => pages.saturating_mul(self.geometry.page).min(size),
            Some(Mark::Ready) => size,
            _ => 0,
        };
        Ok(())
    }

    fn write(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            let room = self.room();
            let free = self.buffer.get_mut(self.used..room).ok_or(Error::TargetWrite)?;
            let (now, later) =
                bytes.split_at_checked(free.len().min(bytes.len())).ok_or(Error::TargetWrite)?;
            if now.is_empty() {
                return Err(Error::TargetWrite);
            }
            now.write_to_prefix(free).map_err(|_| Error::TargetWrite)?;
            self.used += now.len();
            bytes = later;
            if self.used == room {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        let stored = self.flushed.saturating_sub(offset).min(buffer.len() as u32);
        let (from_slot, from_buffer) =
            buffer.split_at_mut_checked(stored as usize).ok_or(Error::TargetRead)?;
        if !from_slot.is_empty() {
            self.slot.read(offset, from_slot).map_err(|_| Error::TargetRead)?;
        }
        let place = (offset + stored).saturating_sub(self.flushed) as usize;
        let held =
            self.buffer.get(..self.used).and_then(|held| held.get(place..)).ok_or(Error::TargetRead)?;
        let held = held.get(..from_buffer.len()).ok_or(Error::TargetRead)?;
        held.write_to(from_buffer).map_err(|_| Error::TargetRead)
    }
}
