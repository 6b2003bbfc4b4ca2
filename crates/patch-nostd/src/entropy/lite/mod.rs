//! The models of codec `lite`: one adaptive counter for each event, in tables of fixed size (`docs/format.md`, section 5.7).
//!
//! Nothing is hashed and nothing mixed: few kilobytes of memory hold every counter, and each begins where it ended in
//! other packages.

mod initial;
mod map;

pub(crate) use self::map::Counters;
use self::map::{
    BEFORES, BLOCK_CELLS, CHANGED_CELLS, FLAGS_CELLS, GUESS_CELLS, LARGE_SIZES, LITERAL_CELLS, LOWEST,
    LOWEST_CELLS, NEARS, NIBBLE, SIZE, SIZES_CELLS, UNCHANGED_CELLS,
};
use super::contexts::{BlockContext, CopyContext, GuessContext, LiteralContext};
use super::control::{FLAGS, Number};
use super::{Coder, counter};
use crate::wire::Tuning;

/// All adaptive state of a body, in memory that the caller lends.
#[derive(Debug)]
pub struct Lite<'w> {
    counters: &'w mut Counters,
    rate: u8,
}

crate::state::state!(Lite<'_>: counters; fixed rate);

impl<'w> Lite<'w> {
    /// Models that have seen nothing of this body.
    #[inline(always)]
    pub(crate) fn new(counters: &'w mut Counters, tuning: Tuning) -> Self {
        initial::begin(counters);
        Self { counters, rate: tuning.counter_rate }
    }

    /// Forgets what it has seen.
    #[cfg(feature = "lanes")]
    pub(super) fn restart(&mut self) {
        initial::begin(self.counters);
    }

    /// All counters: for statistics.
    #[cfg(feature = "encode")]
    pub(super) fn counters(&self) -> &[u16] {
        self.counters
    }

    #[inline(always)]
    #[allow(clippy::unused_self)]
    pub(super) fn flag_cell(&self, flag: usize) -> usize {
        FLAGS_CELLS.start + flag.min(FLAGS - 1)
    }

    /// A node is on the way to sizes below 16, or to those above, by the bit after its highest one.
    #[allow(clippy::unused_self)]
    pub(super) fn size_cell(&self, kind: Number, node: usize) -> usize {
        let own = SIZES_CELLS.start + kind as usize * SIZE;
        let half = (0x8000_0000u32 >> (node as u32).leading_zeros() >> 1) as usize;
        if half == 0 {
            return own;
        }
        let inner = node & (half - 1) | half;
        if node & half == 0 { own + inner } else { SIZES_CELLS.start + LARGE_SIZES + inner - 1 }
    }

    #[inline(always)]
    #[allow(clippy::unused_self)]
    pub(super) fn bit_cell(&self, kind: Number, _size: u32, place: u32, known: u32) -> Option<usize> {
        let first = LOWEST_CELLS.start + kind as usize * LOWEST;
        match place {
            0 => Some(first + 1 + (known as usize & 1)),
            1 => Some(first),
            _ => None,
        }
    }

    /// Codes an event by the counter in a cell.
    pub(super) fn plain<C: Coder>(&mut self, coder: &mut C, cell: usize, bit: bool) -> bool {
        self.event(coder, cell, self.rate, bit)
    }

    /// Codes a byte between covers.
    pub(super) fn literal<C: Coder>(&mut self, coder: &mut C, context: &LiteralContext, byte: u8) -> u8 {
        let before = context.place.odd() << 2 | context.before as usize >> 6 & 3;
        let high = self.nibble(coder, LITERAL_CELLS.start + before * NIBBLE, byte >> 4);
        let group = BEFORES + usize::from(high >> 1);
        high << 4 | self.nibble(coder, LITERAL_CELLS.start + group * NIBBLE, byte)
    }

    /// Codes the difference of a changed byte from its source.
    pub(super) fn difference<C: Coder>(
        &mut self,
        coder: &mut C,
        context: &CopyContext,
        difference: u8,
    ) -> u8 {
        let near = CHANGED_CELLS.start + likeness(context.near >> 4) * NIBBLE;
        let high = self.nibble(coder, near, difference >> 4);
        let group = NEARS + likeness(high);
        high << 4 | self.nibble(coder, CHANGED_CELLS.start + group * NIBBLE, difference)
    }

    /// Codes whether a byte of a cover equals its source.
    pub(super) fn unchanged<C: Coder>(&mut self, coder: &mut C, context: &CopyContext, same: bool) -> bool {
        let odd = context.offset as usize & 1;
        // The high byte of a halfword names the instruction.
        let name = usize::from(if odd == 0 { context.next } else { context.source } >> 3);
        self.flag(
            coder,
            UNCHANGED_CELLS.start + (usize::from(context.history & 3) | odd << 2 | name << 3),
            same,
        )
    }

    /// Codes whether every byte of a block outside of references equals its source.
    pub(super) fn clean<C: Coder>(&mut self, coder: &mut C, context: &BlockContext, clean: bool) -> bool {
        self.flag(coder, BLOCK_CELLS.start + usize::from(context.history & 15), clean)
    }

    /// Codes whether a guess at a reference is right.
    pub(super) fn guess<C: Coder>(&mut self, coder: &mut C, context: &GuessContext, right: bool) -> bool {
        // One bit is that of the source itself.
        let agreed = context.agreement & context.agreement.wrapping_sub(1) != 0;
        let place = usize::from(context.outcomes & 1)
            | (context.source & 7) << 1
            | usize::from(context.rank > 0) << 4
            | usize::from(agreed) << 5
            | context.branch() << 6;
        self.flag(coder, GUESS_CELLS.start + place, right)
    }

    /// Codes the lowest four bits of a value, the highest first, by a tree of counters.
    #[cfg_attr(not(feature = "std"), inline(never))]
    fn nibble<C: Coder>(&mut self, coder: &mut C, first: usize, value: u8) -> u8 {
        let mut node = 1u8;
        for place in (0..4).rev() {
            let bit = self.plain(coder, first + usize::from(node) - 1, value >> place & 1 != 0);
            node = node << 1 | u8::from(bit);
        }
        node & 15
    }

    /// Codes an answer by the counter in a cell, which moves faster than others.
    fn flag<C: Coder>(&mut self, coder: &mut C, cell: usize, bit: bool) -> bool {
        self.event(coder, cell, self.rate - 1, bit)
    }

    #[cfg_attr(not(feature = "std"), inline(never))]
    fn event<C: Coder>(&mut self, coder: &mut C, cell: usize, rate: u8, bit: bool) -> bool {
        let Some(counter) = self.counters.get_mut(cell) else { return false };
        let bit = coder.code(counter::probability(*counter), bit);
        *counter = counter::update(*counter, bit, counter::slowest(rate));
        bit
    }
}

/// What a difference is like by its high half byte: small above zero (0), below (1), or large (2).
const fn likeness(high: u8) -> usize {
    match high {
        0 => 0,
        15 => 1,
        _ => 2,
    }
}
