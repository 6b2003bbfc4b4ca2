//! How bytes are predicted: literals, and the unchanged and changed bytes of covers (`docs/format.md`, section 6).

use super::model::{Cells, INPUTS, hash, SLOT_CELLS};
const BITS: u32 = 2;
use super::{Coder, Model};

/// First weight set of each use.
const LITERAL_SET: usize = 0;
const CHANGED_SET: usize = 8;
const UNCHANGED_SET: usize = 16;

/// What is known before a literal byte.
#[derive(Clone, Copy, Debug, Default)]
pub struct LiteralContext {
    /// The four bytes before it, the last one lowest.
    pub before: u32,
    /// Its offset in the target.
    pub offset: u32,
    /// The base's byte where the last cover would have gone on.
    pub expected: u8,
}

/// What is known before a byte of a cover.
#[derive(Clone, Copy, Debug, Default)]
pub struct CopyContext {
    /// The four target bytes before it, the last one lowest.
    pub before: u32,
    /// The source's byte at this place, the one before and the one after.
    pub source: u8,
    /// The source's byte before.
    pub previous: u8,
    /// The source's byte after.
    pub next: u8,
    /// The source's offset.
    pub offset: u32,
    /// Hits (0) and misses (1) of the bytes before, the last one lowest.
    pub history: u8,
    /// Target minus source at the last miss.
    pub difference: u8,
}

impl Model<'_> {
    /// Codes a byte between covers.
    pub fn literal<C: Coder>(&mut self, coder: &mut C, context: &LiteralContext, byte: u8) -> u8 {
        let before = context.before;
        let par = context.offset & 1;
        let contexts = [
            (context.offset & 3) | 1 << 28,
            (before & 0xFF) | 2 << 28,
            (before & 0xFFFF) | 3 << 28,
            (before >> 8 & 0xFF) | par << 8 | 4 << 28,
        ];
        self.byte(coder, &contexts, LITERAL_SET, byte)
    }

    /// Codes whether a byte of a cover equals its source.
    pub fn unchanged<C: Coder>(&mut self, coder: &mut C, context: &CopyContext, same: bool) -> bool {
        let (source, next) = (u32::from(context.source), u32::from(context.next));
        let history = u32::from(context.history);
        let phase = context.offset & 3;
        let contexts = [
            (6 << 28 | (history & 0x3F) >> 1 | phase << 8, context.history & 1),
            (7 << 28 | source | (history & 3) << 8, phase as u8),
            (8 << 28 | source << 8 | u32::from(context.previous), context.history & 1),
            (9 << 28 | source << 8 | next, context.history & 3),
            (10 << 28 | u32::from(context.difference) << 8 | source, context.history & 7),
        ];
        let set = UNCHANGED_SET + (context.history & 3) as usize;
        self.flag(coder, &contexts, set, same)
    }

    /// Codes the new value of a byte of a cover that differs from its source.
    pub fn changed<C: Coder>(&mut self, coder: &mut C, context: &CopyContext, byte: u8) -> u8 {
        let source = u32::from(context.source);
        let shifted = u32::from(context.source.wrapping_add(context.difference));
        let contexts = [
            (context.offset & 3) | 11 << 28,
            source | 12 << 28,
            shifted | u32::from(context.history & 1) << 8 | 13 << 28,
            (context.before & 0xFF) | source << 8 | 14 << 28,
            (context.before & 0xFFFF) | 3 << 28,
        ];
        self.byte(coder, &contexts, CHANGED_SET, byte)
    }

    fn byte<C: Coder>(&mut self, coder: &mut C, contexts: &[u32], set: usize, byte: u8) -> u8 {
        let mut node = 1u32;
        for group in 0..8 / BITS {
            let mut slots: Cells = [0; INPUTS];
            for (slot, &context) in slots.iter_mut().zip(contexts) {
                *slot = self.slot(hash(hash(context).wrapping_add(node)));
            }
            let mut inner = 1u32;
            
            for place in 0..BITS {
                let mut cells: Cells = slots;
                for cell in &mut cells {
                    *cell += inner as usize & (SLOT_CELLS - 1);
                }
                let used = cells.get(..contexts.len()).unwrap_or(&[]);
                let shift = 7 - (group * BITS + place);
                let bit = byte >> shift & 1 != 0;
                let bit = self.event(coder, used, set + (group * BITS + place) as usize, bit);
                node = node << 1 | u32::from(bit);
                inner = inner << 1 | u32::from(bit);
            }
        }
        node as u8
    }
}
