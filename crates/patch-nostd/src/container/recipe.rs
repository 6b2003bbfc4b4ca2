//! Recipes: where the streams of a file are, and how to make them again (`docs/format.md`, section 14.2).

use std::vec::Vec;

use super::DEPTH_LIMIT;
use super::record::plain_limit;
use crate::Error;
use crate::wire::Reader;

/// A file, or the plain bytes of a stream: plain stretches with items between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// In their order. What follows the last one is plain.
    pub items: Vec<Item>,
}

/// Something that is not passed on as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Plain bytes since the item before.
    pub gap: u32,
    /// What it is.
    pub frame: Frame,
    /// How its stream is made again, piece by piece; empty in recipes of the base.
    pub pieces: Vec<Piece>,
    /// What is in its stream.
    pub inside: Level,
}

/// What surrounds a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Nothing that is known.
    Deflate,
    /// CRC-32 and length of the plain bytes follow (RFC 1952).
    Gzip,
    /// The Adler-32 of the plain bytes follows (RFC 1950).
    Zlib,
    /// A local header of zip is before it (APPNOTE 4.3.7).
    Entry,
    /// The same, and a data descriptor with its signature and lengths of 32 bits follows (APPNOTE 4.3.9).
    Described,
    /// A local header of zip, without a stream: the entry is stored, or its stream stays as it is.
    Stored,
    /// A central directory of this many records, and its end (APPNOTE 4.3.12 and 4.3.16). No stream.
    Directory(u32),
}

/// Some plain bytes of a stream, and what preflate needs to make the stream of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// How many plain bytes.
    pub length: u32,
    /// preflate's corrections.
    pub corrections: Vec<u8>,
}

/// Whose recipe it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The base: streams are only expanded.
    Base,
    /// The target: streams are made again.
    Target,
}

const END: u8 = 0;
const INSIDE: u8 = 8;

impl Frame {
    /// Whether a deflate stream belongs to it.
    #[must_use]
    pub const fn has_stream(self) -> bool {
        !matches!(self, Self::Stored | Self::Directory(_))
    }

    #[cfg(feature = "encode")]
    const fn number(self) -> u8 {
        match self {
            Self::Deflate => 1,
            Self::Gzip => 2,
            Self::Zlib => 3,
            Self::Entry => 4,
            Self::Described => 5,
            Self::Stored => 6,
            Self::Directory(_) => 7,
        }
    }

    fn read(number: u8, reader: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(match number {
            1 => Self::Deflate,
            2 => Self::Gzip,
            3 => Self::Zlib,
            4 => Self::Entry,
            5 => Self::Described,
            6 => Self::Stored,
            7 => Self::Directory(reader.varint()?),
            _ => return Err(Error::Corrupt),
        })
    }
}

impl Level {
    /// Reads the recipes of base and target, which must be all there is and have exactly `parts` parts.
    ///
    /// # Errors
    /// [`Error::Corrupt`]: what is allocated is in proportion to `parts` and to the bytes.
    pub fn read_both(bytes: &[u8], parts: u32) -> Result<(Self, Self), Error> {
        let mut parser = Parser { reader: Reader::new(bytes), parts };
        let mut level = |side| parser.level(side, DEPTH_LIMIT).map_err(|_| Error::Corrupt);
        let both = (level(Side::Base)?, level(Side::Target)?);
        if parser.reader.remaining() == 0 && parser.parts == 0 { Ok(both) } else { Err(Error::Corrupt) }
    }

    /// Plain bytes that are held at once while its streams are made: those of the largest piece of a stream, and what
    /// is held for the level inside of it.
    #[must_use]
    pub fn held(&self) -> u64 {
        let held = |item: &Item| {
            let piece = item.pieces.iter().map(|piece| piece.length).max().unwrap_or(0);
            u64::from(piece) + item.inside.held()
        };
        self.items.iter().map(held).max().unwrap_or(0)
    }

    /// Items and pieces, here and inside.
    #[must_use]
    pub fn parts(&self) -> usize {
        self.items.iter().map(|item| 1 + item.pieces.len() + item.inside.parts()).sum()
    }

    /// Plain bytes of all streams of a target, here and inside.
    #[must_use]
    pub fn plain(&self) -> u64 {
        let own = |item: &Item| item.pieces.iter().map(|piece| u64::from(piece.length)).sum::<u64>();
        self.items.iter().map(|item| own(item) + item.inside.plain()).sum()
    }

