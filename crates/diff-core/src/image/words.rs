//! An image as words.

/// The aligned little-endian words of an image.
pub(super) fn words(image: &[u8]) -> impl Iterator<Item = u32> {
    image.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
}
