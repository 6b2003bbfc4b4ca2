//! The slot that an A/B update writes page by page, with a journal (`docs/format.md`, section 8).

use super::journal::Journal;
use super::record::{Entry, Mark};
use super::traits::{Flash, Geometry};
use crate::verify::Sha256;
use crate::wire::Header;
use crate::{Error, Target};
use zerocopy::IntoBytes;

/// A slot as the target of a restore.
///
/// The first part of `buffer` holds what is not yet written, a multiple of the slot's write size; the journal's
/// [`Journal::buffer`] comes after it. If it holds a whole page, a page that has the right bytes already is neither erased
/// nor written.
///
/// The journal says which pages were finished before a reset; they are compared with what is decoded, as
/// another package may have written them.
#[derive(Debug)]
pub struct SlotTarget<'b, F, J> {
    slot: F,
    journal: Journal<J>,
    buffer: &'b mut [u8],
    /// The journal's.
    record: &'b mut [u8],
    geometry: Geometry,
    /// Which update it is, when that is known.
    update: Option<u64>,
    size: u32,
    /// Bytes of the image that were finished before a reset.
    finished: u32,
    /// Bytes of the image before the buffer: the slot holds them.
    flushed: u32,
    used: usize,
}

/// Bytes of buffer that an update of this slot takes, so that pages that are right stay as they are.
pub(super) fn ab_buffer(slot: &Geometry, journal: &Geometry) -> Option<u32> {
    let unit = if journal.write > 64 { journal.write } else { 0 };
    slot.page.checked_add(unit)
}

impl<'b, F: Flash, J: Flash> SlotTarget<'b, F, J> {
    /// A target over a slot and an opened journal.
    ///
    /// # Errors
    /// [`Error::Areas`] if sizes do not go together, [`Error::WorkspaceTooSmall`] for the buffer.
    pub fn new(slot: F, journal: Journal<J>, buffer: &'b mut [u8]) -> Result<Self, Error> {
        let geometry = slot.geometry();
        if !geometry.is_valid() {
            return Err(Error::Areas);
        }
        let room = buffer.len().checked_sub(journal.buffer()).ok_or(Error::WorkspaceTooSmall)?;
        let (buffer, record) = buffer.split_at_mut_checked(room).ok_or(Error::WorkspaceTooSmall)?;
        let whole = room.min(geometry.page as usize) as u32;
        let units = whole - whole.checked_rem(geometry.write).ok_or(Error::Areas)?;
        let buffer = buffer.get_mut(..units as usize).filter(|buffer| !buffer.is_empty());
        let buffer = buffer.ok_or(Error::WorkspaceTooSmall)?;
        let (update, size, finished, flushed, used) = (None, 0, 0, 0, 0);
        Ok(Self { slot, journal, buffer, record, geometry, update, size, finished, flushed, used })
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
        let claimed = self.flushed < self.finished;
        let whole = self.used == self.geometry.page as usize || self.flushed + self.used as u32 == self.size;
        if !((claimed || at_page && whole) && self.is_there()) {
            if claimed {
                self.take_back(at_page)?;
            }
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
        self.note(Mark::Pages(pages.ok_or(Error::Areas)?))
    }

    fn note(&mut self, mark: Mark) -> Result<(), Error> {
        let update = self.update.ok_or(Error::Finished)?;
        self.journal.append(Entry { update, mark }, self.record)
    }

    /// A page that was said to be finished is not what it should be: no page from it on counts any more.
    ///
    /// Where the buffer is smaller than a page, and the page's start was right, that start is nowhere else: the next
    /// attempt writes the page.
    fn take_back(&mut self, at_page: bool) -> Result<(), Error> {
        let pages = self.flushed.checked_div(self.geometry.page).ok_or(Error::Areas)?;
        self.note(Mark::Pages(pages))?;
        self.finished = self.flushed;
        if at_page { Ok(()) } else { Err(Error::TargetDigest) }
    }

    /// Whether what the buffer holds is in flash already. What cannot be read is not.
    fn is_there(&mut self) -> bool {
        let mut offset = self.flushed;
        let mut read = [0; 32];
        for part in self.buffer.get(..self.used).unwrap_or(&[]).chunks(32) {
            let found = read.get_mut(..part.len()).unwrap_or_default();
            if self.slot.read(offset, found).is_err() || found != part {
                return false;
            }
            offset += part.len() as u32;
        }
        true
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

    /// Notes that the image is complete.
    pub(super) fn conclude(&mut self) -> Result<(), Error> {
        let known = self.update.and_then(|update| self.journal.mark(update));
        if known == Some(Mark::Ready) { Ok(()) } else { self.note(Mark::Ready) }
    }

    /// Notes that nothing in the slot can be relied on, if something was said to be.
    pub(super) fn give_up(&mut self) -> Result<(), Error> {
        match self.update.and_then(|update| self.journal.mark(update)) {
            None | Some(Mark::Pages(0)) => Ok(()),
            Some(_) => self.note(Mark::Pages(0)),
        }
    }
}

impl<F: Flash, J: Flash> Target for SlotTarget<'_, F, J> {
    type Error = Error;

    fn announce(&mut self, header: &Header) -> Result<(), Error> {
        // What is in the slot depends on the target only, whatever package it came from.
        self.update = header.target_digest.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
        Ok(())
    }

    fn limit(&self) -> u32 {
        self.geometry.size
    }

    fn begin(&mut self, size: u32) -> Result<(), Error> {
        self.size = size;
        self.finished = match self.update.and_then(|update| self.journal.mark(update)) {
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
