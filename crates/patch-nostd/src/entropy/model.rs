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
/// Cells of all mixer weights.
pub const WEIGHT_CELLS: usize = INPUTS * WEIGHT_SETS;

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
    pub(super) control: &'w mut [u16],
    slots: &'w mut [u16],
    weights: &'w mut [i32],
    mixer_rate: i32,
    /// How fast the counters of bytes, of flags, and control counters move.
    byte_steps: [u16; 8],
    flag_steps: [u16; 8],
    control_steps: [u16; 8],
}

crate::state::state!(Model<'_>: control, slots, weights; fixed mixer_rate, byte_steps, flag_steps, control_steps);

/// The contexts of one event: a cell for each input.
pub(super) type Cells = [usize; INPUTS];

impl<'w> Model<'w> {
    /// A model that has seen nothing. `control` must have [`super::CONTROL_CELLS`] cells, `weights`
    /// [`WEIGHT_CELLS`], `slots` a multiple of [`SLOT_CELLS`].
    pub fn new(control: &'w mut [u16], slots: &'w mut [u16], weights: &'w mut [i32], tuning: Tuning) -> Self {
        control.fill(counter::NEW);
        refine::begin(control.get_mut(CURVES..).unwrap_or_default());
        slots.fill(counter::NEW);
        for slot in slots.chunks_exact_mut(SLOT_CELLS) {
            if let Some(tag) = slot.first_mut() {
                *tag = 0;
            }
        }
        weights.fill(WEIGHT_START);
        let byte_steps = counter::steps(tuning.counter_rate);
        let flag_steps = counter::steps(tuning.counter_rate.saturating_sub(1));
        let control_steps = counter::steps(CONTROL_RATE);
        let mixer_rate = i32::from(tuning.mixer_rate);
        Self { control, slots, weights, mixer_rate, byte_steps, flag_steps, control_steps }
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
        let (seen_first, seen_second) = (self.cell(first), self.cell(second));
        if seen_first & 0xFFF0 == tag && seen_first & 15 != 0 {
            self.set_cell(first, if seen_first & 15 == 15 { seen_first } else { seen_first + 1 });
            return first;
        }
        if seen_second & 0xFFF0 == tag && seen_second & 15 != 0 {
            self.set_cell(second, if seen_second & 15 == 15 { seen_second } else { seen_second + 1 });
            return second;
        }
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
        let mut inputs = [0i32; INPUTS];
        for (input, &cell) in inputs.iter_mut().zip(cells) {
            *input = counter::odds(self.cell(cell));
        }
        let set = set.min(WEIGHT_SETS - 1);
        let start = set * INPUTS;
        let mut odds = 0i32;
        if let Some(weights) = self.weights.get(start..start + cells.len()) {
            for (&weight, &input) in weights.iter().zip(&inputs) {
                odds += (weight * input) >> 10;
            }
        }
        let odds = odds >> 6;
        let probability = logistic::squash(odds);
        let curve = refine::curve(set);
        let (refined, nearer) = refine::refine(self.control, CURVES + curve, odds, probability);
        let bit = coder.code(refined, bit);
        refine::learn(self.control, nearer, bit);
        self.learn(cells, &inputs, set, probability, bit);
        bit
    }

    #[cfg_attr(feature = "encode", inline(always))]
    fn learn(&mut self, cells: &[usize], inputs: &[i32; INPUTS], set: usize, probability: u16, bit: bool) {
        let target = if bit { 0xFFFF } else { 0 };
        let error = (target - i32::from(probability)) * self.mixer_rate;
        let start = set * INPUTS;
        if let Some(weights) = self.weights.get_mut(start..start + cells.len()) {
            for (weight, &input) in weights.iter_mut().zip(inputs) {
                // |error| < 2^20 and |input| < 2^13: drop bits first, to stay within 32.
                let step = (input * (error >> 6) + (1 << 11)) >> 12;
                *weight = (*weight + step).clamp(-WEIGHT_LIMIT, WEIGHT_LIMIT);
            }
        }
        let steps = if set < FLAG_SET { &self.byte_steps } else { &self.flag_steps };
        for &cell in cells {
            if let Some(counter) = self.slots.get_mut(cell) {
                *counter = counter::update(*counter, bit, steps);
            }
        }
    }

    /// Codes one event by a single control counter, without mixing.
    pub(super) fn plain<C: Coder>(&mut self, coder: &mut C, cell: usize, bit: bool) -> bool {
        let seen = self.control.get(cell).copied().unwrap_or(counter::NEW);
        let bit = coder.code(counter::probability(seen), bit);
        if let Some(counter) = self.control.get_mut(cell) {
            *counter = counter::update(seen, bit, &self.control_steps);
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
