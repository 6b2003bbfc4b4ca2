//! Frames of zstd (RFC 8878, section 3.1.1).

use smidgen_patch::internals::container::compressor::{Compressor, Zstd};

use super::Block;

/// What zstd does by itself.
const USUAL_LEVEL: u8 = 3;
/// Windows of blocks of file systems are taken for the largest: one compressor then does for all.
const SMALL_WINDOW: u8 = 17;

/// The frame that begins here.
pub(super) fn frame(file: &[u8], at: usize) -> Option<Block> {
    let descriptor = *file.get(at + 4)?;
    let is_single = descriptor & 0x20 != 0;
    // A reserved bit; a dictionary.
    if descriptor & 8 != 0 || descriptor & 3 != 0 {
        return None;
    }
    let size_bytes = match descriptor >> 6 {
        0 => usize::from(is_single),
        flag => 1 << flag,
    };
    let window = if is_single {
        let field = file.get(at + 5..at + 5 + size_bytes)?;
        let size = field.iter().rev().fold(0u64, |size, &byte| size << 8 | u64::from(byte));
        let size = if size_bytes == 2 { size + 256 } else { size };
        ceiling(size)
    } else {
        let byte = *file.get(at + 5)?;
        10 + (byte >> 3) + u8::from(byte & 7 != 0)
    };
    let zstd = Zstd {
        level: USUAL_LEVEL,
        window: window.max(SMALL_WINDOW),
        checksum: descriptor & 4 != 0,
        content_size: size_bytes > 0,
        jobs: false,
        whole: false,
    };
    (window <= 27).then_some(Block { start: at, compressor: Compressor::Zstd(zstd), packed: 0 })
}

/// The logarithm of a size, rounded up.
fn ceiling(size: u64) -> u8 {
    size.checked_next_power_of_two().map_or(64, |power| power.trailing_zeros() as u8)
}
