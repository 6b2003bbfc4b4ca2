//! Reads BSDIFF40 patches: restores the target from the base, whatever the patch contains.

use super::error::{Block, Bsdiff40Error};
use super::header::{Header, TRIPLE, integers};
use super::stream::Stream;

/// What one entry of the control block makes of the target.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// Where in the base its bytes are added to; may lie outside of it.
    pub(crate) position: i64,
    /// Where sums, new bytes, and what is after them begin in the target.
    pub(crate) start: usize,
    pub(crate) middle: usize,
    pub(crate) end: usize,
}

struct Restore<'a> {
    base: &'a [u8],
    /// Where in the base the next bytes come from; may lie outside of it.
    position: i64,
    /// As much of the target as is complete; its capacity is that of the whole.
    target: Vec<u8>,
    /// Bytes of the whole target.
    size: usize,
    entries: u64,
    control: Stream<'a>,
    diff: Stream<'a>,
    extra: Stream<'a>,
}

/// Restores the target that `package` makes of `base`.
///
/// A target of more than `limit` bytes is refused before memory is asked for; the size that the header
/// states and some megabytes for bzip2 is all that is ever used, and the time is bounded by the sizes of the
/// target and the patch. As with the original bspatch, the base continues with zeros on both sides.
/// Unlike there, anything in a block beyond what the target needs is an error.
///
/// The format has no checksum of either image: a wrong `base` gives a wrong result.
///
/// # Errors
/// A patch that is damaged, or whose target has more than `limit` bytes.
pub fn decode(base: &[u8], package: &[u8], limit: u64) -> Result<Vec<u8>, Bsdiff40Error> {
    decode_with(base, package, limit, |_, _| {})
}

/// Like [`decode`], and passes on every entry with the target as far as it is made then.
pub(crate) fn decode_with(
    base: &[u8],
    package: &[u8],
    limit: u64,
    receive: impl FnMut(&Entry, &[u8]),
) -> Result<Vec<u8>, Bsdiff40Error> {
    let header = Header::parse(package)?;
    if header.target > limit {
        return Err(Bsdiff40Error::TargetTooLarge { size: header.target, limit });
    }
    Restore::begin(base, package, &header)?.run(receive)
}

impl<'a> Restore<'a> {
    fn begin(base: &'a [u8], package: &'a [u8], header: &Header) -> Result<Self, Bsdiff40Error> {
        let [control, diff, extra] = header.blocks(package)?;
        let stream = |block, input| Stream::new(block, input, header.target);
        let too_large = || Bsdiff40Error::OutOfMemory(header.target);
        let size = usize::try_from(header.target).map_err(|_| too_large())?;
        let mut target = Vec::new();
        target.try_reserve_exact(size).map_err(|_| too_large())?;
        Ok(Self {
            base,
            position: 0,
            target,
            size,
            entries: 0,
            control: stream(Block::Control, control),
            diff: stream(Block::Diff, diff),
            extra: stream(Block::Extra, extra),
        })
    }

    fn run(mut self, mut receive: impl FnMut(&Entry, &[u8])) -> Result<Vec<u8>, Bsdiff40Error> {
        while self.target.len() < self.size {
            let entry = self.step()?;
            receive(&entry, &self.target);
        }
        for stream in [self.control, self.diff, self.extra] {
            stream.finish()?;
        }
        Ok(self.target)
    }

    fn step(&mut self) -> Result<Entry, Bsdiff40Error> {
        self.count_entry()?;
        let mut bytes = [0; TRIPLE];
        self.control.fill(&mut bytes)?;
        let [add, copy, seek] = integers(&bytes);
        let (position, start) = (self.position, self.target.len());
        self.add(add)?;
        let middle = self.target.len();
        self.copy(copy)?;
        self.advance(seek)?;
        Ok(Entry { position, start, middle, end: self.target.len() })
    }

    /// Only the first entry of a sensible patch writes nothing. Without a bound, a few bytes of bzip2 could
    /// hold billions of such entries.
    fn count_entry(&mut self) -> Result<(), Bsdiff40Error> {
        let most = self.size as u64 + 1;
        if self.entries == most {
            return Err(Bsdiff40Error::TooManyEntries(most));
        }
        self.entries += 1;
        Ok(())
    }

    fn add(&mut self, length: i64) -> Result<(), Bsdiff40Error> {
        let start = self.position;
        let tail = self.room(length)?;
        self.diff.fill(&mut self.target[tail..])?;
        self.advance(length)?;
        add_base(self.base, start, self.position, &mut self.target[tail..]);
        Ok(())
    }

