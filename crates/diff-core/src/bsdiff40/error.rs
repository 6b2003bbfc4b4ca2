//! Why a BSDIFF40 patch is refused or cannot be made.

use std::fmt;

use thiserror::Error;

/// One of the three bzip2 streams of a patch, in the order they have there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// The entries that say how to combine the other blocks with the base.
    Control,
    /// Bytes that are added to the base's.
    Diff,
    /// Bytes that are in the target as they are.
    Extra,
}

/// Why a patch could not be made or was refused.
///
/// Control entries and covers are counted from zero.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Bsdiff40Error {
    /// The patch does not start with [`MAGIC`](super::MAGIC).
    #[error("not a BSDIFF40 patch: it does not start with \"BSDIFF40\"")]
    NotBsdiff40,
    /// The patch is too short to have a header.
    #[error("the patch has {0} bytes, fewer than the 32 of its header")]
    HeaderTruncated(usize),
    /// The header states a negative size of a compressed block.
    #[error("the header states a {block} block of {size} bytes")]
    NegativeBlockSize {
        /// The control or diff block.
        block: Block,
        /// Bytes, as stated.
        size: i64,
    },
    /// The header states a negative size of the target.
    #[error("the header states a target of {0} bytes")]
    NegativeTargetSize(i64),
    /// The header states a compressed block that is longer than the rest of the patch.
    #[error(
        "the header states a {block} block of {size} bytes, but the patch ends {left} bytes after its start"
    )]
    BlockPastEnd {
        /// The control or diff block.
        block: Block,
        /// Bytes, as stated.
        size: u64,
        /// Bytes from the start of the block to the end of the patch.
        left: usize,
    },
    /// The target is larger than the caller permits.
    #[error("the target has {size} bytes, more than the permitted {limit}")]
    TargetTooLarge {
        /// Bytes, as the header states.
        size: u64,
        /// Bytes, as the caller permits.
        limit: u64,
    },
    /// There is not enough memory for a target of this size, or for decompressing its blocks.
    #[error("not enough memory for a target of {0} bytes")]
    OutOfMemory(u64),
    /// A control entry adds or copies a negative number of bytes.
    #[error("control entry {entry} has the negative length {length}")]
    NegativeLength {
        /// Which entry.
        entry: u64,
        /// Bytes, as stated.
        length: i64,
    },
    /// A control entry writes beyond the end of the target.
    #[error("control entry {entry} writes {length} bytes where only {room} of the target are left")]
    PastTargetEnd {
        /// Which entry.
        entry: u64,
        /// Bytes to add or to copy.
        length: u64,
        /// Bytes of the target yet to be written.
        room: usize,
    },
    /// A control entry moves so far from the base that the position has no 64-bit number.
    #[error("control entry {0} leaves the range of positions in the base")]
    PositionOverflow(u64),
    /// There are more control entries than a target of this size can need.
    #[error("the control block has more than {0} entries, too many for its target")]
    TooManyEntries(u64),
    /// A block ends before the target is complete, or before its own checksum.
    #[error("the {0} block ends early")]
    BlockTruncated(Block),
    /// A block is no bzip2 stream, or fails its checksum.
    #[error("the {0} block is damaged: {1}")]
    BlockDamaged(Block, bzip2::Error),
    /// A block goes on after the target is complete, or has bytes after its bzip2 stream.
    #[error("the {0} block has more data than the target needs")]
    TrailingData(Block),
    /// A cover starts before the end of the one before it.
    #[error("cover {0} starts before the end of the cover before it")]
    CoverOrder(usize),
    /// A cover reaches beyond the end of an image.
    #[error("cover {0} reaches beyond the end of an image")]
    CoverBounds(usize),
    /// bzip2 compression failed.
    #[error("compression of the {0} block failed: {1}")]
    Compression(Block, String),
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Control => "control",
            Self::Diff => "diff",
            Self::Extra => "extra",
        })
    }
}
