//! The journal of an update: records in a few pages of flash, of which the newest counts (`docs/format.md`, section 8).
//!
//! Records are appended; a page is erased when it is its turn again, so that another one holds the last record
//! meanwhile. A record that was cut short is recognised by its checksum. It may have touched a place that looks erased,
//! so after a reset the first record goes to a new page.
//!
//! Each record is written twice, and its checksum corrects up to two bits of each copy: up to four bits that read wrong
//! neither lose the last record, so that an older one would be followed whose step cannot be done again, nor make one up.
//! A corrected copy counts if the other one is as near to it: noise alone, which an interrupted write or erase leaves, is
//! ten thousand times as likely to be near some record than to be one.

use core::num::NonZeroU32;

use super::record::{Entry, LENGTH, Mark, SEQUENCES, corrected, decoded, difference, encoded, is_newer};
use super::traits::{Flash, Geometry};
use crate::Error;

/// The longest unit that is filled up on the stack; longer ones take the caller's buffer.
const UNIT: usize = 64;
/// Bits of both copies of a record together that may read wrong.
const WRONG: u32 = 4;

/// The records of an area, at least as large as [`Requirements::ab`](crate::header::Requirements::ab) states.
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
pub(super) fn journal_area(geometry: &Geometry) -> Option<u32> {
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

impl<F: Flash> Journal<F> {
    /// Reads the records that there are. Writes nothing.
    ///
    /// # Errors
    /// [`Error::Areas`] if there is no room for two records in different pages.
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
    ///
    /// # Errors
    /// [`Error::Journal`] if flash fails, [`Error::WorkspaceTooSmall`] for a shorter buffer.
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
        let nearly = || copies.into_iter().flatten().find_map(|copy| self.nearly(copy, &copies));
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

    /// The record that a copy is if one or two bits of it read wrong, and that the other copy does not contradict. Where
    /// that one is erased, the record never counted: its step is done again.
    fn nearly(&self, copy: [u8; LENGTH], copies: &[Option<[u8; LENGTH]>; 2]) -> Option<(Entry, u32)> {
        // Most places are erased, and looking for wrong bits takes long.
        if copy.iter().all(|&byte| byte == self.geometry.erased) {
            return None;
        }
        let record = corrected(copy)?;
        let agreed = copies.iter().flatten().all(|copy| difference(copy, &record) <= WRONG);
        decoded(&record).filter(|_| agreed)
    }

    /// What is at a place; nothing if it was cut short, or is erased, and cannot be read.
    fn read(&mut self, at: u32) -> Option<[u8; LENGTH]> {
        let mut bytes = [0; LENGTH];
        self.area.read(at, &mut bytes).ok()?;
        Some(bytes)
    }
}

#[cfg(all(test, feature = "simulator"))]
mod tests {
    use super::*;
    use crate::flash::Simulator;

    /// What a write or an erase leaves that was interrupted is now and then two bits from some record.
    #[test]
    fn noise_that_is_near_a_record_is_none() {
        let entry = |update| Entry { update, mark: Mark::Moved(1) };
        let wrong = |bits: &[usize]| {
            let mut record = encoded(entry(9), 2);
            bits.iter().for_each(|bit| record[bit / 8] ^= 1 << (bit % 8));
            record
        };
        let none = [0xFF; LENGTH];
        let noise = [0xA5; LENGTH];
        for (copies, update) in [
            ([wrong(&[5, 77]), none], 7),
            ([wrong(&[5]), none], 7),
            ([none, wrong(&[5])], 7),
            ([wrong(&[5, 77]), noise], 7),
            ([noise, wrong(&[31])], 7),
            ([wrong(&[5, 77]), wrong(&[8, 159])], 9),
            ([wrong(&[5]), wrong(&[5, 8, 159])], 9),
            ([wrong(&[1, 2, 3]), wrong(&[159])], 9),
            ([wrong(&[1, 2, 3, 4]), wrong(&[])], 9),
            ([wrong(&[]), none], 9),
            ([wrong(&[]), noise], 9),
        ] {
            let mut chip = Simulator::new(Geometry::new(512, 256, 4));
            Journal::open(&mut chip).unwrap().append(entry(7), &mut []).unwrap();
            chip.load(2 * LENGTH as u32, &copies.concat());
            assert_eq!(Journal::open(&mut chip).unwrap().last(), Some(entry(update)), "{copies:?}");
        }
    }

    #[test]
    fn a_journal_goes_on_after_the_last_number() {
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
}