    fn copy(&mut self, length: i64) -> Result<(), Bsdiff40Error> {
        let tail = self.room(length)?;
        self.extra.fill(&mut self.target[tail..])
    }

    /// Extends the target by `length` bytes; returns where they start.
    fn room(&mut self, length: i64) -> Result<usize, Bsdiff40Error> {
        let entry = self.entries - 1;
        let start = self.target.len();
        let room = self.size - start;
        let wanted = u64::try_from(length).map_err(|_| Bsdiff40Error::NegativeLength { entry, length })?;
        let fitting = usize::try_from(wanted).ok().filter(|&length| length <= room);
        let length = fitting.ok_or(Bsdiff40Error::PastTargetEnd { entry, length: wanted, room })?;
        self.target.resize(start + length, 0);
        Ok(start)
    }

    fn advance(&mut self, distance: i64) -> Result<(), Bsdiff40Error> {
        let position = self.position.checked_add(distance);
        self.position = position.ok_or(Bsdiff40Error::PositionOverflow(self.entries - 1))?;
        Ok(())
    }
}

/// Adds the base's bytes from `start` to `end` to `sums`, as far as the base has them.
fn add_base(base: &[u8], start: i64, end: i64, sums: &mut [u8]) {
    let (first, last) = (start.max(0), end.min(base.len() as i64));
    if first < last {
        // Neither can wrap: 0 <= first < last <= base.len(), and first - start < end - start = sums.len().
        let (base, skipped) = (&base[first as usize..last as usize], (first - start) as usize);
        sums[skipped..].iter_mut().zip(base).for_each(|(sum, base)| *sum = sum.wrapping_add(*base));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use bzip2::Compression;
    use bzip2::write::BzEncoder;
    use proptest::prelude::*;

    use super::super::header::integer_bytes;
    use super::*;

    const OLD: &[u8] = &[10, 20, 30, 40];
    const LIMIT: u64 = 1 << 20;

    type Restored = Result<Vec<u8>, Bsdiff40Error>;

    fn bzip2(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = BzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn package(target: u64, [control, diff, extra]: [&[u8]; 3]) -> Vec<u8> {
        let header = Header { control: control.len() as u64, diff: diff.len() as u64, target };
        [&header.to_bytes()[..], control, diff, extra].concat()
    }

    fn patch(target: u64, entries: &[[i64; 3]], diff: &[u8], extra: &[u8]) -> Vec<u8> {
        let control = entries.concat().into_iter().flat_map(integer_bytes).collect::<Vec<u8>>();
        package(target, [&bzip2(&control), &bzip2(diff), &bzip2(extra)])
    }

    fn restore(target: u64, entries: &[[i64; 3]], diff: &[u8], extra: &[u8]) -> Restored {
        decode(OLD, &patch(target, entries, diff, extra), LIMIT)
    }

    #[test]
    fn entries_add_copy_and_seek() {
        let restored = restore(5, &[[2, 1, 1], [1, 0, -3], [1, 0, 9]], &[1, 2, 3, 250], b"x");
        assert_eq!(restored, Ok(vec![11, 22, b'x', 43, 14]));
    }

    #[test]
    fn the_old_image_continues_with_zeros() {
        let before = [[0, 0, -2], [4, 0, 0]];
        assert_eq!(restore(4, &before, &[1, 2, 3, 4], &[]), Ok(vec![1, 2, 13, 24]));
        let after = [[0, 0, 3], [3, 0, 0]];
        assert_eq!(restore(3, &after, &[1, 2, 3], &[]), Ok(vec![41, 2, 3]));
        let far = [[0, 0, -i64::MAX], [1, 0, i64::MAX], [1, 0, i64::MAX - 9], [1, 0, 0]];
        assert_eq!(restore(3, &far, &[1, 2, 3], &[]), Ok(vec![1, 22, 3]));
    }

    #[test]
    fn impossible_entries_are_refused() {
        let refused = |entries: &[[i64; 3]]| restore(4, entries, &[0; 9], &[0; 9]).unwrap_err();
        let past = |entry, length, room| Bsdiff40Error::PastTargetEnd { entry, length, room };
        let negative = |entry, length| Bsdiff40Error::NegativeLength { entry, length };
        assert_eq!(refused(&[[5, 0, 0]]), past(0, 5, 4));
        assert_eq!(refused(&[[1, 0, 0], [1, 3, 0]]), past(1, 3, 2));
        assert_eq!(refused(&[[i64::MAX, 0, 0]]), past(0, i64::MAX as u64, 4));
        assert_eq!(refused(&[[-1, 5, 0]]), negative(0, -1));
        assert_eq!(refused(&[[1, -i64::MAX, 0]]), negative(0, -i64::MAX));
        assert_eq!(refused(&[[0, 0, i64::MAX], [1, 0, 0]]), Bsdiff40Error::PositionOverflow(1));
        assert_eq!(refused(&[[0; 3]; 1000]), Bsdiff40Error::TooManyEntries(5));
        assert_eq!(refused(&[[1, 1, 0]]), Bsdiff40Error::BlockTruncated(Block::Control));
    }

    #[test]
    fn trailing_data_is_refused() {
        let trailing = |block| Err(Bsdiff40Error::TrailingData(block));
        assert_eq!(restore(1, &[[1, 0, 0], [0, 0, 0]], &[0], &[]), trailing(Block::Control));
        assert_eq!(restore(1, &[[1, 0, 0]], &[0, 0], &[]), trailing(Block::Diff));
        assert_eq!(restore(1, &[[1, 0, 0]], &[0], &[0]), trailing(Block::Extra));
        let mut longer = patch(1, &[[1, 0, 0]], &[0], &[]);
        longer.push(0);
        assert_eq!(decode(OLD, &longer, LIMIT), trailing(Block::Extra));
    }

    #[test]
    fn hostile_sizes_cost_nothing() {
        let refused = |size, limit| decode(OLD, &patch(size, &[], &[], &[]), limit).unwrap_err();
        assert_eq!(refused(11, 10), Bsdiff40Error::TargetTooLarge { size: 11, limit: 10 });
        let most = i64::MAX as u64;
        assert_eq!(refused(most, LIMIT), Bsdiff40Error::TargetTooLarge { size: most, limit: LIMIT });
        assert_eq!(refused(most, u64::MAX), Bsdiff40Error::OutOfMemory(most));
    }

    #[test]
    fn short_streams_are_refused() {
        let truncated = |block| Err(Bsdiff40Error::BlockTruncated(block));
        assert_eq!(restore(2, &[[2, 0, 0]], &[0], &[]), truncated(Block::Diff));
        assert_eq!(restore(2, &[[0, 2, 0]], &[], &[0]), truncated(Block::Extra));
        let whole = patch(6, &[[3, 3, 0]], &[1, 2, 3], b"abc");
        for length in 0..whole.len() {
            assert!(decode(OLD, &whole[..length], LIMIT).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn checksums_are_checked_to_the_last_byte() {
        let mut streams = [bzip2(&[1, 0, 0].map(integer_bytes).concat()), bzip2(&[9]), bzip2(&[])];
        for (index, block) in [Block::Control, Block::Diff, Block::Extra].into_iter().enumerate() {
            let middle = streams[index].len() - 3;
            streams[index][middle] ^= 0x10;
            let damaged = decode(OLD, &package(1, streams.each_ref().map(Vec::as_slice)), LIMIT);
            assert_eq!(damaged, Err(Bsdiff40Error::BlockDamaged(block, bzip2::Error::Data)));
            streams[index][middle] ^= 0x10;
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn arbitrary_entries_do_not_panic(
            size in 0u64..50,
            entries in prop::collection::vec(
                (-1i64..20, -1i64..20, prop_oneof![-9i64..9, -i64::MAX..=i64::MAX]), 0..8),
            bytes in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            let entries: Vec<[i64; 3]> = entries.into_iter().map(Into::into).collect();
            if let Ok(target) = restore(size, &entries, &bytes, &bytes) {
                prop_assert_eq!(target.len() as u64, size);
            }
        }

        #[test]
        fn damaged_patches_do_not_panic(flips in prop::collection::vec((any::<usize>(), 1u8..), 1..4)) {
            let mut patch = patch(6, &[[2, 1, -1], [1, 2, 0]], &[1, 2, 3], b"abc");
            for (at, flip) in flips {
                let length = patch.len();
                patch[at % length] ^= flip;
            }
            if let Ok(target) = decode(OLD, &patch, LIMIT) {
                prop_assert!(target.len() as u64 <= LIMIT);
            }
        }

        #[test]
        fn arbitrary_bytes_do_not_panic(bytes: Vec<u8>) {
            let _ = decode(OLD, &bytes, LIMIT);
            let _ = decode(OLD, &package(20, [&bytes, &bytes, &bytes]), LIMIT);
        }
    }
}
