//! The prefix of a header: magic, version, codec, flags, length (`docs/format.md`, section 2).

/// The first bytes of every package.
pub const MAGIC: [u8; 4] = *b"SMDG";
/// The format version that this crate reads and writes.
pub const VERSION: u8 = 5;
/// Bytes that are needed to know how long the header is.
pub const PREFIX_LENGTH: usize = 9;
/// The longest header.
pub const HEADER_LIMIT: usize = 512;

/// Where the flags are.
pub(super) const FLAGS: usize = 6;
/// Where the header's length is.
pub(super) const LENGTH: core::ops::Range<usize> = 7..PREFIX_LENGTH;
/// The flag of a header that ends with signatures.
pub(super) const FLAG_SIGNED: u8 = 8;
