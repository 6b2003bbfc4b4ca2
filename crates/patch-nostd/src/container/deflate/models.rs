//! How corrections are coded: adaptive events, numbers and trees of them (`docs/format.md`, section 14.5.3).

use crate::entropy::Coder;

/// The chance that an event is true, by those before it: the mean of them at first, later of about the last 500.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chance {
    /// Of 2^22.
    value: i32,
    seen: i32,
}

const ONE: i32 = 1 << 22;
/// Events after which a chance moves no slower.
const MOST_SEEN: i32 = 510;

impl Chance {
    pub(super) const NEW: Self = Self { value: ONE / 2, seen: 0 };

    pub(super) fn code<C: Coder>(&mut self, coder: &mut C, bit: bool) -> bool {
        let bit = coder.code(((self.value >> 6) as u16).clamp(4, 65525), bit);
        let aim = if bit { ONE - 1 } else { 0 };
        self.value += (aim - self.value) / (self.seen + 2);
        self.seen = (self.seen + 1).min(MOST_SEEN);
        bit
    }
}

/// `COUNT` bits, each by those above it; `SIZE` is two to that power.
#[derive(Clone, Debug)]
pub(super) struct Tree<const SIZE: usize> {
    nodes: [Chance; SIZE],
}

impl<const SIZE: usize> Tree<SIZE> {
    pub(super) const NEW: Self = Self { nodes: [Chance::NEW; SIZE] };

    pub(super) fn code<C: Coder>(&mut self, coder: &mut C, value: u32) -> u32 {
        let mut node = 1;
        for place in (0..SIZE.trailing_zeros()).rev() {
            let bit = value >> place & 1 != 0;
            let bit = self.nodes.get_mut(node).map_or(bit, |chance| chance.code(coder, bit));
            node = node << 1 | usize::from(bit);
        }
        node as u32 - SIZE as u32
    }
}

/// A number below 2^32 - 1: the bits of the number above it, how many there are first.
#[derive(Clone, Debug)]
pub(super) struct Number {
    size: Tree<32>,
    /// The bit after the leading one, by their number.
    first: [Chance; 32],
    /// The bit after that one, by their number and that one.
    second: [Chance; 64],
}

impl Number {
    pub(super) const NEW: Self =
        Self { size: Tree::NEW, first: [Chance::NEW; 32], second: [Chance::NEW; 64] };

    pub(super) fn code<C: Coder>(&mut self, coder: &mut C, value: u32) -> u32 {
        let shifted = value.saturating_add(1);
        let size = self.size.code(coder, 31 - shifted.leading_zeros());
        let mut result = 1u32;
        for place in (0..size).rev() {
            let bit = shifted >> place & 1 != 0;
            let chance = match size - place {
                1 => self.first.get_mut(size as usize),
                2 => self.second.get_mut((2 * size + (result & 1)) as usize),
                _ => None,
            };
            let bit = match chance {
                Some(chance) => chance.code(coder, bit),
                None => coder.code(0x8000, bit),
            };
            result = result << 1 | u32::from(bit);
        }
        result.wrapping_sub(1)
    }

    /// A number of either sign: 0, -1, 1, -2 and so on.
    pub(super) fn signed<C: Coder>(&mut self, coder: &mut C, value: i32) -> i32 {
        let folded = self.code(coder, (value << 1 ^ value >> 31) as u32);
        (folded >> 1) as i32 ^ -((folded & 1) as i32)
    }
}

/// The lowest `count` bits of a value, all equally likely.
pub(super) fn raw<C: Coder>(coder: &mut C, count: u32, value: u32) -> u32 {
    (0..count)
        .rev()
        .fold(0, |result, place| result << 1 | u32::from(coder.code(0x8000, value >> place & 1 != 0)))
}
