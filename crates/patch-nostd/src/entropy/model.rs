//! Counters in hashed slots, mixed into one probability per event (`docs/format.md`, sections 5.3 and 5.4).

use super::{CONTROL_CELLS, Coder, counter, logistic, refine};
use crate::wire::Tuning;

/// Cells of one slot: a tag and three counters, those of two successive bits in one context.
///
/// Contexts of firmware are sparse: larger slots would stay mostly empty (fifteen counters cost 4 % at 16 KiB).
pub const SLOT_CELLS: usize = 4;
/// Inputs that one event mixes at most.
pub(super) const INPUTS: usize = 4;
/// Sets of mixer weights: which set is used depends on the kind of event.
pub(super) const WEIGHT_SETS: usize = 24;
/// All mixer weights.
pub type Weights = [[i32; INPUTS]; WEIGHT_SETS];

/// The sets of literals, one for each bit; those of changed bytes follow.
const LITERAL_SETS: usize = 8;
/// The first set of a flag; those before are of bytes.
pub(super) const FLAG_SET: usize = 16;
/// Where the curves of [`refine`] begin among the control cells.
const CURVES: usize = CONTROL_CELLS - refine::CELLS;

/// Weights are fractions of 65536, limited to four in either direction.
const WEIGHT_LIMIT: i32 = (4 << 16) - 1;
/// Where weights begin: 0.46.
const WEIGHT_START: i32 = 30_000;

/// The rate of control counters, which is fixed.
const CONTROL_RATE: u8 = 4;

/// All adaptive state of a body, in memory that the caller lends.
#[derive(Debug)]
pub struct Model<'w> {
    /// Counters of numbers and other contexts with an index of their own, then the curves of [`refine`].
    pub(super) control: &'w mut [u16; CONTROL_CELLS],
    slots: &'w mut [u16],
    weights: &'w mut Weights,
    mixer_rate: i32,
    counter_rate: u8,
    /// Bits of literals so far.
    literal_bits: u32,
}

