//! The range encoder and the cost meter: the build machine's coders (`docs/format.md`, section 4).

use super::{Category, Coder, logistic};
use std::vec::Vec;

/// Codes events into bytes: the inverse of the range decoder.
#[derive(Debug)]
pub struct RangeEncoder {
    low: u64,
    range: u32,
    /// The last byte that is not yet safe from a carry, and how many 0xFF bytes follow it.
    cache: u8,
    pending: u64,
    bytes: Vec<u8>,
}

impl Default for RangeEncoder {
    fn default() -> Self {
        Self { low: 0, range: u32::MAX, cache: 0, pending: 0, bytes: Vec::new() }
    }
}

impl RangeEncoder {
    /// Ends the body with as few bytes as identify it; the decoder reads at most four zeros after the end.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        // The number in [low, low + range) that ends in the most zeros.
        let top = self.low + u64::from(self.range) - 1;
        let mut ends = (0..=32).rev().map(|zeros| top >> zeros << zeros);
        self.low = ends.find(|&end| end >= self.low).unwrap_or(top);
        for _ in 0..5 {
            self.shift();
        }
        // The first byte is always zero and never sent.
        let mut bytes = self.bytes.split_off(1);
        // A decoder reads as many bytes as there are now.
        let least = bytes.len() - 4;
        while bytes.len() > least && bytes.last() == Some(&0) {
            bytes.pop();
        }
        bytes
    }

    fn shift(&mut self) {
        if self.low < 0xFF00_0000 || self.low > 0xFFFF_FFFF {
            let carry = (self.low >> 32) as u8;
            self.bytes.push(self.cache.wrapping_add(carry));
            for _ in 0..self.pending {
                self.bytes.push(0xFFu8.wrapping_add(carry));
            }
            self.pending = 0;
            self.cache = (self.low >> 24) as u8;
        } else {
            self.pending += 1;
        }
        self.low = (self.low & 0xFF_FFFF) << 8;
    }
}

impl Coder for RangeEncoder {
    fn code(&mut self, probability: u16, bit: bool) -> bool {
        let bound = ((u64::from(self.range) * u64::from(probability)) >> 16) as u32;
        if bit {
            self.range = bound;
        } else {
            self.low += u64::from(bound);
            self.range -= bound;
        }
        while self.range < 1 << 24 {
            self.range <<= 8;
            self.shift();
        }
        bit
    }
}

/// Adds up what events would cost, by category, without writing anything.
#[derive(Clone, Debug, Default)]
pub struct CostMeter {
    /// Cost so far of each [`Category`], in 1/256 bit.
    pub costs: [u64; 6],
    category: usize,
}

impl CostMeter {
    /// All costs together, in 1/256 bit.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.costs.iter().sum()
    }
}

impl Coder for CostMeter {
    fn code(&mut self, probability: u16, bit: bool) -> bool {
        let probability = u32::from(probability);
        let chance = if bit { probability } else { 0x1_0000 - probability };
        self.costs[self.category] += (4096 - logistic::log2(chance)) as u64;
        bit
    }

    fn category(&mut self, category: Category) {
        self.category = category as usize;
    }
}
