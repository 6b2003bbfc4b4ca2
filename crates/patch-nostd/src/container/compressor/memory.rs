//! Memory that compressors take, and what a stream may ask of them (`docs/format.md`, section 14.7).

use super::fields::{Compressor, Zstd, dictionary};
use crate::container::recipe::Side;

/// The most plain bytes of a block of lz4.
pub const LZ4_MOST: u32 = 8 << 20;
/// The most plain bytes of a frame of zstd that are given at once.
pub const WHOLE_MOST: u32 = 1 << 20;

const MIB: u64 = 1 << 20;

/// Bytes of memory that making a stream of `length` plain bytes takes, or on the base's side taking one of `packed` bytes apart.
#[must_use]
pub fn stream_memory(compressor: &Compressor, side: Side, packed: u32, length: u32) -> u64 {
    let (packed, length) = (u64::from(packed), u64::from(length));
    match (compressor, side) {
        (Compressor::Xz(super::Xz { lzma, .. }) | Compressor::Lzma(lzma), side) => {
            let dictionary = u64::from(dictionary(lzma.dictionary));
            if side == Side::Base { MIB + dictionary } else { 2 * MIB + 13 * dictionary }
        }
        (Compressor::Zstd(zstd), Side::Base) => MIB + (1 << zstd.window),
        (Compressor::Zstd(zstd), Side::Target) => {
            let window = 1u64 << zstd.window;
            let tables = 4 * MIB + (16 * window).min(60 * MIB + 6 * window);
            tables + if zstd.jobs { 32 * window } else { 0 } + if zstd.whole { 3 * length } else { 0 }
        }
        (Compressor::Lz4(_), Side::Base) => MIB + packed + (255 * packed).min(LZ4_MOST.into()),
        (Compressor::Lz4(_), Side::Target) => MIB + 3 * length,
    }
}

/// The most memory of all streams together for an expanded form of `expanded` bytes: a bound for the time that it takes to
/// set it up.
pub(in super::super) const fn plain_memory(expanded: u32) -> u64 {
    (64 << 30) + 1024 * expanded as u64
}

/// Whether a stream of the target may have as many plain bytes.
#[must_use]
pub fn possible(compressor: &Compressor, length: u32) -> bool {
    match compressor {
        Compressor::Xz(_) | Compressor::Lzma(_) => true,
        Compressor::Zstd(zstd) => {
            (!zstd.whole || length <= WHOLE_MOST) && zstd.window >= needed_window(zstd, length)
        }
        Compressor::Lz4(_) => length <= LZ4_MOST,
    }
}

/// Logarithm of the window that libzstd takes for `length` plain bytes, or a greater one.
fn needed_window(zstd: &Zstd, length: u32) -> u8 {
    let level = level_window(zstd.level);
    if zstd.content_size { level.min(length.next_power_of_two().trailing_zeros() as u8) } else { level }
}

/// Logarithm of the window of a level, for contents of unknown size.
#[must_use]
pub const fn level_window(level: u8) -> u8 {
    match level {
        ..=1 => 19,
        2 => 20,
        3..=8 => 21,
        9..=16 => 22,
        17..=19 => 23,
        20 => 25,
        21 => 26,
        22.. => 27,
    }
}
