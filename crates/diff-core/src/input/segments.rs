//! The segments that a file loads, put side by side by their addresses.

use std::borrow::Cow;

use smidgen_patch::header::IMAGE_LIMIT;

use super::{Format, InputError, Reading, Stretch};

const LIMIT: u64 = IMAGE_LIMIT as u64;
/// The most bytes of all gaps together, unless one gap may be longer: many small pieces of memory must not become a large
/// image.
const MOST_FILLED: u64 = 64 << 20;

/// Segments of memory, in the order of the file.
pub(super) struct Segments<'a> {
    format: Format,
    segments: Vec<Segment<'a>>,
}

/// Bytes at an address. There is at least one, and the last one's address is a number too.
struct Segment<'a> {
    address: u64,
    bytes: Cow<'a, [u8]>,
}

/// All segments as one stretch of memory, from the lowest address to the highest.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) base: u64,
    pub(super) bytes: Vec<u8>,
    /// What was in the file, in ascending order, none touching the next.
    pub(super) ranges: Vec<Stretch>,
    /// What is between them, and was filled.
    pub(super) gaps: Vec<Stretch>,
    /// Bytes of all gaps.
    filled: u64,
}

impl<'a> Segments<'a> {
    /// None yet, of a file of this format.
    pub(super) const fn new(format: Format) -> Self {
        Self { format, segments: Vec::new() }
    }

    /// Adds bytes at an address, unless addresses would wrap around. No bytes are no segment.
    pub(super) fn add(&mut self, address: u64, bytes: impl Into<Cow<'a, [u8]>>) -> Result<(), String> {
        let bytes = bytes.into();
        if bytes.is_empty() {
            return Ok(());
        }
        if address.checked_add(bytes.len() as u64).is_none() {
            return Err(wraps(address, bytes.len()));
        }
        match self.segments.last_mut() {
            // Texts come in many small segments.
            Some(last) if last.end() == address => last.bytes.to_mut().extend_from_slice(&bytes),
            _ => self.segments.push(Segment { address, bytes }),
        }
        Ok(())
    }

    pub(super) fn join(mut self, reading: &Reading) -> Result<Joined, InputError> {
        self.segments.retain_mut(|segment| segment.cut(reading));
        // Segments at the same address stay in the order of the file.
        self.segments.sort_by_key(|segment| segment.address);
        let first = self.segments.first().ok_or(InputError::Empty { format: self.format })?;
        let mut joined = Joined {
            base: first.address,
            bytes: Vec::new(),
            ranges: Vec::new(),
            gaps: Vec::new(),
            filled: 0,
        };
        self.segments.iter().try_for_each(|segment| joined.append(segment, reading))?;
        Ok(joined)
    }
}

/// What is wrong with bytes that reach beyond the last address.
pub(super) fn wraps(address: u64, size: usize) -> String {
    format!("{size} bytes at {address:#010x} wrap around to lower addresses")
}

impl Segment<'_> {
    fn end(&self) -> u64 {
        self.address + self.bytes.len() as u64
    }

    fn stretch(&self) -> Stretch {
        Stretch::between(self.address, self.end())
    }

    /// Leaves what is wanted; whether that is anything.
    fn cut(&mut self, reading: &Reading) -> bool {
        let Some(range) = &reading.range else { return true };
        let (start, end) = (range.start.max(self.address), range.end.min(self.end()));
        if start >= end {
            return false;
        }
        let kept = (start - self.address) as usize..(end - self.address) as usize;
        self.bytes = match std::mem::take(&mut self.bytes) {
            Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[kept]),
            Cow::Owned(bytes) => Cow::Owned(bytes[kept].to_vec()),
        };
        self.address = start;
        true
    }
}

impl Joined {
    fn end(&self) -> u64 {
        self.base + self.bytes.len() as u64
    }

    /// Adds a segment that begins where the last one began, or later.
    fn append(&mut self, segment: &Segment, reading: &Reading) -> Result<(), InputError> {
        if segment.end() - self.base > LIMIT {
            // A gap may be the reason: it says more.
            self.check_gap(segment, reading)?;
            return Err(InputError::TooLarge { limit: LIMIT });
        }
        let known = self.check_overlap(segment)?;
        self.fill_gap(segment, reading)?;
        self.bytes.extend_from_slice(&segment.bytes[known..]);
        let end = self.end();
        match self.ranges.last_mut() {
            Some(last) if last.end() >= segment.address => *last = Stretch::between(last.address, end),
            _ => self.ranges.push(segment.stretch()),
        }
        Ok(())
    }

    /// How many bytes of the segment are there already; they must be the same.
    fn check_overlap(&self, segment: &Segment) -> Result<usize, InputError> {
        let start = (segment.address - self.base) as usize;
        let there = self.bytes.get(start..).unwrap_or_default();
        let known = there.len().min(segment.bytes.len());
        match (0..known).find(|&index| there[index] != segment.bytes[index]) {
            None => Ok(known),
            Some(index) => {
                let first = self.ranges.last().copied().unwrap_or_else(|| segment.stretch());
                let at = segment.address + index as u64;
                Err(InputError::Overlap { first, second: segment.stretch(), at })
            }
        }
    }

    fn check_gap(&self, segment: &Segment, reading: &Reading) -> Result<u64, InputError> {
        let (before, after) = (self.end(), segment.address);
        let gap = after.saturating_sub(before);
        if self.bytes.is_empty() {
            return Ok(0);
        }
        if gap > reading.max_gap {
            return Err(InputError::Gap { before, after, limit: reading.max_gap });
        }
        Ok(gap)
    }

