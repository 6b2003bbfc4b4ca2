//! Contexts of bytes: literals, unchanged and changed bytes of covers (`docs/format.md`, section 6).

use super::map::{
    CHANGED_CONTEXTS, CHANGED_SETS, LITERAL_CONTEXTS, LITERAL_SETS, UNCHANGED_CONTEXTS, UNCHANGED_SETS,
};
use super::model::{Cells, INPUTS, SLOT_CELLS, hash, slot};
use super::{Coder, Model};
use core::cell::Cell;

/// Bits of a byte that share a slot in one context: as many as a slot's counters form a tree of.
const GROUP: u32 = SLOT_CELLS.trailing_zeros();

/// What is known before a literal byte.
#[derive(Clone, Copy, Debug, Default)]
pub struct LiteralContext {
    /// The four bytes before it, the last one lowest.
    pub before: u32,
    /// Its offset in the target.
    pub offset: u32,
}

/// What is known before a byte of a cover.
#[derive(Clone, Copy, Debug, Default)]
pub struct CopyContext {
    /// The source's byte at this place.
    pub source: u8,
    /// The source's byte before.
    pub previous: u8,
    /// The source's byte after.
    pub next: u8,
    /// The source's offset.
    pub offset: u32,
    /// Hits (0) and misses (1) of the bytes before, the last one lowest.
    pub history: u8,
    /// Target minus source at the last miss whose next byte was like this one's.
    pub near: u8,
}

impl Model<'_> {
    /// Codes a byte between covers.
    pub fn literal<C: Coder>(&mut self, coder: &mut C, context: &LiteralContext, byte: u8) -> u8 {
        let before = context.before;
        let [a, b, c] = LITERAL_CONTEXTS;
        let contexts = [
            a | (context.offset & 3),
            b | (before & 0xFF),
            // Code is made of halfwords: the byte before the last says what follows the last one.
            c | (before >> 8 & 0xFF) | (context.offset & 1) << 8,
        ];
        self.byte(coder, &contexts, LITERAL_SETS.start, byte)
    }

    /// Codes whether a byte of a cover equals its source.
    pub fn unchanged<C: Coder>(&mut self, coder: &mut C, context: &CopyContext, same: bool) -> bool {
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

    /// Codes the new value of a byte of a cover that differs from its source.
    ///
    /// What is coded is the difference: operands of neighbouring instructions shift by the same amount.
    pub fn changed<C: Coder>(&mut self, coder: &mut C, context: &CopyContext, byte: u8) -> u8 {
        let source = u32::from(context.source);
        let odd = context.offset & 1;
        let [a, b, c, d] = CHANGED_CONTEXTS;
        let contexts = [
            a | odd | u32::from(context.history & 1) << 1,
            b | u32::from(context.near) | odd << 8,
            c | source,
            d | u32::from(context.next) | odd << 8,
        ];
        let difference = byte.wrapping_sub(context.source);
        let difference = self.byte(coder, &contexts, CHANGED_SETS.start, difference);
        context.source.wrapping_add(difference)
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
