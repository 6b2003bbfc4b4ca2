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
#[derive(Clone, Copy, Debug)]
pub struct LiteralContext {
    /// The four bytes before it, the last one lowest; of a halfword, those before both.
    pub before: u32,
    /// Where it stands.
    pub place: Place,
}

/// Where a literal stands, and what of its own halfword is known.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// At this offset of the target; bytes come in order.
    InOrder(u32),
    /// At an offset that is odd (1) or even (0); halfwords come high byte first, and it is none.
    Alone(u32),
    /// The high byte of a halfword, which comes first.
    High,
    /// The low byte of a halfword with this high byte.
    Low(u8),
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
