//! Little-endian 32-bit pointers (`docs/format.md`, section 7.2).

/// The address in a word.
pub(super) const fn read(bytes: [u8; 4]) -> u32 {
    u32::from_le_bytes(bytes)
}

/// The word of an address.
pub(super) const fn write(target: u32) -> [u8; 4] {
    target.to_le_bytes()
}

/// Keeps the top byte, which says flash or RAM.
pub(super) const fn mask(bytes: [u8; 4]) -> [u8; 4] {
    [0, 0, 0, bytes[3]]
}