    /// Refuses a recipe whose streams take more memory than `piece`, or more time than a target of `expanded` bytes
    /// is worth.
    pub(super) fn check_plain(&self, expanded: u32, piece: u32) -> Result<(), Error> {
        let bounded = self.plain() <= plain_limit(expanded) && self.held() == u64::from(piece);
        if bounded { Ok(()) } else { Err(Error::Corrupt) }
    }

    /// Streams, here and inside.
    #[must_use]
    pub fn streams(&self) -> usize {
        let count = |item: &Item| usize::from(item.frame.has_stream()) + item.inside.streams();
        self.items.iter().map(count).sum()
    }

    /// Bytes of corrections, here and inside.
    #[must_use]
    pub fn corrections(&self) -> usize {
        let own = |item: &Item| item.pieces.iter().map(|piece| piece.corrections.len()).sum::<usize>();
        self.items.iter().map(|item| own(item) + item.inside.corrections()).sum()
    }
}

impl Item {
    /// Plain bytes of the stream, which those of the pieces add up to.
    pub(super) fn length(&self) -> Result<u32, Error> {
        let add = |sum: u32, piece: &Piece| sum.checked_add(piece.length);
        self.pieces.iter().try_fold(0, add).ok_or(Error::Corrupt)
    }
}

/// Reads recipes; every item and piece is counted before there is room for it.
struct Parser<'r> {
    reader: Reader<'r>,
    /// Items and pieces that may follow.
    parts: u32,
}

impl Parser<'_> {
    fn level(&mut self, side: Side, depth: u32) -> Result<Level, Error> {
        let depth = depth.checked_sub(1).ok_or(Error::Corrupt)?;
        let mut items = Vec::new();
        loop {
            let tag = self.reader.byte()?;
            if tag == END {
                items.shrink_to_fit();
                return Ok(Level { items });
            }
            self.parts = self.parts.checked_sub(1).ok_or(Error::Corrupt)?;
            let gap = self.reader.varint()?;
            let frame = Frame::read(tag & !INSIDE, &mut self.reader)?;
            if tag & INSIDE != 0 && !frame.has_stream() {
                return Err(Error::Corrupt);
            }
            let made = side == Side::Target && frame.has_stream();
            let pieces = if made { self.pieces()? } else { Vec::new() };
            let inside = if tag & INSIDE == 0 { Level::default() } else { self.level(side, depth)? };
            items.push(Item { gap, frame, pieces, inside });
        }
    }

    /// The pieces of a stream: at least one, none of which is empty.
    fn pieces(&mut self) -> Result<Vec<Piece>, Error> {
        let count = self.reader.varint()?;
        self.parts = self.parts.checked_sub(count).ok_or(Error::Corrupt)?;
        let mut pieces = Vec::with_capacity(count as usize);
        for _ in 0..count {
            let length = self.reader.varint()?;
            let size = self.reader.varint()?;
            let corrections = self.reader.bytes(size)?.to_vec();
            if length == 0 || size == 0 {
                return Err(Error::Corrupt);
            }
            pieces.push(Piece { length, corrections });
        }
        if count == 0 { Err(Error::Corrupt) } else { Ok(pieces) }
    }
}

#[cfg(feature = "encode")]
impl Level {
    /// The bytes that [`Level::read_both`] reads.
    #[must_use]
    pub fn write_both(base: &Self, target: &Self) -> Vec<u8> {
        let mut writer = crate::wire::Writer::default();
        base.write(&mut writer, Side::Base);
        target.write(&mut writer, Side::Target);
        writer.bytes
    }

    fn write(&self, writer: &mut crate::wire::Writer, side: Side) {
        for item in &self.items {
            let inside = if item.inside.items.is_empty() { 0 } else { INSIDE };
            writer.byte(item.frame.number() | inside);
            writer.varint(item.gap);
            if let Frame::Directory(count) = item.frame {
                writer.varint(count);
            }
            if side == Side::Target && item.frame.has_stream() {
                write_pieces(&item.pieces, writer);
            }
            if inside != 0 {
                item.inside.write(writer, side);
            }
        }
        writer.byte(END);
    }
}

#[cfg(feature = "encode")]
fn write_pieces(pieces: &[Piece], writer: &mut crate::wire::Writer) {
    writer.varint(pieces.len() as u32);
    for piece in pieces {
        writer.varint(piece.length);
        writer.varint(piece.corrections.len() as u32);
        writer.raw(&piece.corrections);
    }
}
