//! Programs of processors that Smidgen has no kind of pages for: words with calls among them.

use crate::Random;

/// Words of four bytes with a call in every sixth, in functions that keep their order.
pub struct StrangeProgram {
    /// For each function how many words it has more in the new version.
    pub grown: fn(usize) -> usize,
    /// How many there are.
    pub functions: usize,
}

/// How a processor calls: the bytes of the call at an address to another.
pub type Call = fn(u32, u32) -> [u8; 4];

/// Of MIPS, highest byte first.
pub const JAL: Call = |_, to| (0x0C00_0000 | to >> 2 & 0x03FF_FFFF).to_be_bytes();
/// Of PowerPC, highest byte first.
pub const BL: Call = |from, to| (0x4800_0001 | to.wrapping_sub(from) & 0x03FF_FFFC).to_be_bytes();
/// Of AVR.
pub const CALL: Call = |_, to| {
    let [low, high] = (to >> 1 & 0xFFFF).to_le_bytes()[..2].try_into().unwrap();
    [0x0E | (to >> 17 & 1) as u8, 0x94 | (to >> 22) as u8, low, high]
};

impl StrangeProgram {
    /// An old version.
    pub const OLD: Self = Self::new(|_| 0);
    /// A new version, in which some functions have grown.
    pub const NEW: Self = Self::new(|function| if function % 130 == 40 { 9 } else { 0 });

    /// With 400 functions.
    pub const fn new(grown: fn(usize) -> usize) -> Self {
        Self { grown, functions: 400 }
    }

    fn words(&self, function: usize) -> usize {
        24 + function * 7 % 30 + (self.grown)(function)
    }

    /// Its image at this address.
    pub fn link(&self, address: u32, call: Call) -> Vec<u8> {
        let place = |function: usize| {
            let words: usize = (0..function).map(|function| self.words(function)).sum();
            address + 4 * words as u32
        };
        let mut image = Vec::new();
        for function in 0..self.functions {
            let mut random = Random::new(function as u64);
            for word in 0..self.words(function) {
                let here = address + image.len() as u32;
                let other = random.below(0x2000_0000) | 0x2000_0000;
                let callee = random.below(self.functions as u32) as usize;
                image.extend(if word % 6 == 5 { call(here, place(callee)) } else { other.to_le_bytes() });
            }
        }
        image
    }
}
