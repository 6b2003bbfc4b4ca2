//! Blocks of .xz (the .xz file format 1.2.1, sections 2.1 and 3).

use smidgen_patch::internals::container::compressor::{
    CRC32_CHECK, CRC64_CHECK, Compressor, DICTIONARY_MOST, End, Xz,
};

use super::lzma::USUAL;
use super::{Block, word};

const MARK: &[u8; 6] = b"\xFD7zXZ\0";
/// Bytes of a stream header.
const HEADER: usize = 12;
const LZMA2: u64 = 0x21;
/// Branch filters, which convert calls.
const BRANCH: std::ops::RangeInclusive<u64> = 4..=11;
/// Bytes of a check by its number.
const CHECKS: [usize; 16] = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];

/// A file of .xz that is gone through.
pub(in super::super) struct Blocks {
    /// Where the next block header may be.
    at: usize,
    check: usize,
    /// Bytes of the last block header, and how many there were.
    header: usize,
    count: usize,
}

impl Blocks {
    pub(super) fn open(file: &[u8], at: usize) -> Option<Self> {
        let header = file.get(at..at + HEADER)?;
        let flags = &header[6..8];
        let is_header = header.starts_with(MARK)
            && flags[0] == 0
            && flags[1] < 16
            && word(header, 8) == Some(crc32fast::hash(flags) as usize);
        is_header.then(|| Self { at: at + HEADER, check: flags[1].into(), header: 0, count: 0 })
    }

    pub(super) fn next(&mut self, file: &[u8]) -> Option<Block> {
        let size = (usize::from(*file.get(self.at)?) + 1) * 4;
        // That of an index is zero.
        let header = file.get(self.at..self.at + size).filter(|_| size > 4)?;
        let (fields, sum) = header.split_at(size - 4);
        if word(sum, 0)? != crc32fast::hash(fields) as usize {
            return None;
        }
        let (filter, dictionary) = chain(fields)?;
        let start = self.at + size;
        let lzma2 = file.get(start..)?;
        let properties = properties(lzma2).unwrap_or(USUAL.properties);
        let check = self.check as u8;
        let xz = Xz {
            lzma: super::lzma::Lzma { dictionary, properties, ..USUAL },
            filter,
            check: if matches!(check, CRC32_CHECK | CRC64_CHECK) { check } else { 0 },
            header: 0,
            end: End::None,
        };
        (self.header, self.count) = (size, self.count + 1);
        Some(Block { start, compressor: Compressor::Xz(xz), packed: 0 })
    }

    /// The stream of the last block ends here.
    pub(super) fn passed(&mut self, end: usize) {
        // From the block header on all has a multiple of four bytes.
        let start = self.at;
        self.at = start + (end - start).next_multiple_of(4) + CHECKS[self.check];
    }

    /// Bytes of the block header, if the file may have no other block.
    pub(super) const fn header(&self) -> Option<u16> {
        if self.count == 1 && matches!(self.check, 0 | 1 | 4) { Some(self.header as u16) } else { None }
    }
}

/// The branch filter, or 0, and the dictionary of LZMA2 behind it.
fn chain(header: &[u8]) -> Option<(u8, u8)> {
    let flags = *header.get(1)?;
    let mut rest = &header[2..];
    for _ in 0..(flags >> 6 & 1) + (flags >> 7) {
        number(&mut rest)?;
    }
    let (mut id, mut size, mut filter) = (number(&mut rest)?, number(&mut rest)?, 0);
    if flags & 3 == 1 && BRANCH.contains(&id) && size == 0 {
        filter = id as u8;
        (id, size) = (number(&mut rest)?, number(&mut rest)?);
    } else if flags & 3 != 0 {
        return None;
    }
    let dictionary = *rest.first()?;
    (id == LZMA2 && size == 1 && dictionary <= DICTIONARY_MOST).then_some((filter, dictionary))
}

/// A number of up to nine bytes, seven bits each, the lowest first.
fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..63).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// The properties that the first chunk of LZMA2 with any states.
fn properties(mut bytes: &[u8]) -> Option<u8> {
    loop {
        let control = *bytes.first()?;
        match control {
            1 | 2 => {
                let size = usize::from(u16::from_be_bytes([*bytes.get(1)?, *bytes.get(2)?])) + 1;
                bytes = bytes.get(3 + size..)?;
            }
            0xC0.. => return bytes.get(5).copied(),
            _ => return None,
        }
    }
}
