//! A record of the journal, and its code that corrects two bits (`docs/format.md`, section 8).

use crate::wire::crc32;

/// Bytes of a record, before it is filled up to whole units.
pub(super) const LENGTH: usize = 20;
/// Bytes that a checksum follows.
const FIELDS: usize = LENGTH - 4;
/// Sequence numbers have 24 bits, and go on at zero after the last.
pub(super) const SEQUENCES: u32 = 1 << 24;

/// What a record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Mark {
    /// A/B: this many pages of the new image are in the slot.
    Pages(u32),
    /// In place: the base has been checked, and this many of its pages have been moved.
    Moved(u32),
    /// In place: this many segments are in the slot, the next one is being decoded.
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
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Entry {
    /// Which update it belongs to.
    pub update: u64,
    /// How far that is.
    pub mark: Mark,
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

/// Whether a number comes after another, where they go on at zero.
pub(super) const fn is_newer(one: u32, other: u32) -> bool {
    let ahead = one.wrapping_sub(other) % SEQUENCES;
    ahead > 0 && ahead < SEQUENCES / 2
}

/// Kind, sequence, update, value, and the CRC-32 of these.
pub(super) fn encoded(entry: Entry, sequence: u32) -> [u8; LENGTH] {
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

pub(super) fn decoded(record: &[u8; LENGTH]) -> Option<(Entry, u32)> {
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

/// In how many bits two records differ.
pub(super) fn difference(one: &[u8; LENGTH], other: &[u8; LENGTH]) -> u32 {
    one.iter().zip(other).map(|(one, other)| (one ^ other).count_ones()).sum()
}

/// The record with one or two bits changed that make its checksum right.
///
/// Two records differ in seven bits at least, as CRC-32 is for 160 bits (Koopman, "32-bit cyclic redundancy codes for
/// Internet applications", 2002): three or four wrong bits are never taken for two others.
pub(super) fn corrected(mut record: [u8; LENGTH]) -> Option<[u8; LENGTH]> {
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

    #[test]
    fn sequences_go_on_at_zero() {
        assert!(is_newer(0, SEQUENCES - 1) && is_newer(5, 4) && is_newer(3, SEQUENCES - 9));
        assert!(!is_newer(SEQUENCES - 1, 0) && !is_newer(4, 4) && !is_newer(4, 5));
    }
}
