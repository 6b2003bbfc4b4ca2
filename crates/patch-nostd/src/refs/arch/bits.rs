//! Fields of instructions: what the files of all architectures read and write alike (`docs/format.md`, section 7.3).

use crate::refs::Bytes;

/// The little-endian word that `bytes` begin with.
pub(super) const fn word(bytes: Bytes) -> u32 {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

/// `bytes` with this word in front.
pub(super) const fn with_word(bytes: Bytes, word: u32) -> Bytes {
    let [a, b, c, d] = word.to_le_bytes();
    let mut bytes = bytes;
    (bytes[0], bytes[1], bytes[2], bytes[3]) = (a, b, c, d);
    bytes
}

/// The lower `bits` of `value`, the highest of them a sign.
pub(super) const fn signed(value: u32, bits: u32) -> u32 {
    ((value << (32 - bits)) as i32 >> (32 - bits)) as u32
}
