//! Where an update is, in a few pages of flash: the newest record counts.
//!
//! Records are appended; a page is erased when it is its turn again, so that another one holds the last record
//! meanwhile. A record that was cut short is recognised by its checksum. It may have touched a place that looks erased,
//! so after a reset the first record goes to a new page.
//!
//! Each record is written twice, and its checksum corrects up to two bits of each copy: up to four bits that read wrong
//! neither lose the last record, so that an older one would be followed whose step cannot be done again, nor make one up.

use core::num::NonZeroU32;

use super::memory::{Flash, Geometry};
use crate::Error;
use crate::wire::crc32;

/// Bytes of a record, before it is filled up to whole units.
const LENGTH: usize = 20;
/// Bytes that a checksum follows.
const FIELDS: usize = LENGTH - 4;
/// The longest unit that is filled up on the stack; longer ones take the caller's buffer.
const UNIT: usize = 64;
/// Sequence numbers have 24 bits, and go on at zero after the last.
const SEQUENCES: u32 = 1 << 24;

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

/// The records of an area of [`journal_area`] bytes at least.
#[derive(Debug)]
pub struct Journal<F> {
    area: F,
    geometry: Geometry,
    /// Bytes that are erased by turns: whole pages, with room for both copies of a record.
    turn: NonZeroU32,
    /// Bytes from one copy to the next.
    place: NonZeroU32,
    /// Where the next record goes; at the end of a turn, at the start of the next.
    at: u32,
    sequence: u32,
    last: Option<Entry>,
    /// Whether both copies of the last record can be read.
    whole: bool,
}

/// Bytes of the smallest journal: two pages, or more where a page has no room for two records (of 20 bytes, filled up
/// to whole units).
#[must_use]
pub fn journal_area(geometry: &Geometry) -> Option<u32> {
    sizes(geometry)?.0.get().checked_mul(2)
}

/// Bytes that are erased by turns, and from one copy of a record to the next.
fn sizes(geometry: &Geometry) -> Option<(NonZeroU32, NonZeroU32)> {
    if !geometry.is_valid() {
        return None;
    }
    let place = (LENGTH as u32).checked_next_multiple_of(geometry.write)?;
    let turn = place.checked_mul(2)?.checked_next_multiple_of(geometry.page)?;
    Some((NonZeroU32::new(turn)?, NonZeroU32::new(place)?))
}

impl Mark {
    /// Whether an update in place has begun and is not ready.
    #[must_use]
    pub const fn has_begun(self) -> bool {
        matches!(self, Self::Moved(_) | Self::Decoding(_) | Self::Copying(_) | Self::Keeping(_))
    }

    /// Numbers that differ in four bits, from each other and from what is erased.
    const fn to_parts(self) -> (u8, u32) {
        match self {
            Self::Pages(count) => (0x0F, count),
            Self::Moved(count) => (0x33, count),
            Self::Decoding(count) => (0x3C, count),
            Self::Copying(index) => (0x55, index),
            Self::Ready => (0x5A, 0),
            Self::Keeping(index) => (0x66, index),
        }
    }

    const fn of_parts(kind: u8, value: u32) -> Option<Self> {
        match kind {
            0x0F => Some(Self::Pages(value)),
            0x33 => Some(Self::Moved(value)),
            0x3C => Some(Self::Decoding(value)),
            0x55 => Some(Self::Copying(value)),
            0x5A => Some(Self::Ready),
            0x66 => Some(Self::Keeping(value)),
            _ => None,
        }
    }
}

