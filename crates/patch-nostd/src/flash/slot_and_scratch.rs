//! Slot and scratch area of an update in place, through which the decoder sees both images (`docs/format.md`, section 8.2).

use core::cell::Cell;

use super::traits::{Flash, Geometry};
use crate::Error;
use crate::apply::Io;
use crate::wire::InPlacePlan;

/// Bytes that are written at once where units are not longer; also of the buffers on the stack.
pub(super) const PIECE: usize = 256;
/// The longest unit of a journal's record that needs no buffer.
const SHORT: usize = 64;
/// Bytes that are compared at once, on the stack.
const COMPARED: usize = 64;

/// Bytes of the buffer of an update in place, on top of the workspace. `write` is the most bytes that one of the areas
/// (slot, scratch, journal, state) writes at once.
pub(super) const fn in_place_buffer(write: u32) -> usize {
    let write = write as usize;
    let held = if write > PIECE { write } else { PIECE };
    held.saturating_add(if write > SHORT { write } else { 0 })
}

/// An offset in one of the areas.
#[derive(Clone, Copy, Debug)]
enum Place {
    Slot(u32),
    Scratch(u32),
    /// In the slot, where it may lie beside the base: what is there was perhaps erased, and is of no use.
    Kept(u32),
}

/// Slot and scratch area while the segments of the new image come into being.
#[derive(Debug)]
pub(super) struct SlotAndScratch<'w, F> {
    pub(super) slot: F,
    pub(super) scratch: F,
    /// Bytes on their way to the scratch area.
    held: &'w mut [u8],
    /// Where units are put together that are too long for the stack.
    pub(super) spare: &'w mut [u8],
    plan: InPlacePlan,
    base_size: u32,
    target_size: u32,
    /// The segment that is being decoded, or copied.
    segment: u32,
    /// Bytes of it that are in the scratch area.
    flushed: u32,
    /// Bytes that are held.
    pub(super) used: usize,
}

crate::state::state!(Held<'_>: used, held);

/// What of it has to be saved.
struct Held<'a> {
    used: usize,
    held: &'a mut [u8; PIECE],
}

