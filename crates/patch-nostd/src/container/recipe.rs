//! Recipes: where the streams of a file are, and how to make them again (`docs/format.md`, section 14.2).

use std::vec::Vec;

use super::DEPTH_LIMIT;
use super::compressor::{Compressor, plain_memory, possible, stream_memory};
use super::record::{PER_PART, plain_limit};
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
    /// Bytes of its stream, of blocks of lz4: others end by themselves. Recipes of the target do not say it.
    pub packed: u32,
    /// What is kept of its stream for those of the target; in recipes of the base only.
    pub kept: Option<Kept>,
    /// How its stream is made again; in recipes of the target, and only there.
    pub making: Option<Making>,
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
    /// A stream of another compressor; behind it what that foretells.
    Compressed(Compressor),
}

/// The size of a stream whose decisions those of a stream of the target are predicted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Bytes of the stream.
    pub packed: u32,
    /// Its tokens.
    pub tokens: u32,
}

/// How a stream is made again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Making {
    /// Its plain bytes.
    pub length: u32,
    /// The most tokens of a block.
    pub most: u32,
    /// The stream of the base whose decisions it is predicted by: one more than its number among those that are kept;
    /// 0 without one.
    pub follows: u32,
    /// Where predictions are wrong.
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

pub(super) const END: u8 = 0;
pub(super) const INSIDE: u8 = 8;
pub(super) const KEPT: u8 = 16;
pub(super) const COMPRESSED: u8 = 32;
/// The number of a compressor that a tag has room for; from here on it follows.
pub(super) const NUMBERED: u8 = 7;

impl Frame {
    /// Whether a stream belongs to it.
    #[must_use]
    pub const fn has_stream(self) -> bool {
        !matches!(self, Self::Stored | Self::Directory(_))
    }

    /// The compressor, if it is another than deflate's.
    #[must_use]
    pub const fn compressor(self) -> Option<Compressor> {
        if let Self::Compressed(compressor) = self { Some(compressor) } else { None }
    }

    #[cfg(feature = "encode")]
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Deflate => 1,
            Self::Gzip => 2,
            Self::Zlib => 3,
            Self::Entry => 4,
            Self::Described => 5,
            Self::Stored => 6,
            Self::Directory(_) => 7,
            Self::Compressed(_) => COMPRESSED,
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
    /// Reads the recipes of base and target, which must be all there is and have exactly `parts` items.
    ///
    /// # Errors
    /// [`Error::Corrupt`]: what is allocated is in proportion to `parts` and to the bytes.
    pub fn read_both(bytes: &[u8], parts: u32) -> Result<(Self, Self), Error> {
        let mut parser = Parser { reader: Reader::new(bytes), parts, compressors: Vec::new() };
        let mut level = |side| parser.level(side, DEPTH_LIMIT).map_err(|_| Error::Corrupt);
        let both = (level(Side::Base)?, level(Side::Target)?);
        if parser.reader.remaining() == 0 && parser.parts == 0 { Ok(both) } else { Err(Error::Corrupt) }
    }

    /// Tokens that are held at once while its streams are made: those of the largest block of a stream, and what is held
    /// for the level inside of it.
    #[must_use]
    pub fn held(&self) -> u64 {
        let held = |item: &Item| {
            item.making.as_ref().map_or(0, |making| u64::from(making.most)) + item.inside.held()
        };
        self.items.iter().map(held).max().unwrap_or(0)
    }

    /// Bytes of memory that compressors take at once: the most over the items of that of the item, and of the level inside.
    #[must_use]
    pub fn work(&self, side: Side) -> u64 {
        self.items.iter().map(|item| item.work(side) + item.inside.work(side)).max().unwrap_or(0)
    }

    /// What all of them take together.
    fn all_work(&self, side: Side) -> u64 {
        self.items.iter().map(|item| item.work(side) + item.inside.all_work(side)).sum()
    }

    /// Refuses a recipe whose streams take more time to set up than an expanded form of `expanded` bytes is worth.
    pub(super) fn check_work(&self, side: Side, expanded: u32) -> Result<(), Error> {
        if self.all_work(side) <= plain_memory(expanded) { Ok(()) } else { Err(Error::Corrupt) }
    }

    /// Whether this decoder has all compressors that are named.
    pub(super) fn is_available(&self) -> bool {
        self.items.iter().all(|item| {
            let own = item.frame.compressor().is_none_or(|compressor| compressor.is_available());
            own && item.inside.is_available()
        })
    }

    /// Items, here and inside.
    #[must_use]
    pub fn parts(&self) -> usize {
        self.sum(&|_| 1) as usize
    }

    /// Plain bytes of all streams of a target, here and inside.
    #[must_use]
    pub fn plain(&self) -> u64 {
        self.sum(&|item| item.making.as_ref().map_or(0, |making| making.length.into()))
    }

    /// Bytes of memory that are kept of streams of a base, here and inside, and how many there are.
    #[must_use]
    pub fn kept(&self) -> (u64, u32) {
        let memory = self.sum(&|item| item.kept.map_or(0, |kept| kept.memory()));
        (memory, self.sum(&|item| item.kept.is_some().into()) as u32)
    }

    /// Refuses a recipe of a target whose streams take more time than a target of `expanded` bytes is worth, or do not
    /// take the memory that is stated, or follow one that is not kept.
    pub(super) fn check_target(&self, expanded: u32, tokens: u32, kept: u32) -> Result<(), Error> {
        let follow = |level: &Self| level.most_followed() <= kept;
        let bounded = self.plain() <= plain_limit(expanded) && self.held() == u64::from(tokens);
        if bounded && follow(self) { Ok(()) } else { Err(Error::Corrupt) }
    }

