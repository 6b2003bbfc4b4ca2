//! The header's record of a container: what is expanded to which size, and what that takes (`docs/format.md`,
//! sections 14.1 and 14.6).

use crate::wire::{IMAGE_LIMIT, Reader};
use crate::{Error, Header};

/// The value of the extension with tag 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Exact size of the expanded base in bytes.
    pub base_size: u32,
    /// Exact size of the expanded target in bytes.
    pub target_size: u32,
    /// Bytes of recipe at the start of the body.
    pub recipe_size: u32,
    /// What they inflate to; the same number means that they are not deflated.
    pub recipe_length: u32,
    /// Items of both recipes.
    pub parts: u32,
    /// Tokens that are held at once while streams are made again: [`Level::held`](super::recipe::Level::held) of the target.
    pub tokens: u32,
    /// Bytes of memory that are kept of streams of the base: [`Level::kept`](super::recipe::Level::kept).
    pub kept: u32,
    /// Bytes of memory that other compressors take at once: [`Level::work`](super::recipe::Level::work) of either file.
    pub work: u32,
}

/// What a caller has for a container, which is checked before anything is allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of heap: the most that [`memory`] may say.
    pub memory: u64,
    /// Bytes of scratch: the most that [`storage`] may say.
    pub storage: u64,
}

impl Limits {
    /// Whatever the package states.
    pub const NONE: Self = Self { memory: u64::MAX, storage: u64::MAX };
}

impl Record {
    /// Reads the value.
    ///
    /// # Errors
    /// [`Error::MalformedHeader`].
    pub fn read(value: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(value);
        let mut record = Self {
            base_size: bounded(&mut reader)?,
            target_size: bounded(&mut reader)?,
            recipe_size: bounded(&mut reader)?,
            recipe_length: bounded(&mut reader)?,
            parts: bounded(&mut reader)?,
            tokens: bounded(&mut reader)?,
            kept: bounded(&mut reader)?,
            work: 0,
        };
        if reader.remaining() > 0 {
            record.work = bounded(&mut reader)?;
            if record.work == 0 {
                return Err(Error::MalformedHeader);
            }
        }
        if reader.remaining() == 0 { Ok(record) } else { Err(Error::MalformedHeader) }
    }

    /// The bytes that [`Record::read`] reads.
    #[cfg(feature = "encode")]
    #[must_use]
    pub fn to_bytes(&self) -> std::vec::Vec<u8> {
        let mut writer = crate::wire::Writer::default();
        let sizes = [self.base_size, self.target_size, self.recipe_size, self.recipe_length];
        let work = Some(self.work).filter(|work| *work > 0);
        let others = [self.parts, self.tokens, self.kept].into_iter().chain(work);
        sizes.into_iter().chain(others).for_each(|field| writer.varint(field));
        writer.bytes
    }

    /// Makes sure that the figures go together, so that what is allocated by them is in proportion to what is there.
    pub(super) fn check(&self, header: &Header) -> Result<(), Error> {
        let covered = u64::from(header.base_size) + u64::from(self.base_size) + u64::from(self.target_size);
        let possible = u64::from(self.recipe_length) <= DEFLATE_MOST * u64::from(self.recipe_size)
            && self.recipe_size <= header.body_length
            && self.parts <= self.recipe_length / PART_LEAST
            && u64::from(self.parts) <= part_limit(self.recipe_size)
            && u64::from(self.parts) <= covered
            && u64::from(self.tokens) <= plain_limit(self.target_size)
            && u64::from(self.kept) <= KEPT_MOST * (u64::from(header.base_size) + u64::from(self.base_size));
        if possible { Ok(()) } else { Err(Error::Corrupt) }
    }
}

/// What a byte of deflate makes at most.
const DEFLATE_MOST: u64 = 1032;
/// Memory that is kept at most of a byte of a stream: the byte, and eight tokens.
const KEPT_MOST: u64 = 67;
/// Bytes of recipe that an item takes at least.
const PART_LEAST: u32 = 2;

/// The most parts of recipes of `recipe_size` bytes. Recipes that deflate better must not be deflated.
#[must_use]
pub const fn part_limit(recipe_size: u32) -> u64 {
    16 * recipe_size as u64 + 1000
}

/// The most plain bytes of all streams together, those inside of others too, for an expanded form of `expanded` bytes.
/// Each byte of it is in at most three streams; what is over is for streams that are larger than what is in them.
pub(super) const fn plain_limit(expanded: u32) -> u64 {
    4 * expanded as u64
}

/// Bytes of scratch that restoring takes: the expanded base, and the expanded target if it is read back.
#[must_use]
pub fn storage(header: &Header, record: &Record) -> u64 {
    let written = if header.read_back { record.target_size } else { 0 };
    u64::from(record.base_size) + u64::from(written)
}

/// Bytes of heap that opening and restoring take at most, on top of the header's RAM and the scratch.
///
/// For each token of the blocks that are gathered at once: itself, in a list that grows by doubling. Fixed: for streams in
/// three others the plain bytes as far back as a match may begin, and hash chains; inflaters, and buffers. Recipes are there
/// as bytes and as what they say, corrections once more while they are used.
#[must_use]
pub fn memory(record: &Record) -> u64 {
    FIXED
        + u64::from(record.kept)
        + u64::from(record.work)
        + PER_TOKEN * u64::from(record.tokens)
        + PER_RECIPE_BYTE * u64::from(record.recipe_length)
        + PER_PART * u64::from(record.parts)
}

const FIXED: u64 = 5 << 20;
const PER_TOKEN: u64 = 12;
const PER_RECIPE_BYTE: u64 = 3;
/// An item and a compressor that it names, in lists that grow by a quarter.
pub(super) const PER_PART: u64 = 320;

fn bounded(reader: &mut Reader<'_>) -> Result<u32, Error> {
    let value = reader.varint()?;
    if value <= IMAGE_LIMIT { Ok(value) } else { Err(Error::MalformedHeader) }
}