impl<'w, F: Flash> SlotAndScratch<'w, F> {
    /// Checks that the areas are fit for the plan. `unit` is the longest of all areas.
    pub(super) fn new(
        (slot, scratch): (F, F),
        (buffer, unit): (&'w mut [u8], u32),
        plan: InPlacePlan,
        (base_size, target_size): (u32, u32),
    ) -> Result<Self, Error> {
        let (of_slot, of_scratch) = (slot.geometry(), scratch.geometry());
        let fits = |size: u32, shift: u32| {
            let end = of_slot.whole_pages(size).and_then(|size| size.checked_add(shift));
            end.is_some_and(|end| end <= of_slot.size)
        };
        let whole = plan.segment.is_multiple_of(of_slot.page) && plan.shift.is_multiple_of(of_slot.page);
        let needed = plan.scratch(target_size).and_then(|bytes| of_scratch.whole_pages(bytes));
        let kept = plan.keep == 0 || plan.segment.is_multiple_of(of_scratch.page);
        let fitting = needed.is_some_and(|needed| needed <= of_scratch.size);
        if !of_slot.is_valid() || !of_scratch.is_valid() || !whole || !kept || !fitting {
            return Err(Error::Areas);
        }
        if !fits(base_size, plan.shift) || !fits(target_size, 0) {
            return Err(Error::SlotSize);
        }
        if buffer.len() < in_place_buffer(unit) {
            return Err(Error::WorkspaceTooSmall);
        }
        let (held, spare) =
            buffer.split_at_mut_checked(PIECE.max(unit as usize)).ok_or(Error::WorkspaceTooSmall)?;
        Ok(Self { slot, scratch, held, spare, plan, base_size, target_size, segment: 0, flushed: 0, used: 0 })
    }

    /// Where the current segment begins.
    pub(super) const fn start(&self) -> u32 {
        self.segment.saturating_mul(self.plan.segment)
    }

    /// Where it ends.
    pub(super) fn end(&self) -> u32 {
        self.start().saturating_add(self.plan.segment).min(self.target_size)
    }

    /// Bytes of the image that are in the slot or the scratch area.
    pub(super) const fn known(&self) -> u32 {
        self.start().saturating_add(self.flushed)
    }

    /// Begins a segment; what is held is its first bytes.
    pub(super) fn begin(&mut self, segment: u32) {
        self.segment = segment;
        self.flushed = 0;
    }

    /// Carries what is held to where the decoder's state is saved, or from there.
    pub(super) fn transfer(&mut self, transfer: &mut impl crate::state::Transfer) -> Result<(), Error> {
        // What is held beyond a segment's end is less than a block.
        let held = self.held.first_chunk_mut::<PIECE>().filter(|_| self.used <= PIECE);
        let mut held = Held { used: self.used, held: held.ok_or(Error::Areas)? };
        crate::state::State::transfer(&mut held, transfer)?;
        self.used = held.used;
        if self.used <= PIECE { Ok(()) } else { Err(Error::Journal) }
    }

    /// Adds bytes of the slot to a digest; returns where it goes on.
    pub(super) fn hash(&mut self, digest: &mut impl crate::Sha256, from: u32, to: u32) -> Result<u32, Error> {
        let mut copied = [0; PIECE];
        let mut offset = from;
        while offset < to {
            let count = PIECE.min((to - offset) as usize);
            let part = copied.get_mut(..count).ok_or(Error::TargetRead)?;
            self.slot.read(offset, part).map_err(|_| Error::TargetRead)?;
            digest.update(part);
            offset += count as u32;
        }
        Ok(offset)
    }

    /// Moves a page of the base to where the plan wants it. The page itself stays as it is.
    pub(super) fn move_page(&mut self, from: u32) -> Result<(), Error> {
        let to = from.checked_add(self.plan.shift).ok_or(Error::SlotSize)?;
        let count = self.slot.geometry().page.min(self.base_size.saturating_sub(from));
        self.copy(Place::Slot(from), Place::Slot(to), count)
    }

    /// How many bytes are kept when the current segment takes its place: none if nothing follows it.
    pub(super) fn kept(&self) -> u32 {
        if self.end() < self.target_size { self.plan.keep } else { 0 }
    }

    /// Keeps a page of what the current segment replaces; `at` is where it begins in what is kept.
    pub(super) fn keep_page(&mut self, at: u32) -> Result<(), Error> {
        let from = self.end().saturating_sub(self.plan.keep).saturating_add(at);
        let to = self.plan.segment.saturating_add(at);
        let count = self.scratch.geometry().page.min(self.plan.keep.saturating_sub(at));
        self.copy(Place::Kept(from), Place::Scratch(to), count)
    }

    /// Copies a page of the finished segment to its place; `at` is where it begins in the segment.
    pub(super) fn copy_page(&mut self, at: u32) -> Result<(), Error> {
        let to = self.start().saturating_add(at);
        let count = self.slot.geometry().page.min(self.end().saturating_sub(to));
        self.copy(Place::Scratch(at), Place::Slot(to), count)
    }

    /// Copies `count` bytes to the start of a page, unless they are there.
    fn copy(&mut self, from: Place, to: Place, count: u32) -> Result<(), Error> {
        if self.is_same(from, to, count)? {
            return Ok(());
        }
        let spare = core::mem::take(&mut self.spare);
        let result = self.write_page(from, to, count, spare);
        self.spare = spare;
        result
    }

    fn write_page(&mut self, from: Place, to: Place, count: u32, spare: &mut [u8]) -> Result<(), Error> {
        let (area, start) = self.area(to);
        let geometry = area.geometry();
        let chunk = chunk(&geometry);
        area.erase(start).map_err(|_| Error::TargetWrite)?;
        let mut stack = [0; PIECE];
        let units = buffer(&mut stack, spare, chunk as usize)?;
        let mut done = 0;
        while done < count {
            let known = chunk.min(count - done) as usize;
            units.fill(geometry.erased);
            self.read(from, done, units.get_mut(..known).ok_or(Error::Areas)?)?;
            let (area, start) = self.area(to);
            area.write(start.saturating_add(done), units).map_err(|_| Error::TargetWrite)?;
            done += chunk;
        }
        Ok(())
    }

    /// Whether two places hold the same `count` bytes; if the other one cannot be read, it does not.
    fn is_same(&mut self, one: Place, other: Place, count: u32) -> Result<bool, Error> {
        // Where there is nothing of use, that is what was written.
        let erased = self.scratch.geometry().erased;
        let mut at = 0;
        while at < count {
            let length = (COMPARED as u32).min(count - at);
            let (mut first, mut second) = ([erased; COMPARED], [erased; COMPARED]);
            self.read(one, at, first.get_mut(..length as usize).unwrap_or_default())?;
            let read = self.read(other, at, second.get_mut(..length as usize).unwrap_or_default());
            if read.is_err() || first != second {
                return Ok(false);
            }
            at += length;
        }
        Ok(true)
    }

    fn area(&mut self, place: Place) -> (&mut F, u32) {
        match place {
            Place::Slot(offset) | Place::Kept(offset) => (&mut self.slot, offset),
            Place::Scratch(offset) => (&mut self.scratch, offset),
        }
    }

    /// Reads from a place; where it holds nothing of use, the buffer stays as it is.
    fn read(&mut self, place: Place, at: u32, mut buffer: &mut [u8]) -> Result<(), Error> {
        let (_, start) = self.area(place);
        let mut from = start.saturating_add(at);
        if let Place::Kept(_) = place {
            let (begin, end) = (self.plan.shift, self.plan.shift.saturating_add(self.base_size));
            let before = begin.saturating_sub(from).min(buffer.len() as u32);
            from = from.saturating_add(before);
            let count = end.saturating_sub(from).min(buffer.len() as u32 - before) as usize;
            buffer =
                buffer.get_mut(before as usize..).unwrap_or_default().get_mut(..count).unwrap_or_default();
            if buffer.is_empty() {
                return Ok(());
            }
        }
        let (area, _) = self.area(place);
        area.read(from, buffer).map_err(|_| Error::TargetRead)
    }

    /// Writes what is held to the scratch area as far as it makes whole chunks, or the segment's end.
    pub(super) fn settle(&mut self) -> Result<(), Error> {
        let chunk = chunk(&self.scratch.geometry());
        loop {
            let count = chunk.min(self.end().saturating_sub(self.known())) as usize;
            if count == 0 || self.used < count {
                return Ok(());
            }
            self.flush(count)?;
        }
    }

    /// Writes the first `count` bytes that are held, filled up to whole units.
    fn flush(&mut self, count: usize) -> Result<(), Error> {
        let geometry = self.scratch.geometry();
        if self.flushed.is_multiple_of(geometry.page) {
            self.scratch.erase(self.flushed).map_err(|_| Error::TargetWrite)?;
        }
        let length = (count as u32).checked_next_multiple_of(geometry.write).ok_or(Error::Areas)?;
        let mut stack = [0; PIECE];
        let units = buffer(&mut stack, self.spare, length as usize)?;
        units.fill(geometry.erased);
        let held = self.held.get(..count).ok_or(Error::TargetWrite)?;
        units.iter_mut().zip(held).for_each(|(to, &from)| *to = from);
        self.scratch.write(self.flushed, units).map_err(|_| Error::TargetWrite)?;
        self.flushed += count as u32;
        self.used -= count;
        let cells = Cell::from_mut(&mut self.held[..]).as_slice_of_cells();
        cells.iter().zip(cells.iter().skip(count)).take(self.used).for_each(|(to, from)| to.set(from.get()));
        Ok(())
    }
}

impl<F: Flash> Io for SlotAndScratch<'_, F> {
    type Error = Error;

