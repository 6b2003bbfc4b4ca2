//! Tables of records: the search compares the differences of neighbouring records.
//!
//! Offsets, indices and symbols of a table all change when something is inserted before what they mean, but the
//! difference between a record and the next one hardly ever does.

use rayon::prelude::*;

/// Tables are looked for in blocks of this many bytes.
const BLOCK: usize = 1024;
/// Bytes of the longest records.
const LONGEST: usize = 64;
/// The least share of a table's bytes, in percent, that equal those of the record before.
const ALIKE: usize = 55;
/// A block with more zeros than this, in percent, is empty rather than a table.
const EMPTY: usize = 95;
/// The least share of an image's blocks, in percent, that must be tables.
const WORTHWHILE: usize = 10;
/// Bytes that are compared at once: vectors of them are counted in bytes, nine times as fast as one by one.
const LANES: usize = 128;

/// How the records of a block lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Records {
    /// Bytes of a record, a multiple of four.
    length: usize,
    /// Where words begin: their offset in the image, modulo four.
    phase: usize,
}

pub(crate) fn has_records(image: &[u8]) -> bool {
    let blocks = image.len().div_ceil(BLOCK);
    let tables = (0..blocks).into_par_iter().filter(|&block| records(image, block * BLOCK).is_some()).count();
    tables * 100 >= blocks.max(1) * WORTHWHILE
}

/// A copy of `image` in which words of tables are replaced by how they differ from those of the record before.
pub(super) fn differences(image: &[u8]) -> Vec<u8> {
    let mut copy = image.to_vec();
    copy.par_chunks_mut(BLOCK).enumerate().for_each(|(index, block)| {
        if let Some(records) = records(image, index * BLOCK) {
            subtract(image, index * BLOCK, block, records);
        }
    });
    copy
}

fn subtract(image: &[u8], start: usize, block: &mut [u8], records: Records) {
    let word = |at: usize| u32::from_le_bytes([image[at], image[at + 1], image[at + 2], image[at + 3]]);
    let first = start.max(records.length);
    let first = first + (records.phase.wrapping_sub(first) & 3);
    for at in (first..(start + block.len()).saturating_sub(3)).step_by(4) {
        let difference = word(at).wrapping_sub(word(at - records.length));
        block[at - start..at - start + 4].copy_from_slice(&difference.to_le_bytes());
    }
}

/// The records of the block that begins at `start`, if it is a table.
fn records(image: &[u8], start: usize) -> Option<Records> {
    let end = image.len().min(start + BLOCK);
    let zeros = equal_bytes(&image[start..end], &[0; BLOCK]);
    if zeros * 100 > (end - start) * EMPTY {
        return None;
    }
    let alike = |length: usize| {
        // The last block of an image, or its only one, may be shorter than a record.
        let first = start.max(length).min(end);
        equal_bytes(&image[first..end], &image[first.saturating_sub(length)..])
    };
    let (alike, shorter) =
        (4..=LONGEST).step_by(4).map(|length| (alike(length), LONGEST - length)).max().unwrap_or((0, 0));
    if alike * 100 < (end - start) * ALIKE {
        return None;
    }
    let length = LONGEST - shorter;
    Some(Records { length, phase: phase(image, start.max(length)..end, length) })
}

/// How many bytes equal those beside them, as far as the shorter one goes.
fn equal_bytes(one: &[u8], other: &[u8]) -> usize {
    let length = one.len().min(other.len());
    // No lane counts further than a byte can.
    let most = LANES * usize::from(u8::MAX);
    let parts = one[..length].chunks(most).zip(other[..length].chunks(most));
    let count = |(one, other): (&[u8], &[u8])| {
        let ((ones, one_rest), (others, other_rest)) = (one.as_chunks::<LANES>(), other.as_chunks::<LANES>());
        let mut lanes = [0u8; LANES];
        for (one, other) in ones.iter().zip(others) {
            for ((lane, one), other) in lanes.iter_mut().zip(one).zip(other) {
                *lane += u8::from(one == other);
            }
        }
        let rest = one_rest.iter().zip(other_rest).filter(|(one, other)| one == other).count();
        lanes.iter().map(|&lane| usize::from(lane)).sum::<usize>() + rest
    };
    parts.map(count).sum()
}

/// Where words begin: their highest bytes differ least from record to record. Tables are at even offsets.
fn phase(image: &[u8], range: std::ops::Range<usize>, length: usize) -> usize {
    let highest = |phase: usize| {
        let places = range.clone().filter(|at| at & 3 == phase ^ 3 && *at >= length);
        places.filter(|&at| image[at] == image[at - length]).count()
    };
    // Words at 2 modulo 4 have their highest byte at 1.
    if highest(2) > highest(0) { 2 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table of records of twelve bytes at `phase`, whose first words are `moved` up.
    fn table(phase: usize, moved: u32) -> Vec<u8> {
        let mut image = vec![0xA5; phase];
        for index in 0..400u32 {
            image.extend((moved + index * 1016).to_le_bytes());
            image.extend((index % 7 * 5 + 0x1234_5600).to_le_bytes());
            image.extend([0; 4]);
        }
        image
    }

    #[test]
    fn tables_that_moved_have_the_same_differences() {
        for phase in [0, 2] {
            let (base, target) = (table(phase, 0x1_0000), table(phase, 0x3_1234));
            assert_eq!(records(&base, BLOCK), Some(Records { length: 12, phase }));
            assert!(has_records(&base));
            // Only words that hang over the end of a block stay as they are.
            let changes = |base: &[u8], target: &[u8]| {
                base.iter().zip(target).filter(|(base, target)| base != target).count()
            };
            assert!(changes(&base, &target) > 1000);
            assert!(changes(&differences(&base)[BLOCK..], &differences(&target)[BLOCK..]) <= 4 * 2);
        }
    }

    #[test]
    fn equal_bytes_are_counted_at_any_length() {
        let byte = |index: usize, seed: u32| (seed.wrapping_mul(index as u32 * index as u32 + 7) >> 30) as u8;
        for length in [0, 1, LANES - 1, LANES + 1, 1000, 300 * LANES + 5] {
            let one: Vec<u8> = (0..length).map(|index| byte(index, 0x9E37_79B9)).collect();
            let other: Vec<u8> = (0..length + 3).map(|index| byte(index, 0x85EB_CA6B)).collect();
            let expected = one.iter().zip(&other).filter(|(one, other)| one == other).count();
            assert_eq!(equal_bytes(&one, &other), expected, "{length}");
            assert_eq!(equal_bytes(&one, &one), length);
        }
    }

    #[test]
    fn noise_is_left_as_it_is() {
        let noise: Vec<u8> =
            (0..8192u32).map(|index| (index.wrapping_mul(0x9E37_79B9) >> 24) as u8).collect();
        assert!(!has_records(&noise));
        assert!(!has_records(&[]));
        assert_eq!(differences(&noise), noise);
        assert!(!has_records(&[0; 8192]));
    }
}
