//! Files with holes, of which only the rest is stored (GNU tar's manual, "Storing Sparse Files").

use std::ops::Range;

use super::header::{BLOCK, Header, number};
use super::pax::{Attributes, Records, decimal};
use super::{PayloadError, damaged};

/// A file with holes.
#[derive(Debug)]
pub(super) struct Sparse<'f> {
    /// Its bytes with the holes.
    pub(super) size: u64,
    map: Map<'f>,
}

/// Where the map of what is stored is.
#[derive(Debug)]
enum Map<'f> {
    /// In the header, and in blocks that follow: GNU's format before pax.
    Header(&'f [u8; BLOCK], &'f [u8]),
    /// In these records of a pax header: versions 0.0 and 0.1.
    Records(&'f [u8]),
    /// Before what is stored: version 1.0.
    Stored,
}

/// Entries in the header, and in each block that follows; whether another block follows is behind them.
const IN_HEADER: Range<usize> = 386..482;
const IN_BLOCK: Range<usize> = 0..504;
/// A place and a length.
const ENTRY: usize = 24;
const SIZE: Range<usize> = 483..495;

/// The blocks of the map at the start of these bytes, which follow the header.
pub(super) fn more_blocks<'f>(bytes: &'f [u8], header: &Header) -> Result<&'f [u8], PayloadError> {
    let (mut size, mut more) = (0, header.0[IN_HEADER.end]);
    while more != 0 {
        let block = bytes.get(size..size + BLOCK).ok_or_else(|| damaged("it ends in a map of holes"))?;
        more = block[IN_BLOCK.end];
        size += BLOCK;
    }
    Ok(&bytes[..size])
}

impl<'f> Sparse<'f> {
    /// How a file is stored; `None` if it has no holes. `more` are the blocks of its map.
    pub(super) fn of(
        header: Header<'f>,
        more: &'f [u8],
        attributes: &Attributes<'f>,
    ) -> Result<Option<Self>, PayloadError> {
        let unknown =
            || damaged("a file with holes is in a format that is not read: use tar without --sparse");
        let (size, map) = match (header.kind(), attributes.sparse_version) {
            (b'S', _) if header.0.ends_with(b"tar\0") => return Err(unknown()),
            (b'S', _) => (number(&header.0[SIZE]), Map::Header(header.0, more)),
            (_, Some(b"1")) => (attributes.sparse_size, Map::Stored),
            (_, Some(version)) if version != b"0" => return Err(unknown()),
            _ if attributes.sparse_size.is_none() => return Ok(None),
            _ => (attributes.sparse_size, Map::Records(attributes.records)),
        };
        let size = size.ok_or_else(|| damaged("the size of a file with holes is wrong"))?;
        Ok(Some(Self { size, map }))
    }

    /// The file with zeros in its holes; `None` if its map is wrong.
    pub(super) fn expand(&self, stored: &[u8]) -> Option<Vec<u8>> {
        let mut filled = Filled { bytes: vec![0; usize::try_from(self.size).ok()?], end: 0, stored };
        match self.map {
            Map::Header(header, more) => {
                let blocks = more.chunks_exact(BLOCK).map(|block| &block[IN_BLOCK]);
                for part in std::iter::once(&header[IN_HEADER]).chain(blocks) {
                    let entries = part.chunks_exact(ENTRY).take_while(|entry| entry[ENTRY / 2] != 0);
                    for (place, length) in entries.map(|entry| entry.split_at(ENTRY / 2)) {
                        filled.put(number(place)?, number(length)?)?;
                    }
                }
            }
            Map::Records(records) => {
                let mut place = None;
                for record in Records(records) {
                    match record? {
                        (b"GNU.sparse.offset", value) => place = Some(decimal(value)?),
                        (b"GNU.sparse.numbytes", value) => filled.put(place.take()?, decimal(value)?)?,
                        (b"GNU.sparse.map", value) if !value.is_empty() => {
                            let mut numbers = value.split(|&byte| byte == b',').map(decimal);
                            while let Some(place) = numbers.next() {
                                filled.put(place?, numbers.next()??)?;
                            }
                        }
                        _ => {}
                    }
                }
            }
            Map::Stored => {
                let mut map = Lines { bytes: stored, at: 0 };
                let count = map.next()?;
                let mut end = map;
                for _ in 0..count {
                    end.next()?;
                    end.next()?;
                }
                // It has whole blocks.
                filled.stored = stored.get(end.at.next_multiple_of(BLOCK)..)?;
                for _ in 0..count {
                    filled.put(map.next()?, map.next()?)?;
                }
            }
        }
        filled.stored.is_empty().then_some(filled.bytes)
    }
}

/// A file as far as it is filled.
struct Filled<'f> {
    bytes: Vec<u8>,
    end: usize,
    /// What is not yet in its place.
    stored: &'f [u8],
}

impl Filled<'_> {
    /// Puts the next bytes to their place, which is behind those before.
    fn put(&mut self, place: u64, length: u64) -> Option<()> {
        let (place, length) = (usize::try_from(place).ok()?, usize::try_from(length).ok()?);
        if place < self.end {
            return None;
        }
        self.end = place.checked_add(length)?;
        let (now, later) = self.stored.split_at_checked(length)?;
        self.bytes.get_mut(place..self.end)?.copy_from_slice(now);
        self.stored = later;
        Some(())
    }
}

/// Decimal numbers with a line end behind each.
#[derive(Clone, Copy)]
struct Lines<'f> {
    bytes: &'f [u8],
    at: usize,
}

impl Lines<'_> {
    fn next(&mut self) -> Option<u64> {
        let rest = self.bytes.get(self.at..)?;
        let end = rest.iter().take(21).position(|&byte| byte == b'\n')?;
        self.at += end + 1;
        decimal(&rest[..end])
    }
}
