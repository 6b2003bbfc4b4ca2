//! BSDIFF40, the classic patch format: what bsdiff 4.x writes and bspatch 4.x reads.
//!
//! A patch is a 32-byte header ([`MAGIC`], then the sizes of the compressed control block, the compressed
//! diff block and the target) and three bzip2 streams: control, diff and extra. Integers are eight
//! bytes, little-endian, sign and magnitude. The control block is a list of entries `(add, copy, seek)`:
//! add the next `add` bytes of the diff block to the base's, take the next `copy` bytes of the extra
//! block as they are, then move `seek` bytes (maybe backwards) in the base.

mod decode;
pub(crate) mod encode;
mod error;
mod header;
mod stream;

pub use decode::decode;
pub(crate) use decode::{Entry, decode_with};
pub use error::{Block, Bsdiff40Error};
pub use header::MAGIC;

use header::Header;

/// The sizes of a patch's parts, in bytes; the header has the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sizes {
    /// The compressed control block.
    pub control: u64,
    /// The compressed differences.
    pub diff: u64,
    /// The compressed new bytes.
    pub extra: u64,
    /// The target.
    pub target: u64,
}

/// Whether `package` starts like a BSDIFF40 patch; the rest of it may still be damaged.
pub fn is_bsdiff40(package: &[u8]) -> bool {
    package.starts_with(&MAGIC)
}

/// The sizes of the parts of `package`.
///
/// # Errors
/// Bytes that are not a valid header, or blocks that are longer than the patch.
pub fn sizes(package: &[u8]) -> Result<Sizes, Bsdiff40Error> {
    let header = Header::parse(package)?;
    let [control, diff, extra] = header.blocks(package)?.map(|block| block.len() as u64);
    Ok(Sizes { control, diff, extra, target: header.target })
}

/// Size in bytes of the target, as the header of `package` states it.
///
/// Only the header is read, so its first 32 bytes suffice.
///
/// # Errors
/// Bytes that are not a valid header.
pub fn target_size(package: &[u8]) -> Result<u64, Bsdiff40Error> {
    Header::parse(package).map(|header| header.target)
}
