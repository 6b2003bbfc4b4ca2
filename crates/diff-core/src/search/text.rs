//! The text whose suffixes are sorted: all of the base, or the parts of it that equal stretches leave to be found.

use std::borrow::Cow;
use std::ops::Range;

use super::matches::Seed;

/// Parts consist of whole blocks of this many bytes.
const BLOCK: usize = 4096;
/// Bytes of the base that are sorted for each byte of the target outside of stretches, though most of them are inside:
/// what is new resembles what is old elsewhere.
const PER_BYTE: usize = 16;
/// The least and the most bytes that are sorted for that reason.
const LEAST: usize = 16 << 20;
const MOST: usize = 64 << 20;

/// A text, and where its parts are in the base.
pub(super) struct Text<'a> {
    bytes: Cow<'a, [u8]>,
    /// Ascending; the first one begins with the text.
    parts: Vec<Part>,
}

/// A part reaches to the beginning of the next one.
#[derive(Clone, Copy)]
struct Part {
    start: usize,
    base_start: usize,
}

impl<'a> Text<'a> {
    pub(super) fn whole(base: &'a [u8]) -> Self {
        Self { bytes: Cow::Borrowed(base), parts: vec![Part { start: 0, base_start: 0 }] }
    }

    /// What is worth searching beside `equal` stretches, which leave `rest` bytes of the target; no more
    /// than `limit` bytes.
    pub(super) fn around(base: &'a [u8], equal: &[Seed], rest: usize, limit: usize) -> Self {
        let wanted = rest.saturating_mul(PER_BYTE).clamp(LEAST, MOST).min(limit);
        // A copy of all but the last block would be the price of looking for the nearest parts of nothing.
        if base.len() <= wanted || (equal.is_empty() && base.len() <= limit) {
            return Self::whole(base);
        }
        let distances = distances(base.len(), equal);
        let ranges = ranges(&distances, wanted.div_ceil(BLOCK), limit / BLOCK, base.len());
        if let [Range { start: 0, end }] = ranges[..]
            && end == base.len()
        {
            return Self::whole(base);
        }
        Self::of_parts(base, &ranges)
    }

