//! The header of a BSDIFF40 patch, and the integers that it and the control block are made of.

use std::array;

use super::error::{Block, Bsdiff40Error};

/// The first eight bytes of every BSDIFF40 patch.
pub const MAGIC: [u8; 8] = *b"BSDIFF40";

const INTEGER: usize = 8;

/// Bytes of three integers: of a control entry, and of the header's sizes.
pub(super) const TRIPLE: usize = 3 * INTEGER;

const HEADER: usize = MAGIC.len() + TRIPLE;

/// The top bit of an integer, set in negative ones.
const SIGN: u64 = 1 << 63;

/// The sizes that a header states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) control: u64,
    pub(super) diff: u64,
    pub(super) target: u64,
}

impl Header {
    /// Reads the header at the start of `package`. [`Header::blocks`] checks whether the blocks fit in.
    pub(super) fn parse(package: &[u8]) -> Result<Self, Bsdiff40Error> {
        let short = || Bsdiff40Error::HeaderTruncated(package.len());
        let (magic, sizes) = package.split_first_chunk().ok_or_else(short)?;
        if *magic != MAGIC {
            return Err(Bsdiff40Error::NotBsdiff40);
        }
        Self::check(integers(sizes.first_chunk().ok_or_else(short)?))
    }

    fn check([control, diff, target]: [i64; 3]) -> Result<Self, Bsdiff40Error> {
        let block = |block, size: i64| {
            u64::try_from(size).map_err(|_| Bsdiff40Error::NegativeBlockSize { block, size })
        };
        Ok(Self {
            control: block(Block::Control, control)?,
            diff: block(Block::Diff, diff)?,
            target: u64::try_from(target).map_err(|_| Bsdiff40Error::NegativeTargetSize(target))?,
        })
    }

    /// The control, diff and extra block of `package`, which is the patch that this header was parsed from.
    pub(super) fn blocks<'a>(&self, package: &'a [u8]) -> Result<[&'a [u8]; 3], Bsdiff40Error> {
        let (control, rest) = split(Block::Control, &package[HEADER..], self.control)?;
        let (diff, extra) = split(Block::Diff, rest, self.diff)?;
        Ok([control, diff, extra])
    }

    /// The 32 bytes that a patch starts with.
    pub(super) fn to_bytes(self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        let sizes = [self.control, self.diff, self.target].map(u64::to_le_bytes);
        for (field, value) in bytes.chunks_exact_mut(INTEGER).zip([MAGIC, sizes[0], sizes[1], sizes[2]]) {
            field.copy_from_slice(&value);
        }
        bytes
    }
}

fn split(block: Block, bytes: &[u8], size: u64) -> Result<(&[u8], &[u8]), Bsdiff40Error> {
    usize::try_from(size)
        .ok()
        .and_then(|size| bytes.split_at_checked(size))
        .ok_or(Bsdiff40Error::BlockPastEnd { block, size, left: bytes.len() })
}

pub(super) fn integers(bytes: &[u8; TRIPLE]) -> [i64; 3] {
    array::from_fn(|field| integer(array::from_fn(|byte| bytes[field * INTEGER + byte])))
}

/// Reads sign and magnitude; there is a negative zero, which is zero.
fn integer(bytes: [u8; INTEGER]) -> i64 {
    let word = u64::from_le_bytes(bytes);
    let magnitude = (word & !SIGN) as i64;
    if word & SIGN == 0 { magnitude } else { -magnitude }
}

/// Writes sign and magnitude.
///
/// The one value that has no such form, `i64::MIN`, is farther than any two positions in images are apart.
pub(super) fn integer_bytes(value: i64) -> [u8; INTEGER] {
    debug_assert!(value != i64::MIN, "no sign-magnitude form");
    let sign = if value < 0 { SIGN } else { 0 };
    (value.unsigned_abs() | sign).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn integers_survive(a in -i64::MAX..=i64::MAX, b in -300i64..300, c in -i64::MAX..=i64::MAX) {
            let bytes = [a, b, c].map(integer_bytes).concat();
            prop_assert_eq!(integers(bytes.first_chunk().unwrap()), [a, b, c]);
        }

        #[test]
        fn headers_survive(control in 0..1u64 << 63, diff in 0..1u64 << 63, target in 0..1u64 << 63) {
            let header = Header { control, diff, target };
            prop_assert_eq!(Header::parse(&header.to_bytes()), Ok(header));
        }
    }

    #[test]
    fn integers_have_the_form_of_the_original() {
        assert_eq!(integer_bytes(0x0102), [2, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(integer_bytes(-0x0102), [2, 1, 0, 0, 0, 0, 0, 0x80]);
        assert_eq!(integer([0, 0, 0, 0, 0, 0, 0, 0x80]), 0);
        assert_eq!(integer([0xff; 8]), -i64::MAX);
    }

    #[test]
    fn short_headers_are_refused() {
        let bytes = Header { control: 1, diff: 2, target: 3 }.to_bytes();
        for length in 0..bytes.len() {
            assert_eq!(Header::parse(&bytes[..length]), Err(Bsdiff40Error::HeaderTruncated(length)));
        }
    }

    #[test]
    fn other_formats_are_refused() {
        assert_eq!(Header::parse(&[0; 40]), Err(Bsdiff40Error::NotBsdiff40));
        assert_eq!(Header::parse(b"BSDIFF41 is another format altogether"), Err(Bsdiff40Error::NotBsdiff40));
    }

    #[test]
    fn negative_sizes_are_refused() {
        let parse =
            |sizes: [i64; 3]| Header::parse(&[&MAGIC[..], &sizes.map(integer_bytes).concat()].concat());
        let block = |block, size| Err(Bsdiff40Error::NegativeBlockSize { block, size });
        assert_eq!(parse([-1, 0, 0]), block(Block::Control, -1));
        assert_eq!(parse([0, -i64::MAX, 0]), block(Block::Diff, -i64::MAX));
        assert_eq!(parse([0, 0, -2]), Err(Bsdiff40Error::NegativeTargetSize(-2)));
    }

    #[test]
    fn blocks_stay_within_the_patch() {
        let past = |block, size, left| Bsdiff40Error::BlockPastEnd { block, size, left };
        let blocks = |control, diff| {
            let header = Header { control, diff, target: 0 };
            let package = [&header.to_bytes()[..], b"abcdef"].concat();
            header.blocks(&package).map(|blocks| blocks.map(<[u8]>::to_vec))
        };
        assert_eq!(blocks(1, 2), Ok([&b"a"[..], b"bc", b"def"].map(<[u8]>::to_vec)));
        assert_eq!(blocks(7, 0), Err(past(Block::Control, 7, 6)));
        assert_eq!(blocks(4, 3), Err(past(Block::Diff, 3, 2)));
        assert_eq!(blocks(4, u64::MAX >> 1), Err(past(Block::Diff, u64::MAX >> 1, 2)));
    }
}
