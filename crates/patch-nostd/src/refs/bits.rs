//! Fields of instructions: what the files of all architectures read and write alike (`docs/format.md`, section 7.3).

/// The little-endian word that `bytes` begin with.
#[cfg(any(feature = "thumb", feature = "aarch64", feature = "arm", feature = "riscv"))]
pub(super) const fn word(bytes: [u8; 8]) -> u32 {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

/// `bytes` with this word in front.
#[cfg(any(feature = "thumb", feature = "aarch64", feature = "arm", feature = "riscv"))]
pub(super) const fn with_word(bytes: [u8; 8], word: u32) -> [u8; 8] {
    let [a, b, c, d] = word.to_le_bytes();
    [a, b, c, d, bytes[4], bytes[5], bytes[6], bytes[7]]
}

/// The lower `bits` of `value`, the highest of them a sign.
pub(super) const fn signed(value: u32, bits: u32) -> u32 {
    ((value << (32 - bits)) as i32 >> (32 - bits)) as u32
}