    /// The last one of the streams that are followed.
    fn most_followed(&self) -> u32 {
        let own = |item: &Item| item.making.as_ref().map_or(0, |making| making.follows);
        self.items.iter().map(|item| own(item).max(item.inside.most_followed())).max().unwrap_or(0)
    }

    /// Streams, here and inside.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.sum(&|item| item.frame.has_stream().into()) as usize
    }

    /// Bytes of corrections, here and inside.
    #[must_use]
    pub fn corrections(&self) -> usize {
        self.sum(&|item| item.making.as_ref().map_or(0, |making| making.corrections.len() as u64)) as usize
    }

    /// A sum over all items, here and inside.
    fn sum(&self, of: &dyn Fn(&Item) -> u64) -> u64 {
        self.items.iter().map(|item| of(item) + item.inside.sum(of)).sum()
    }
}

impl Item {
    /// Bytes of memory that its compressor takes.
    fn work(&self, side: Side) -> u64 {
        let length = self.making.as_ref().map_or(0, |making| making.length);
        let work = |compressor: Compressor| stream_memory(&compressor, side, self.packed, length);
        self.frame.compressor().map_or(0, work)
    }
}

impl Kept {
    /// Bytes of memory that it takes: the stream, while it is gathered, its tokens and where they begin, and its blocks.
    #[must_use]
    pub const fn memory(&self) -> u64 {
        3 * self.packed as u64 + 8 * self.tokens as u64
    }
}

/// Reads recipes; every item is counted before there is room for it.
struct Parser<'r> {
    reader: Reader<'r>,
    /// Items that may follow.
    parts: u32,
    /// Those that were named, in their order.
    compressors: Vec<Compressor>,
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
            let item =
                if tag & COMPRESSED == 0 { self.item(tag, side)? } else { self.compressed(tag, side)? };
            let inside = if tag & INSIDE == 0 { Level::default() } else { self.level(side, depth)? };
            grow(&mut items);
            items.push(Item { inside, ..item });
        }
    }

    fn item(&mut self, tag: u8, side: Side) -> Result<Item, Error> {
        let gap = self.reader.varint()?;
        let frame = Frame::read(tag & !(INSIDE | KEPT), &mut self.reader)?;
        if tag & (INSIDE | KEPT) != 0 && !frame.has_stream() || tag & KEPT != 0 && side == Side::Target {
            return Err(Error::Corrupt);
        }
        let kept = if tag & KEPT == 0 { None } else { Some(self.kept()?) };
        let is_made = side == Side::Target && frame.has_stream();
        let making = if is_made { Some(self.making()?) } else { None };
        Ok(Item { gap, frame, packed: 0, kept, making, inside: Level::default() })
    }

    fn compressed(&mut self, tag: u8, side: Side) -> Result<Item, Error> {
        if tag & !(COMPRESSED | INSIDE | NUMBERED) != 0 {
            return Err(Error::Corrupt);
        }
        let gap = self.reader.varint()?;
        let mut number = u32::from(tag & NUMBERED);
        if tag & NUMBERED == NUMBERED {
            number = number.checked_add(self.reader.varint()?).ok_or(Error::Corrupt)?;
        }
        let compressor = self.compressor(number as usize)?;
        let has_size = side == Side::Base && matches!(compressor, Compressor::Lz4(_));
        let packed = if has_size { self.reader.varint()? } else { 0 };
        let length = if side == Side::Target { self.reader.varint()? } else { 0 };
        if side == Side::Target && (length == 0 || !possible(&compressor, length)) {
            return Err(Error::Corrupt);
        }
        let making = (side == Side::Target).then(|| Making { length, ..Making::default() });
        let frame = Frame::Compressed(compressor);
        Ok(Item { gap, frame, packed, kept: None, making, inside: Level::default() })
    }

    /// The compressor with a number: one that was named, or the next.
    fn compressor(&mut self, number: usize) -> Result<Compressor, Error> {
        if let Some(compressor) = self.compressors.get(number) {
            return Ok(*compressor);
        }
        if number > self.compressors.len() {
            return Err(Error::Corrupt);
        }
        let compressor = Compressor::read(&mut self.reader)?;
        grow(&mut self.compressors);
        self.compressors.push(compressor);
        Ok(compressor)
    }

    fn kept(&mut self) -> Result<Kept, Error> {
        let kept = Kept { packed: self.reader.varint()?, tokens: self.reader.varint()? };
        // A token has a bit at least.
        if u64::from(kept.tokens) > 8 * u64::from(kept.packed) { Err(Error::Corrupt) } else { Ok(kept) }
    }

    fn making(&mut self) -> Result<Making, Error> {
        let (length, most, follows) = (self.reader.varint()?, self.reader.varint()?, self.reader.varint()?);
        let size = self.reader.varint()?;
        let corrections = self.reader.bytes(size)?.to_vec();
        if length == 0 || most > length {
            Err(Error::Corrupt)
        } else {
            Ok(Making { length, most, follows, corrections })
        }
    }
}

/// Room for one more in a list, by a quarter: by doubling, a list takes three times its size while it grows.
fn grow<T>(list: &mut Vec<T>) {
    if list.len() == list.capacity() {
        list.reserve_exact(list.len() / 4 + 4);
    }
}

// A list that grows takes nine quarters of its size.
const _: () = assert!((size_of::<Item>() + size_of::<Compressor>()) * 9 / 4 <= PER_PART as usize);
