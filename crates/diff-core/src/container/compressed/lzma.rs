//! Files of .lzma that say nothing of their size, and end by a marker: those of the tools of xz.

pub(super) use smidgen_patch::internals::container::compressor::Lzma;
use smidgen_patch::internals::container::compressor::{Compressor, DICTIONARY_MOST, dictionary};

use super::{Block, long, word};

/// What xz does by itself: preset 6.
pub(super) const USUAL: Lzma =
    Lzma { dictionary: 22, properties: 93, mode: 2, finder: 20, nice: 64, depth: 0 };

/// The file that begins here.
pub(super) fn file(file: &[u8], at: usize) -> Option<Block> {
    let bytes = file.get(at..at + 14)?;
    let size = word(bytes, 1)?;
    let number = (0..=DICTIONARY_MOST).find(|&number| dictionary(number) as usize == size)?;
    // The first byte of every stream is zero.
    let is_file = long(bytes, 5)? == u64::MAX && bytes[13] == 0;
    let lzma = Lzma { dictionary: number, properties: bytes[0], ..USUAL };
    is_file.then_some(Block { start: at, compressor: Compressor::Lzma(lzma), packed: 0 })
}