    fn read_base(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        let place = offset.checked_add(self.plan.shift).ok_or(Error::BaseGone)?;
        // Before that, the new image has taken its place, and what was kept is in the scratch area.
        let start = self.start();
        let gone = start.saturating_sub(place);
        let (kept, there) =
            buffer.split_at_mut_checked((gone as usize).min(buffer.len())).ok_or(Error::BaseRead)?;
        if !kept.is_empty() {
            let back = self.plan.keep.checked_sub(gone).ok_or(Error::BaseGone)?;
            self.scratch.read(self.plan.segment.saturating_add(back), kept).map_err(|_| Error::BaseRead)?;
        }
        if there.is_empty() {
            return Ok(());
        }
        self.slot.read(place.max(start), there).map_err(|_| Error::BaseRead)
    }

    fn read_target(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        let (start, known) = (self.start(), self.known());
        let in_slot = start.saturating_sub(offset).min(buffer.len() as u32);
        let (slot, rest) = buffer.split_at_mut_checked(in_slot as usize).ok_or(Error::TargetRead)?;
        if !slot.is_empty() {
            self.slot.read(offset, slot).map_err(|_| Error::TargetRead)?;
        }
        let offset = offset.saturating_add(in_slot);
        let in_scratch = known.saturating_sub(offset).min(rest.len() as u32);
        let (scratch, held) = rest.split_at_mut_checked(in_scratch as usize).ok_or(Error::TargetRead)?;
        if !scratch.is_empty() {
            self.scratch.read(offset - start, scratch).map_err(|_| Error::TargetRead)?;
        }
        let place = offset.saturating_add(in_scratch).saturating_sub(known) as usize;
        let bytes =
            self.held.get(..self.used).and_then(|bytes| bytes.get(place..)).ok_or(Error::TargetRead)?;
        let bytes = bytes.get(..held.len()).ok_or(Error::TargetRead)?;
        held.iter_mut().zip(bytes).for_each(|(to, &from)| *to = from);
        Ok(())
    }

    fn write(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            let free = self.held.get_mut(self.used..).ok_or(Error::TargetWrite)?;
            let (now, later) =
                bytes.split_at_checked(free.len().min(bytes.len())).ok_or(Error::TargetWrite)?;
            if now.is_empty() {
                return Err(Error::TargetWrite);
            }
            free.iter_mut().zip(now).for_each(|(to, &from)| *to = from);
            self.used += now.len();
            bytes = later;
            self.settle()?;
        }
        Ok(())
    }
}

/// Room for `length` bytes: on the stack if that has it.
pub(super) fn buffer<'b>(
    stack: &'b mut [u8; PIECE],
    spare: &'b mut [u8],
    length: usize,
) -> Result<&'b mut [u8], Error> {
    let from = if length <= PIECE { stack } else { spare };
    from.get_mut(..length).ok_or(Error::WorkspaceTooSmall)
}

/// Bytes that are written at once: whole units, and no page ends amid them.
pub(super) const fn chunk(geometry: &Geometry) -> u32 {
    let most = PIECE as u32;
    if geometry.page <= most {
        geometry.page
    } else if geometry.page.is_multiple_of(most) && most.is_multiple_of(geometry.write) {
        most
    } else {
        geometry.write
    }
}
