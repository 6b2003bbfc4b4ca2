//! The models of codec `lite`: one adaptive counter for each event, in tables of fixed size (`docs/format.md`, section 5.7).
//!
//! Nothing is hashed and nothing mixed: few kilobytes of memory hold every counter, and each begins where it ended in
//! other packages.

mod initial;
mod map;

use self::map::{
    BLOCK_CELLS, CHANGED_CELLS, COUNTERS, FLAGS_CELLS, GUESS_CELLS, LITERAL_CELLS, LOWEST_CELLS, SIZES_CELLS,
    UNCHANGED_CELLS,
};
use super::contexts::{BlockContext, CopyContext, GuessContext, LiteralContext, Place};
use super::control::{FLAGS, LOWEST, Number, SIZES};
use super::model::lowest_cell;
use super::{Coder, counter};
use crate::wire::Tuning;

/// All counters.
pub(crate) type Counters = [u16; COUNTERS];

/// The rate of control counters, which is fixed.
const CONTROL_RATE: u8 = 4;

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

    #[inline(always)]
    #[allow(clippy::unused_self)]
    pub(super) fn size_cell(&self, kind: Number, node: usize) -> usize {
        SIZES_CELLS.start + kind as usize * SIZES + node - 1
    }

    #[inline(always)]
    #[allow(clippy::unused_self)]
    pub(super) fn bit_cell(&self, kind: Number, _size: u32, place: u32, known: u32) -> Option<usize> {
        (place < 3).then(|| LOWEST_CELLS.start + kind as usize * LOWEST + lowest_cell(place, known))
    }

    /// Codes an event by a control counter.
    pub(super) fn plain<C: Coder>(&mut self, coder: &mut C, cell: usize, bit: bool) -> bool {
        self.event(coder, cell, CONTROL_RATE, bit)
    }

    /// Codes a byte between covers.
    pub(super) fn literal<C: Coder>(&mut self, coder: &mut C, context: &LiteralContext, byte: u8) -> u8 {
        let odd = match context.place {
            Place::InOrder(offset) => offset as usize & 1,
            Place::Alone(odd) => odd as usize & 1,
            Place::High => 1,
            Place::Low(_) => 0,
        };
        self.tree(coder, LITERAL_CELLS.start + odd * 255, byte)
    }

    /// Codes whether a byte of a cover equals its source.
    pub(super) fn unchanged<C: Coder>(&mut self, coder: &mut C, context: &CopyContext, same: bool) -> bool {
        let place = usize::from(context.history & 3)
            | (context.offset as usize & 1) << 2
            | usize::from(context.next >> 3) << 3;
        self.event(coder, UNCHANGED_CELLS.start + place, self.rate - 1, same)
    }

    /// Codes the difference of a changed byte from its source.
    pub(super) fn difference<C: Coder>(
        &mut self,
        coder: &mut C,
        _context: &CopyContext,
        difference: u8,
    ) -> u8 {
        self.tree(coder, CHANGED_CELLS.start, difference)
    }

    /// Codes whether every byte of a block outside of references equals its source.
    pub(super) fn clean<C: Coder>(&mut self, coder: &mut C, context: &BlockContext, clean: bool) -> bool {
        let place = usize::from(context.history & 15);
        self.event(coder, BLOCK_CELLS.start + place, self.rate - 1, clean)
    }

    /// Codes whether a guess at a reference is right.
    pub(super) fn guess<C: Coder>(&mut self, coder: &mut C, context: &GuessContext, right: bool) -> bool {
        let place = usize::from(context.outcomes & 7)
            | (context.source & 7) << 3
            | usize::from(context.rank > 0) << 6
            | usize::from(context.is_branch) << 7;
        self.event(coder, GUESS_CELLS.start + place, self.rate - 1, right)
    }

    /// Codes a byte, highest bit first, by a tree of 255 counters.
    fn tree<C: Coder>(&mut self, coder: &mut C, first: usize, byte: u8) -> u8 {
        let mut node = 1usize;
        for place in (0..8).rev() {
            let bit = self.event(coder, first + (node & 255) - 1, self.rate, byte >> place & 1 != 0);
            node = node << 1 | usize::from(bit);
        }
        node as u8
    }

    /// Codes an event by the counter in a cell.
    #[cfg_attr(not(feature = "std"), inline(never))]
    fn event<C: Coder>(&mut self, coder: &mut C, cell: usize, rate: u8, bit: bool) -> bool {
        let Some(counter) = self.counters.get_mut(cell) else { return false };
        let bit = coder.code(counter::probability(*counter), bit);
        *counter = counter::update(*counter, bit, counter::slowest(rate));
        bit
    }
}
