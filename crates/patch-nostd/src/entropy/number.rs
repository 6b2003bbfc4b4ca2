//! Whole numbers as adaptive events: size first, then bits (`docs/format.md`, section 5.5).

use super::control::Number;
use super::{Coder, Model};

impl Model<'_> {
    /// Codes a number below 2^32 - 1.
    pub fn number<C: Coder>(&mut self, coder: &mut C, kind: Number, value: u32) -> u32 {
        let shifted = value.saturating_add(1);
        let size = 31 - shifted.leading_zeros();
        let mut node = 1usize;
        for place in (0..5).rev() {
            let cell = self.size_cell(kind, node & 31);
            let bit = self.plain(coder, cell, size >> place & 1 != 0);
            node = node << 1 | usize::from(bit);
        }
        let size = node as u32 & 31;
        let mut result = 1u32;
        for place in (0..size).rev() {
            let bit = shifted >> place & 1 != 0;
            let bit = match self.bit_cell(kind, size, place, result) {
                Some(cell) => self.plain(coder, cell, bit),
                None => coder.code(0x8000, bit),
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
}