    fn fill_gap(&mut self, segment: &Segment, reading: &Reading) -> Result<(), InputError> {
        let gap = self.check_gap(segment, reading)?;
        self.filled += gap;
        let limit = MOST_FILLED.max(reading.max_gap);
        if self.filled > limit {
            return Err(InputError::Gaps { limit });
        }
        if gap > 0 {
            self.gaps.push(Stretch::between(self.end(), segment.address));
            self.bytes.resize(self.bytes.len() + gap as usize, reading.fill);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn join(pieces: &[(u64, &[u8])], reading: &Reading) -> Result<Joined, InputError> {
        let mut segments = Segments::new(Format::Hex);
        assert!(pieces.iter().all(|&(address, bytes)| segments.add(address, bytes).is_ok()));
        segments.join(reading)
    }

    fn stretch(address: u64, size: u64) -> Stretch {
        Stretch { address, size }
    }

    #[test]
    fn pieces_are_put_in_order_and_gaps_are_filled() {
        let joined = join(&[(20, b"cd"), (10, b"ab"), (12, b"x")], &Reading::default()).unwrap();
        assert_eq!((joined.base, joined.bytes.len()), (10, 12));
        assert_eq!(joined.bytes, b"abx\xFF\xFF\xFF\xFF\xFF\xFF\xFFcd");
        assert_eq!(joined.ranges, [stretch(10, 3), stretch(20, 2)]);
        assert_eq!(joined.gaps, [stretch(13, 7)]);
        let zeros = Reading { fill: 0, ..Reading::default() };
        assert_eq!(join(&[(0, b"a"), (2, b"b")], &zeros).unwrap().bytes, b"a\0b");
    }

    #[test]
    fn a_gap_at_the_limit_is_filled_and_one_past_it_is_not() {
        let reading = Reading { max_gap: 4, ..Reading::default() };
        assert_eq!(join(&[(0, b"a"), (5, b"b")], &reading).unwrap().bytes.len(), 6);
        let error = join(&[(0, b"a"), (6, b"b")], &reading).unwrap_err();
        assert_eq!(error, InputError::Gap { before: 1, after: 6, limit: 4 });
        let text = error.to_string();
        assert!(text.contains("0x00000001") && text.contains("0x00000006"), "{text}");
        let range = Reading { range: Some(0..6), ..reading };
        assert_eq!(join(&[(0, b"a"), (6, b"b")], &range).unwrap().bytes, b"a");
    }

    #[test]
    fn overlaps_must_agree() {
        let same = join(&[(0, b"abcd"), (2, b"cdef"), (1, b"b")], &Reading::default()).unwrap();
        assert_eq!((same.bytes.as_slice(), same.ranges.as_slice()), (&b"abcdef"[..], &[stretch(0, 6)][..]));
        let error = join(&[(0, b"abcd"), (2, b"cxef")], &Reading::default()).unwrap_err();
        assert_eq!(error, InputError::Overlap { first: stretch(0, 4), second: stretch(2, 4), at: 3 });
    }

    #[test]
    fn ranges_cut_pieces() {
        let reading = Reading { range: Some(2..5), ..Reading::default() };
        let joined = join(&[(0, b"abcd"), (4, b"efgh"), (1 << 40, b"z")], &reading).unwrap();
        assert_eq!((joined.base, joined.bytes.as_slice()), (2, &b"cde"[..]));
        let nothing = Reading { range: Some(5..5), ..Reading::default() };
        assert_eq!(
            join(&[(0, b"abcdefgh")], &nothing).unwrap_err(),
            InputError::Empty { format: Format::Hex }
        );
    }

    #[test]
    fn addresses_do_not_wrap_and_images_do_not_grow_beyond_the_limit() {
        let mut segments = Segments::new(Format::Elf);
        assert!(segments.add(u64::MAX, &b"ab"[..]).is_err());
        assert!(segments.add(u64::MAX, &b""[..]).is_ok());
        let far = Reading { max_gap: u64::MAX, ..Reading::default() };
        let error = join(&[(0, b"a"), (LIMIT, b"b")], &far).unwrap_err();
        assert_eq!(error, InputError::TooLarge { limit: LIMIT });
        assert!(matches!(
            join(&[(0, b"a"), (LIMIT, b"b")], &Reading::default()),
            Err(InputError::Gap { .. })
        ));
    }

    proptest! {
        /// The same as writing one byte after the other into a map.
        #[test]
        fn joined_is_what_memory_would_hold(
            segments in prop::collection::vec((0u64..60, prop::collection::vec(0u8..2, 0..6)), 1..8),
        ) {
            let (mut memory, mut clash) = (BTreeMap::new(), false);
            for (address, bytes) in &segments {
                for (&byte, at) in bytes.iter().zip(*address..) {
                    clash |= memory.insert(at, byte).is_some_and(|before| before != byte);
                }
            }
            let segments: Vec<(u64, &[u8])> = segments.iter().map(|(at, bytes)| (*at, bytes.as_slice())).collect();
            match join(&segments, &Reading::default()) {
                Ok(joined) => {
                    prop_assert!(!clash);
                    let expected: Vec<u8> = (joined.base..joined.end())
                        .map(|at| memory.get(&at).copied().unwrap_or(0xFF)).collect();
                    prop_assert_eq!(&joined.bytes, &expected);
                    prop_assert_eq!(memory.keys().next_back().map(|last| last + 1), Some(joined.end()));
                    let held: u64 = joined.ranges.iter().map(|range| range.size).sum();
                    let filled: u64 = joined.gaps.iter().map(|gap| gap.size).sum();
                    prop_assert_eq!((held, held + filled), (memory.len() as u64, joined.bytes.len() as u64));
                }
                Err(InputError::Overlap { .. }) => prop_assert!(clash),
                Err(error) => prop_assert!(memory.is_empty(), "{}", error),
            }
        }
    }
}