    /// These parts of the base, in ascending order.
    pub(super) fn of_parts(base: &[u8], ranges: &[Range<usize>]) -> Self {
        let mut bytes = Vec::with_capacity(ranges.iter().map(Range::len).sum());
        let mut parts = Vec::with_capacity(ranges.len());
        for range in ranges {
            parts.push(Part { start: bytes.len(), base_start: range.start });
            bytes.extend_from_slice(&base[range.clone()]);
        }
        Self { bytes: Cow::Owned(bytes), parts }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where a place of the text is in the base.
    pub(super) fn base_position(&self, place: usize) -> usize {
        let part = self.part(place);
        place - part.start + part.base_start
    }

    /// Of `length` bytes from `place` on those that belong to the same part.
    pub(super) fn within_part(&self, place: usize, length: usize) -> usize {
        let next = self.parts.partition_point(|part| part.start <= place);
        let end = self.parts.get(next).map_or(self.bytes.len(), |part| part.start);
        length.min(end - place)
    }

    pub(super) fn is_whole(&self) -> bool {
        matches!(self.bytes, Cow::Borrowed(_))
    }

    fn part(&self, place: usize) -> Part {
        if let [only] = self.parts[..] {
            return only;
        }
        self.parts[self.parts.partition_point(|part| part.start <= place) - 1]
    }
}

/// For each block of the base, how many blocks it is away from one that some stretch does not hold.
fn distances(size: usize, equal: &[Seed]) -> Vec<u32> {
    let mut distances = vec![u32::MAX; size.div_ceil(BLOCK)];
    for loose in loose(size, equal) {
        let blocks = loose.start / BLOCK..loose.end.div_ceil(BLOCK);
        distances[blocks].fill(0);
    }
    // What stands between two stretches in the target was probably near their ends in the base.
    for stretch in equal {
        for end in [stretch.base_start, stretch.base_start + stretch.length - 1] {
            distances[end / BLOCK] = 0;
        }
    }
    for block in 1..distances.len() {
        distances[block] = distances[block].min(distances[block - 1].saturating_add(1));
    }
    for block in (1..distances.len()).rev() {
        distances[block - 1] = distances[block - 1].min(distances[block].saturating_add(1));
    }
    distances
}

/// The bytes of the base that no stretch copies.
fn loose(size: usize, equal: &[Seed]) -> Vec<Range<usize>> {
    let mut held: Vec<Range<usize>> =
        equal.iter().map(|stretch| stretch.base_start..stretch.base_start + stretch.length).collect();
    held.sort_unstable_by_key(|range| (range.start, range.end));
    let mut loose = Vec::new();
    let mut end = 0;
    for range in held {
        if range.start > end {
            loose.push(end..range.start);
        }
        end = end.max(range.end);
    }
    if size > end {
        loose.push(end..size);
    }
    loose
}

/// Ranges of blocks nearest first: all at distance 0, and more while there are no more than `wanted`; never more than
/// `limit`.
fn ranges(distances: &[u32], wanted: usize, limit: usize, size: usize) -> Vec<Range<usize>> {
    let mut sorted = distances.to_vec();
    sorted.sort_unstable();
    let farthest = sorted.get(wanted).map_or(u32::MAX, |beyond| beyond.saturating_sub(1));
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let near = distances.iter().enumerate().filter(|&(_, &distance)| distance <= farthest);
    for (block, _) in near.take(limit) {
        let (start, end) = (block * BLOCK, size.min((block + 1) * BLOCK));
        match ranges.last_mut() {
            Some(last) if last.end == start => last.end = end,
            _ => ranges.push(start..end),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(base_start: usize, length: usize) -> Seed {
        Seed { target_start: 0, base_start, length }
    }

    #[test]
    fn small_images_are_sorted_whole() {
        let base = vec![0; LEAST];
        assert!(Text::around(&base, &[stretch(0, LEAST)], 0, LEAST).is_whole());
    }

    #[test]
    fn what_no_stretch_holds_comes_first_and_then_its_surroundings() {
        let size = 1000 * BLOCK;
        let equal = [stretch(0, 500 * BLOCK), stretch(501 * BLOCK, 499 * BLOCK)];
        let distances = distances(size, &equal);
        assert_eq!((distances[500], distances[490], distances[520]), (0, 9, 19));
        // The ends of the image are ends of stretches.
        assert_eq!((distances[3], distances[998]), (3, 1));
        assert_eq!(
            ranges(&distances, 5, 1000, size),
            [0..BLOCK, 499 * BLOCK..502 * BLOCK, 999 * BLOCK..size]
        );
    }

    #[test]
    fn the_limit_holds() {
        let size = 1000 * BLOCK;
        let total =
            |limit| ranges(&distances(size, &[]), 10, limit, size).iter().map(Range::len).sum::<usize>();
        assert_eq!((total(1000), total(300)), (size, 300 * BLOCK));
    }

    #[test]
    fn places_are_found_again() {
        let mut base: Vec<u8> = (0..(LEAST + 16 * BLOCK) as u32).map(|at| (at >> 12) as u8).collect();
        base.truncate(LEAST + 16 * BLOCK);
        let half = base.len() / 2;
        let equal = [stretch(0, half - 10), stretch(half + 10, half - 10)];
        let text = Text::around(&base, &equal, 0, usize::MAX);
        assert!(!text.is_whole() && text.bytes().len() <= LEAST);
        for place in (0..text.bytes().len()).step_by(1001) {
            assert_eq!(text.bytes()[place], base[text.base_position(place)]);
            let rest = text.within_part(place, usize::MAX);
            assert_eq!(text.bytes()[place..place + rest], base[text.base_position(place)..][..rest]);
        }
    }
}
