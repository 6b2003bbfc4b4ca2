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

pub use decode::decode;
pub use error::{Block, Bsdiff40Error};
pub use header::MAGIC;

use header::Header;

/// Whether `package` starts like a BSDIFF40 patch; the rest of it may still be damaged.
pub fn is_bsdiff40(package: &[u8]) -> bool {
    package.starts_with(&MAGIC)
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
