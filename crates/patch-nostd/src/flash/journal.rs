//! Where an update is, in a few pages of flash: the last record that is whole counts.
//!
//! Records are appended; a page is erased when it is its turn again, so that another one holds the last record
//! meanwhile. A record that was cut short is recognised by its checksum. It may have touched a place that looks erased,
//! so after a reset the first record goes to a new page.

use core::num::NonZeroU32;

use super::memory::Flash;
use crate::Error;
use crate::wire::crc32;

/// Bytes of a record, before it is filled up to whole units.
const LENGTH: usize = 24;
/// The longest unit that a record can be written in.
pub(super) const UNIT_LIMIT: usize = 64;
/// The first byte of a record.
const START: u8 = 0xA5;

/// What a record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A/B: so many pages of the new image are in the slot.
    Pages(u32),
    /// In place: the base has been checked, and so many of its pages have been moved.
    Moved(u32),
    /// In place: so many segments are in the slot, the next one is being decoded.
    Decoding(u32),
    /// In place: the segment of this number, counted from zero, is in the scratch area, and the decoder's state
    /// after it is saved.
    Copying(u32),
    /// In place: as [`Mark::Copying`], but what is to be kept of the slot is not yet.
    Keeping(u32),
    /// The new image is complete.
    Ready,
}

/// A record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which update it belongs to.
    pub update: u64,
    /// How far that is.
    pub mark: Mark,
}

/// The records of an area of at least two pages.
#[derive(Debug)]
pub struct Journal<F> {
    area: F,
    pages: u32,
    page: NonZeroU32,
    /// Bytes from one record to the next.
    place: u32,
    /// Where the next record goes; at the end of a page, at the start of the next.
    at: u32,
    sequence: u32,
    last: Option<Entry>,
}

impl Mark {
    const fn to_parts(self) -> (u8, u32) {
        match self {
            Self::Pages(count) => (1, count),
            Self::Moved(count) => (2, count),
            Self::Decoding(count) => (3, count),
            Self::Copying(index) => (4, index),
            Self::Ready => (5, 0),
            Self::Keeping(index) => (6, index),
        }
    }

    const fn of_parts(kind: u8, value: u32) -> Option<Self> {
        match kind {
            1 => Some(Self::Pages(value)),
            2 => Some(Self::Moved(value)),
            3 => Some(Self::Decoding(value)),
            4 => Some(Self::Copying(value)),
            5 => Some(Self::Ready),
            6 => Some(Self::Keeping(value)),
            _ => None,
        }
    }
}

impl<F: Flash> Journal<F> {
    /// Reads the records that there are. Writes nothing.
    pub fn open(area: F) -> Result<Self, Error> {
        let geometry = area.geometry();
        let page = NonZeroU32::new(geometry.page).filter(|_| geometry.is_valid()).ok_or(Error::Areas)?;
        let place = (LENGTH as u32).checked_next_multiple_of(geometry.write).ok_or(Error::Areas)?;
        let mut journal =
            Self { area, pages: geometry.size / page, page, place, at: 0, sequence: 0, last: None };
        if journal.pages < 2 || place > UNIT_LIMIT as u32 || place > geometry.page {
            return Err(Error::Areas);
        }
        for page in 0..journal.pages {
            let mut offset = 0;
            while offset + place <= geometry.page {
                journal.take(page * geometry.page + offset);
                offset += place;
            }
        }
        Ok(journal)
    }

    /// The last record.
    #[must_use]
    pub const fn last(&self) -> Option<Entry> {
        self.last
    }

    /// The mark of the last record, if it belongs to this update.
    #[must_use]
    pub fn mark(&self, update: u64) -> Option<Mark> {
        self.last.filter(|entry| entry.update == update).map(|entry| entry.mark)
    }

    /// Appends a record; it counts when this returns.
    pub fn append(&mut self, entry: Entry) -> Result<(), Error> {
        let used = self.at % self.page;
        if used == 0 || used + self.place > self.page.get() {
            self.begin_page(self.at / self.page + u32::from(used > 0))?;
        }
        self.sequence = self.sequence.checked_add(1).ok_or(Error::Journal)?;
        let mut bytes = [self.area.geometry().erased; UNIT_LIMIT];
        bytes.iter_mut().zip(encoded(entry, self.sequence)).for_each(|(to, from)| *to = from);
        let record = bytes.get(..self.place as usize).ok_or(Error::Journal)?;
        self.area.write(self.at, record).map_err(|_| Error::Journal)?;
        self.at += self.place;
        self.last = Some(entry);
        Ok(())
    }

    /// Erases a page, the first one after the last: the last record is in another.
    fn begin_page(&mut self, page: u32) -> Result<(), Error> {
        self.at = if page < self.pages { page * self.page.get() } else { 0 };
        self.area.erase(self.at).map_err(|_| Error::Journal)
    }

    /// Takes note of what is at a place, if it is a record and the newest so far.
    fn take(&mut self, at: u32) {
        let mut bytes = [0; LENGTH];
        // What cannot be read was cut short, or is erased.
        if self.area.read(at, &mut bytes).is_err() {
            return;
        }
        if let Some((entry, sequence)) = decoded(&bytes)
            && sequence > self.sequence
        {
            self.sequence = sequence;
            self.last = Some(entry);
            // Whatever was begun after it may have left traces that reading does not show for certain: the next page.
            self.at = (at / self.page + 1) * self.page.get();
        }
    }
}

/// Start, kind, two zeros, sequence, update, value, and the CRC-32 of these.
fn encoded(entry: Entry, sequence: u32) -> [u8; LENGTH] {
    let (kind, value) = entry.mark.to_parts();
    let [s0, s1, s2, s3] = sequence.to_le_bytes();
    let [u0, u1, u2, u3, u4, u5, u6, u7] = entry.update.to_le_bytes();
    let [v0, v1, v2, v3] = value.to_le_bytes();
    let fields = [START, kind, 0, 0, s0, s1, s2, s3, u0, u1, u2, u3, u4, u5, u6, u7, v0, v1, v2, v3];
    let mut record = [0; LENGTH];
    let checksum = crc32(&fields).to_le_bytes();
    record.iter_mut().zip(fields.iter().chain(&checksum)).for_each(|(to, &from)| *to = from);
    record
}

fn decoded(record: &[u8; LENGTH]) -> Option<(Entry, u32)> {
    let (fields, checksum) = record.split_last_chunk::<4>()?;
    let [START, kind, 0, 0, sequence @ .., v0, v1, v2, v3] = fields else { return None };
    let (sequence, update) = sequence.split_first_chunk::<4>()?;
    let mark = Mark::of_parts(*kind, u32::from_le_bytes([*v0, *v1, *v2, *v3]))?;
    let entry = Entry { update: u64::from_le_bytes(*update.first_chunk()?), mark };
    let whole = crc32(fields) == u32::from_le_bytes(*checksum);
    whole.then(|| (entry, u32::from_le_bytes(*sequence)))
}
