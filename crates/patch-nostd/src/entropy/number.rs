//! Whole numbers as adaptive events: size first, then bits (`docs/format.md`, section 5.5).

use super::map::{FLAGS_CELLS, NUMBER_CELLS, NUMBERS, NUMBERS_CELLS, length};
use super::{Coder, Model};

/// Which number it is: each kind learns on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Number {
    /// Bytes of literals before a cover from the base image.
    LiteralLength = 0,
    /// Bytes of a cover of the base image.
    BaseLength = 1,
    /// How far a cover of the base image is from where the last one would go on.
    BaseSeek = 2,
    /// Bytes of a cover of the target itself.
    TargetLength = 3,
    /// How far back a cover of the target begins.
    TargetDistance = 4,
    /// Landmark: base bytes between it and the one before.
    LandmarkGap = 5,
    /// Landmark: its length.
    LandmarkLength = 6,
    /// Landmark: how its displacement differs from the one before.
    LandmarkShift = 7,
    /// How far a pointer went from where it was expected.
    PointerShift = 8,
    /// The same of a reference in code.
    CodeShift = 9,
}

const _: () = assert!(Number::CodeShift as usize + 1 == NUMBERS);

/// Where the two trees and the counters between begin in the cells of one kind. Nodes of trees and sizes count from one.
const SIZES: usize = 0;
const FIRSTS: usize = 31;
const LOWEST: usize = 62;

impl Model<'_> {
    /// Codes a number below 2^32 - 1.
    pub fn number<C: Coder>(&mut self, coder: &mut C, kind: Number, value: u32) -> u32 {
        let base = NUMBERS_CELLS.start + kind as usize * NUMBER_CELLS;
        let shifted = value.saturating_add(1);
        let size = 31 - shifted.leading_zeros();
        let mut node = 1usize;
        for place in (0..5).rev() {
            let bit = self.plain(coder, base + SIZES + (node & 31) - 1, size >> place & 1 != 0);
            node = node << 1 | usize::from(bit);
        }
        let size = node as u32 & 31;
        let mut result = 1u32;
        for place in (0..size).rev() {
            let bit = shifted >> place & 1 != 0;
            let bit = if place + 1 == size {
                self.plain(coder, base + FIRSTS + size as usize - 1, bit)
            } else if place < 3 {
                let low = result as usize & ((1 << (2 - place)) - 1) | 1 << (2 - place);
                self.plain(coder, base + LOWEST + low - 1, bit)
            } else {
                coder.code(0x8000, bit)
            };
            result = result << 1 | u32::from(bit);
        }
        result.wrapping_sub(1)
    }

    /// Codes a signed number: zigzag, so that small magnitudes of either sign are small.
    pub fn signed<C: Coder>(&mut self, coder: &mut C, kind: Number, value: i32) -> i32 {
        let folded = (value << 1 ^ value >> 31) as u32;
        let folded = self.number(coder, kind, folded);
        (folded >> 1) as i32 ^ -((folded & 1) as i32)
    }

    /// Codes a flag of the control stream: `context` is in one of the ranges of flags of `entropy/map.rs`.
    pub fn control_flag<C: Coder>(&mut self, coder: &mut C, context: usize, bit: bool) -> bool {
        self.plain(coder, FLAGS_CELLS.start + context.min(length(&FLAGS_CELLS) - 1), bit)
    }
}