impl<F: Flash> Journal<F> {
    /// Reads the records that there are. Writes nothing.
    pub fn open(area: F) -> Result<Self, Error> {
        let geometry = area.geometry();
        let (turn, place) = sizes(&geometry).ok_or(Error::Areas)?;
        let mut journal = Self { area, geometry, turn, place, at: 0, sequence: 0, last: None, whole: false };
        let turns = geometry.size / turn;
        if turns < 2 {
            return Err(Error::Areas);
        }
        for turn in 0..turns {
            for pair in 0..journal.turn.get() / place / 2 {
                journal.take(turn * journal.turn.get() + 2 * pair * place.get());
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

    /// Whether the last record can be relied on at the next reset, too: both copies are there.
    pub(super) const fn is_whole(&self) -> bool {
        self.whole || self.last.is_none()
    }

    /// Bytes of buffer that [`Journal::append`] takes: none where units are short.
    #[must_use]
    pub const fn buffer(&self) -> usize {
        if self.place.get() as usize > UNIT { self.place.get() as usize } else { 0 }
    }

    /// Appends a record; it counts when this returns. `buffer` has [`Journal::buffer`] bytes, and is overwritten.
    pub fn append(&mut self, entry: Entry, buffer: &mut [u8]) -> Result<(), Error> {
        let (turn, both) = (self.turn.get(), 2 * self.place.get());
        let used = self.at % self.turn;
        if used == 0 || turn - used < both {
            self.begin_turn(self.at / self.turn + u32::from(used > 0))?;
        }
        self.sequence = (self.sequence + 1) % SEQUENCES;
        let mut short = [0; UNIT];
        let units = if self.buffer() > 0 { buffer } else { &mut short };
        let units = units.get_mut(..self.place.get() as usize).ok_or(Error::WorkspaceTooSmall)?;
        let record = encoded(entry, self.sequence).into_iter();
        let filled = record.chain(core::iter::repeat(self.geometry.erased));
        units.iter_mut().zip(filled).for_each(|(to, from)| *to = from);
        let at = self.at;
        // If that fails, a place may be used up.
        self.at = (at / self.turn + 1) * turn;
        for copy in [at, at + self.place.get()] {
            self.area.write(copy, units).map_err(|_| Error::Journal)?;
        }
        self.at = at + both;
        (self.last, self.whole) = (Some(entry), true);
        Ok(())
    }

    /// Erases what comes after the last record, which is elsewhere.
    fn begin_turn(&mut self, turn: u32) -> Result<(), Error> {
        let start = turn.checked_mul(self.turn.get()).filter(|start| *start < self.geometry.size);
        let inside = start.and_then(|start| start.checked_add(self.turn.get()));
        self.at = start.filter(|_| inside.is_some_and(|end| end <= self.geometry.size)).unwrap_or(0);
        let mut page = self.at;
        while page < self.at + self.turn.get() {
            self.area.erase(page).map_err(|_| Error::Journal)?;
            page += self.geometry.page;
        }
        Ok(())
    }

    /// Takes note of the record at a place, if there is one and it is the newest so far.
    fn take(&mut self, at: u32) {
        let copies = [at, at + self.place.get()].map(|at| self.read(at));
        let exact = copies.map(|copy| copy.and_then(|copy| decoded(&copy)));
        let nearly = || copies.into_iter().flatten().find_map(|copy| decoded(&corrected(copy)?));
        let found = exact.into_iter().flatten().next().or_else(nearly);
        if let Some((entry, sequence)) = found
            && (self.last.is_none() || is_newer(sequence, self.sequence))
        {
            (self.last, self.sequence) = (Some(entry), sequence);
            self.whole = exact.iter().all(Option::is_some);
            // Whatever was begun after it may have left traces that reading does not show for certain: a new page.
            self.at = (at / self.turn + 1) * self.turn.get();
        }
    }

    /// What is at a place; nothing if it was cut short, or is erased, and cannot be read.
    fn read(&mut self, at: u32) -> Option<[u8; LENGTH]> {
        let mut bytes = [0; LENGTH];
        self.area.read(at, &mut bytes).ok()?;
        bytes.iter().any(|&byte| byte != self.geometry.erased).then_some(bytes)
    }
}

/// Whether a number comes after another, where they go on at zero.
const fn is_newer(one: u32, other: u32) -> bool {
    let ahead = one.wrapping_sub(other) % SEQUENCES;
    ahead > 0 && ahead < SEQUENCES / 2
}

/// Kind, sequence, update, value, and the CRC-32 of these.
fn encoded(entry: Entry, sequence: u32) -> [u8; LENGTH] {
    let (kind, value) = entry.mark.to_parts();
    let [s0, s1, s2, _] = sequence.to_le_bytes();
    let [u0, u1, u2, u3, u4, u5, u6, u7] = entry.update.to_le_bytes();
    let [v0, v1, v2, v3] = value.to_le_bytes();
    let fields = [kind, s0, s1, s2, u0, u1, u2, u3, u4, u5, u6, u7, v0, v1, v2, v3];
    let mut record = [0; LENGTH];
    let checksum = crc32(&fields).to_le_bytes();
    record.iter_mut().zip(fields.iter().chain(&checksum)).for_each(|(to, &from)| *to = from);
    record
}

fn decoded(record: &[u8; LENGTH]) -> Option<(Entry, u32)> {
    let (&[kind, s0, s1, s2, update @ .., v0, v1, v2, v3], _) = record.split_first_chunk::<FIELDS>()?;
    let mark = Mark::of_parts(kind, u32::from_le_bytes([v0, v1, v2, v3]))?;
    let entry = Entry { update: u64::from_le_bytes(update), mark };
    (syndrome(record) == 0).then(|| (entry, u32::from_le_bytes([s0, s1, s2, 0])))
}

/// What the checksum should be, and what it is: the bits in which they differ.
fn syndrome(record: &[u8; LENGTH]) -> u32 {
    let (fields, checksum) = record.split_last_chunk::<4>().unwrap_or((&[], &[0; 4]));
    crc32(fields) ^ u32::from_le_bytes(*checksum)
}

/// The record with one or two bits changed that make its checksum right.
///
/// Two records differ in seven bits at least, as CRC-32 is for 160 bits (Koopman, "32-bit cyclic redundancy codes for
/// Internet applications", 2002): three or four wrong bits are never taken for two others.
fn corrected(mut record: [u8; LENGTH]) -> Option<[u8; LENGTH]> {
    let wanted = syndrome(&record);
    let mut bits = Single { bit: 8 * LENGTH as u32, syndrome: 0 };
    let (one, other) = bits.find_map(|one| {
        if one.syndrome == wanted {
            return Some((one, None));
        }
        let mut before = one;
        before.find(|other| other.syndrome ^ one.syndrome == wanted).map(|other| (one, Some(other)))
    })?;
    for Single { bit, .. } in [Some(one), other].into_iter().flatten() {
        *record.get_mut(bit as usize / 8)? ^= 1 << (bit % 8);
    }
    Some(record)
}

/// The syndromes of records with one wrong bit, from the last bit to the first.
#[derive(Clone, Copy)]
struct Single {
    bit: u32,
    syndrome: u32,
}

impl Iterator for Single {
    type Item = Self;

    fn next(&mut self) -> Option<Self> {
        self.bit = self.bit.checked_sub(1)?;
        // A bit further ahead has gone through one more step of the CRC.
        let low = self.syndrome & 1;
        self.syndrome = if self.syndrome == 0 { 1 << 31 } else { (self.syndrome >> 1) ^ (low * 0xEDB8_8320) };
        Some(*self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn flipped(mut record: [u8; LENGTH], bits: &[usize]) -> [u8; LENGTH] {
        bits.iter().for_each(|bit| record[bit / 8] ^= 1 << (bit % 8));
        record
    }

    proptest! {
        #[test]
        fn two_bits_are_corrected_and_four_are_noticed(
            (update, value, sequence) in (any::<u64>(), any::<u32>(), 0..SEQUENCES),
            bits in proptest::collection::hash_set(0..8 * LENGTH, 1..=4),
        ) {
            let entry = Entry { update, mark: Mark::Copying(value) };
            let bits: std::vec::Vec<_> = bits.into_iter().collect();
            let record = flipped(encoded(entry, sequence), &bits);
            prop_assert_eq!(decoded(&record), None);
            let corrected = corrected(record).and_then(|record| decoded(&record));
            prop_assert_eq!(corrected, (bits.len() <= 2).then_some((entry, sequence)));
        }
    }

    #[test]
    fn erased_flash_that_reads_wrong_is_no_record() {
        let bits = 0..8 * LENGTH;
        for erased in [[0; LENGTH], [0xFF; LENGTH]] {
            for (one, two) in bits.clone().flat_map(|one| (0..=one).map(move |two| (one, two))) {
                // A kind has four bits that are not erased, so four of the first byte are the ones to try.
                for byte in [0, 0x0F, 0x33, 0x3C, 0x55, 0x5A, 0x66] {
                    let mut record = flipped(erased, &[one, two]);
                    record[0] ^= byte;
                    assert_eq!(corrected(record).and_then(|record| decoded(&record)), None);
                }
            }
        }
    }

    #[cfg(feature = "simulator")]
    #[test]
    fn a_journal_goes_on_after_the_last_number() {
        use crate::flash::Simulator;
        for geometry in [Geometry::new(512, 256, 8), Geometry::new(2048, 512, 512), Geometry::new(80, 40, 4)]
        {
            let mut chip = Simulator::new(geometry);
            let mut buffer = [0; 512];
            for value in 0..20 {
                let mut journal = Journal::open(&mut chip).unwrap();
                assert_eq!(journal.last().is_some(), value > 0);
                if value == 0 {
                    journal.sequence = SEQUENCES - 5;
                }
                for mark in [Mark::Moved(value), Mark::Decoding(value)] {
                    let entry = Entry { update: 7, mark };
                    journal.append(entry, &mut buffer).unwrap();
                    let again = Journal::open(&mut *journal.area).unwrap();
                    assert_eq!((again.last(), again.is_whole()), (Some(entry), true), "{geometry:?} {value}");
                }
            }
            assert_eq!(chip.violations(), 0);
        }
    }

    #[test]
    fn sequences_go_on_at_zero() {
        assert!(is_newer(0, SEQUENCES - 1) && is_newer(5, 4) && is_newer(3, SEQUENCES - 9));
        assert!(!is_newer(SEQUENCES - 1, 0) && !is_newer(4, 4) && !is_newer(4, 5));
    }
}
