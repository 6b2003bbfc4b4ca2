//! Contexts of bytes, blocks and guesses, each a number that is hashed (`docs/format.md`, sections 4.3, 6 and 7.7).

use super::map::{
    BLOCK_CONTEXTS, BLOCK_SETS, CHANGED_CONTEXTS, CHANGED_SETS, GUESS_CONTEXTS, GUESS_SETS, LITERAL_CONTEXTS,
    LITERAL_SETS, UNCHANGED_CONTEXTS, UNCHANGED_SETS,
};
use super::{Cells, Cm, INPUTS, SLOT_CELLS, hash, slot};
use crate::entropy::Coder;
use crate::entropy::contexts::{BlockContext, CopyContext, GuessContext, LiteralContext, Place};
use core::cell::Cell;

/// Bits of a byte that share a slot in one context: as many as a slot's counters form a tree of.
const GROUP: u32 = SLOT_CELLS.trailing_zeros();

impl Cm<'_> {
    /// Codes a byte between covers.
    pub(in crate::entropy) fn literal<C: Coder>(
        &mut self,
        coder: &mut C,
        context: &LiteralContext,
        byte: u8,
    ) -> u8 {
        let (last, last_but_one) = (context.before & 0xFF, context.before >> 8 & 0xFF);
        let halfword = |place: u32, near: u32, far: u32| [place, near | place << 8, far | place << 10];
        // Code is made of halfwords, whose high bytes name the instructions.
        let [place, near, far] = match context.place {
            Place::InOrder(offset) => [offset & 3, last, last_but_one | (offset & 1) << 8],
            Place::Alone(odd) => halfword(odd, last, last_but_one),
            Place::High => halfword(2, last, last_but_one),
            Place::Low(high) => halfword(3, high.into(), u32::from(high >> 3) | last >> 3 << 5),
        };
        let [a, b, c] = LITERAL_CONTEXTS;
        self.byte(coder, &[a | place, b | near, c | far], LITERAL_SETS.start, byte)
    }

    /// Codes whether a byte of a cover equals its source.
    pub(in crate::entropy) fn unchanged<C: Coder>(
        &mut self,
        coder: &mut C,
        context: &CopyContext,
        same: bool,
    ) -> bool {
        let (source, next) = (u32::from(context.source), u32::from(context.next));
        let history = u32::from(context.history);
        let (near, odd) = (u32::from(context.near), context.offset & 1);
        // The high bits of the bytes around name the instruction.
        let around = u32::from(context.previous >> 3) | u32::from(context.next >> 3) << 17;
        let [a, b, c, d] = UNCHANGED_CONTEXTS;
        let contexts = [
            (a | (history >> 1 & 0x1F) | (context.offset & 3) << 8, context.history & 1),
            (b | source | odd << 8, context.history & 3),
            (c | around | near << 8 | odd << 16, context.history & 3),
            (d | next | odd << 8, context.history & 3),
        ];
        let set = UNCHANGED_SETS.start + (context.history & 3) as usize;
        self.flag(coder, &contexts, set, same)
    }

    /// Codes the difference of a changed byte from its source.
    pub(in crate::entropy) fn difference<C: Coder>(
        &mut self,
        coder: &mut C,
        context: &CopyContext,
        difference: u8,
    ) -> u8 {
        let source = u32::from(context.source);
        let odd = context.offset & 1;
        let [a, b, c, d] = CHANGED_CONTEXTS;
        let contexts = [
            a | odd | u32::from(context.history & 1) << 1,
            b | u32::from(context.near) | odd << 8,
            c | source,
            d | u32::from(context.next) | odd << 8,
        ];
        self.byte(coder, &contexts, CHANGED_SETS.start, difference)
    }

    /// Codes whether every byte of a block outside of references equals its source.
    pub(in crate::entropy) fn clean<C: Coder>(
        &mut self,
        coder: &mut C,
        context: &BlockContext,
        clean: bool,
    ) -> bool {
        let history = context.history;
        let kind = u32::from(context.kind) << 20 | u32::from(context.from_target) << 4;
        let age = 31 - (context.done + 1).leading_zeros();
        let size = 31 - (context.length + 1).leading_zeros();
        let [a, b, c] = BLOCK_CONTEXTS;
        let contexts = [
            (a | kind | u32::from(history >> 3 & 7) << 8, history),
            (b | kind | age << 8, history & 3),
            (c | kind | size << 8 | u32::from(context.done == 0) << 16, history & 1),
        ];
        self.flag(coder, &contexts, BLOCK_SETS.start, clean)
    }

    /// Codes whether a guess at a reference is right.
    pub(in crate::entropy) fn guess<C: Coder>(
        &mut self,
        coder: &mut C,
        context: &GuessContext,
        right: bool,
    ) -> bool {
        let place = (context.source | context.class << 3) as u32 | context.rank.min(3) << 6;
        let outcomes = u32::from(context.outcomes);
        let [a, b, c] = GUESS_CONTEXTS;
        let contexts = [
            (a | place | (outcomes >> 3 & 7) << 8, outcomes as u8),
            (b | place | context.agreement << 8, u8::from(context.missed)),
            (c | u32::from(context.second) | place << 8, outcomes as u8 & 3),
        ];
        let set = GUESS_SETS.start + if context.rank == 0 { context.branch() } else { 2 };
        self.flag(coder, &contexts, set, right)
    }

    /// Codes a byte, highest bit first, in the mixed opinion of up to [`INPUTS`] contexts.
    #[cfg_attr(feature = "std", inline(always))]
    fn byte<C: Coder>(&mut self, coder: &mut C, contexts: &[u32], set: usize, byte: u8) -> u8 {
        let (slots, mixer) = self.split();
        let unused = [const { Cell::new(0) }; SLOT_CELLS];
        // The bits so far below a leading one.
        let mut node = 1u32;
        for group in 0..8 / GROUP {
            let mut cells: [Cells<'_>; INPUTS] = [&unused; INPUTS];
            for (cells, &context) in cells.iter_mut().zip(contexts) {
                let Some(found) = slot(slots, hash(hash(context).wrapping_add(node))) else { return 0 };
                *cells = found;
            }
            let mut inner = 1u32;
            for place in group * GROUP..(group + 1) * GROUP {
                let counters = cells.map(|cells| &cells[inner as usize & (SLOT_CELLS - 1)]);
                let used = counters.get(..contexts.len()).unwrap_or(&[]);
                let bit = byte >> (7 - place) & 1 != 0;
                let bit = u32::from(mixer.event(coder, used, set + place as usize, bit));
                node = node << 1 | bit;
                inner = inner << 1 | bit;
            }
        }
        node as u8
    }
}