crate::state::state!(Model<'_>: control, slots, weights, literal_bits; fixed mixer_rate, counter_rate);

/// The contexts of one event: a cell for each input.
pub(super) type Cells = [usize; INPUTS];

impl<'w> Model<'w> {
    /// A model that has seen nothing. `slots` must have a multiple of [`SLOT_CELLS`].
    #[inline(always)]
    pub fn new(
        control: &'w mut [u16; CONTROL_CELLS],
        slots: &'w mut [u16],
        weights: &'w mut Weights,
        tuning: Tuning,
    ) -> Self {
        control.fill(counter::NEW);
        refine::begin(control.get_mut(CURVES..).unwrap_or_default());
        for (place, cell) in slots.iter_mut().enumerate() {
            *cell = if place % SLOT_CELLS == 0 { 0 } else { counter::NEW };
        }
        weights.as_flattened_mut().fill(WEIGHT_START);
        let (mixer_rate, counter_rate) = (i32::from(tuning.mixer_rate), tuning.counter_rate);
        Self { control, slots, weights, mixer_rate, counter_rate, literal_bits: 0 }
    }

    /// The first cell of the slot of a context, which is given as a hash.
    ///
    /// A slot's tag holds twelve bits of the hash and a four-bit count of uses. Of the two slots that a hash may
    /// be in, the less used one gives way, and the other one ages.
    #[cfg_attr(feature = "encode", inline(always))]
    pub(super) fn slot(&mut self, hash: u32) -> usize {
        let count = self.slots.len() / SLOT_CELLS;
        let first = ((u64::from(hash) * count as u64) >> 32) as usize;
        let second = if first ^ 1 < count { first ^ 1 } else { first };
        let tag = (hash.wrapping_mul(0x9E37_79B1) >> 16) as u16 & 0xFFF0;
        let (first, second) = (first * SLOT_CELLS, second * SLOT_CELLS);
        for place in [first, second] {
            let seen = self.cell(place);
            if seen & 0xFFF0 == tag && seen & 15 != 0 {
                self.set_cell(place, if seen & 15 == 15 { seen } else { seen + 1 });
                return place;
            }
        }
        let (seen_first, seen_second) = (self.cell(first), self.cell(second));
        let (loser, keeper, kept) = if seen_first & 15 <= seen_second & 15 {
            (first, second, seen_second)
        } else {
            (second, first, seen_first)
        };
        if kept & 15 > 1 && keeper != loser {
            self.set_cell(keeper, kept - 1);
        }
        if let Some(slot) = self.slots.get_mut(loser..loser + SLOT_CELLS) {
            slot.fill(counter::NEW);
        }
        self.set_cell(loser, tag | 1);
        loser
    }

    fn cell(&self, index: usize) -> u16 {
        self.slots.get(index).copied().unwrap_or(counter::NEW)
    }

    fn set_cell(&mut self, index: usize, value: u16) {
        if let Some(cell) = self.slots.get_mut(index) {
            *cell = value;
        }
    }

    /// Codes one event by the mixed opinion of `cells` with the weights of `set`.
    #[cfg_attr(feature = "encode", inline(always))]
    pub(super) fn event<C: Coder>(&mut self, coder: &mut C, cells: &[usize], set: usize, bit: bool) -> bool {
        let Some(weights) = self.weights.get_mut(set) else { return false };
        let mut inputs = [0i32; INPUTS];
        let mut odds = 0i32;
        for ((input, &weight), &cell) in inputs.iter_mut().zip(weights.iter()).zip(cells) {
            *input = counter::odds(self.slots.get(cell).copied().unwrap_or(counter::NEW));
            odds += (weight * *input) >> 10;
        }
        let position = logistic::position(odds >> 6);
        let probability = logistic::squash_at(position);
        let curve = CURVES + refine::curve(set);
        let Some((refined, point)) = refine::refine(self.control, curve, position, probability) else {
            return false;
        };
        let bit = coder.code(refined, bit);
        refine::learn(
            point,
            bit,
            if set < LITERAL_SETS { refine::literal_rate(self.literal_bits) } else { refine::RATE },
        );
        self.literal_bits = self.literal_bits.saturating_add(u32::from(set < LITERAL_SETS));
        let target = if bit { 0xFFFF } else { 0 };
        let error = ((target - i32::from(probability)) * self.mixer_rate) >> 6;
        let slowest = counter::slowest(self.counter_rate - u8::from(set >= FLAG_SET));
        for ((input, weight), &cell) in inputs.iter().zip(weights).zip(cells) {
            // |error| < 2^14 and |input| < 2^13: bits were dropped to stay within 32.
            let step = (input * error + (1 << 11)) >> 12;
            *weight = (*weight + step).clamp(-WEIGHT_LIMIT, WEIGHT_LIMIT);
            if let Some(counter) = self.slots.get_mut(cell) {
                *counter = counter::update(*counter, bit, slowest);
            }
        }
        bit
    }

    /// Codes one event by a single control counter, without mixing.
    pub(super) fn plain<C: Coder>(&mut self, coder: &mut C, cell: usize, bit: bool) -> bool {
        let seen = self.control.get(cell).copied().unwrap_or(counter::NEW);
        let bit = coder.code(counter::probability(seen), bit);
        if let Some(counter) = self.control.get_mut(cell) {
            *counter = counter::update(seen, bit, counter::slowest(CONTROL_RATE));
        }
        bit
    }

    /// Codes a flag whose contexts are each a number and a place; three successive places share a slot.
    #[cfg_attr(feature = "encode", inline(always))]
    pub fn flag<C: Coder>(&mut self, coder: &mut C, contexts: &[(u32, u8)], set: usize, bit: bool) -> bool {
        const PLACES: u8 = SLOT_CELLS as u8 - 1;
        let mut cells: Cells = [0; INPUTS];
        for (cell, &(context, place)) in cells.iter_mut().zip(contexts) {
            let slot = hash(hash(context).wrapping_add(u32::from(place / PLACES)));
            *cell = self.slot(slot) + 1 + usize::from(place % PLACES);
        }
        let used = cells.get(..contexts.len()).unwrap_or(&[]);
        self.event(coder, used, set, bit)
    }
}

/// Spreads a context over 32 bits.
pub(super) const fn hash(context: u32) -> u32 {
    let mixed = context.wrapping_mul(0x2C1B_3C6D) ^ 0x5851_F42D;
    let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x297A_2D39);
    mixed ^ (mixed >> 15)
}
