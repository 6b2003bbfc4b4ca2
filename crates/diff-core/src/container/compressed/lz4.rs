//! Blocks of lz4: those of frames, each by itself, and of the older frames that kernels are packed in.

use smidgen_patch::internals::container::compressor::{Compressor, LZ4_MOST, Lz4};

use super::{Block, word};

const FRAME: [u8; 4] = [0x04, 0x22, 0x4D, 0x18];
/// A block that is stored.
const STORED: usize = 1 << 31;

/// A frame that is gone through.
pub(in super::super) struct Blocks {
    /// Where the size of the next block may be.
    at: usize,
    /// Bytes behind each block.
    check: usize,
    /// Blocks that may follow: those that refer to others are not taken apart.
    left: usize,
}

impl Blocks {
    pub(super) fn open(file: &[u8], at: usize) -> Option<Self> {
        if file.get(at..at + 4)? != FRAME {
            return Some(Self { at: at + 4, check: 0, left: usize::MAX });
        }
        let flags = *file.get(at + 4)?;
        let is_independent = flags & 0x20 != 0;
        // Version 1, no dictionary.
        let is_usual = flags >> 6 == 1 && flags & 1 == 0;
        let header = 7 + if flags & 8 != 0 { 8 } else { 0 };
        let check = if flags & 0x10 != 0 { 4 } else { 0 };
        let left = if is_independent { usize::MAX } else { 1 };
        is_usual.then_some(Self { at: at + header, check, left })
    }

    pub(super) fn next(&mut self, file: &[u8]) -> Option<Block> {
        loop {
            let size = word(file, self.at)?;
            let start = self.at + 4;
            let end = start + (size & !STORED);
            if size == 0 || size & !STORED > 2 * LZ4_MOST as usize || end > file.len() || self.left == 0 {
                return None;
            }
            self.at = end + self.check;
            self.left -= 1;
            if size & STORED == 0 {
                return Some(block(start, size));
            }
        }
    }
}

/// A block of which only the size is known.
pub(super) const fn block(start: usize, packed: usize) -> Block {
    Block { start, compressor: Compressor::Lz4(Lz4 { level: 0 }), packed }
}
