//! The models of codec `cm`: counters in hashed slots, mixed into one probability per event (`docs/format.md`, sections 5.3
//! and 5.4).

mod bytes;
mod initial;
mod map;
mod sse;

use self::map::{
    CURVES_CELLS, FLAG_SET, FLAGS_CELLS, LITERAL_SETS, LOWEST, NUMBER_CELLS, NUMBERS_CELLS, SIZES,
    WEIGHT_SETS,
};
use super::control::{FLAGS, Number};
use super::{Coder, counter, logistic};
use crate::wire::Tuning;
use core::cell::Cell;

pub(crate) use self::map::CONTROL_CELLS;

/// Cells of one slot: a tag and three counters, those of two successive bits in one context.
///
/// Contexts of firmware are sparse: larger slots would stay mostly empty (fifteen counters cost 4 % at 16 KiB).
pub(crate) const SLOT_CELLS: usize = 4;
/// One slot.
pub(crate) type Slot = [u16; SLOT_CELLS];
/// Inputs that one event mixes at most.
const INPUTS: usize = 4;
/// All mixer weights, in sets: which one is used depends on the kind of event.
pub(crate) type Weights = [[i32; INPUTS]; WEIGHT_SETS];

/// Weights are fractions of 65536, limited to four in either direction.
const WEIGHT_LIMIT: i32 = (4 << 16) - 1;
/// Where weights begin: 0.46.
const WEIGHT_START: i32 = 30_000;

/// The rate of control counters, which is fixed.
const CONTROL_RATE: u8 = 4;

/// All adaptive state of a body, in memory that the caller lends.
#[derive(Debug)]
pub struct Cm<'w> {
    slots: &'w mut [Slot],
    mixer: Mixer<'w>,
}

crate::state::state!(Cm<'_>: slots, mixer);

/// The mixer: its weights, and the cells with an index of their own.
#[derive(Debug)]
struct Mixer<'w> {
    /// Counters of numbers and other contexts with an index of their own, then the curves of [`sse`].
    control: &'w mut [u16; CONTROL_CELLS],
    weights: &'w mut Weights,
    mixer_rate: i32,
    counter_rate: u8,
    /// Bits of literals so far.
    literal_bits: u32,
}

crate::state::state!(Mixer<'_>: control, weights, literal_bits; fixed mixer_rate, counter_rate);

/// The cells of one slot: the tag, then the counters. Contexts of an event may share a slot.
type Cells<'c> = &'c [Cell<u16>; SLOT_CELLS];

impl<'w> Cm<'w> {
    /// A model that has seen nothing of this body.
    #[inline(always)]
    pub fn new(
        control: &'w mut [u16; CONTROL_CELLS],
        slots: &'w mut [Slot],
        weights: &'w mut Weights,
        tuning: Tuning,
    ) -> Self {
        begin(control, slots, weights);
        let (mixer_rate, counter_rate) = (i32::from(tuning.mixer_rate), tuning.counter_rate);
        let mixer = Mixer { control, weights, mixer_rate, counter_rate, literal_bits: 0 };
        Self { slots, mixer }
    }

    /// Forgets what it has seen.
    #[cfg(feature = "lanes")]
    pub(crate) fn restart(&mut self) {
        begin(self.mixer.control, self.slots, self.mixer.weights);
        self.mixer.literal_bits = 0;
    }

    /// The counters of numbers and of control flags: for statistics.
    #[cfg(feature = "encode")]
    pub(super) fn counters(&self) -> &[u16] {
        self.mixer.control.get(..FLAGS_CELLS.end).unwrap_or(&[])
    }

    /// The slots, and what mixes their counters.
    #[inline(always)]
    fn split(&mut self) -> (&[Cell<Slot>], &mut Mixer<'w>) {
        (Cell::from_mut(&mut *self.slots).as_slice_of_cells(), &mut self.mixer)
    }

    #[inline(always)]
    #[allow(clippy::unused_self)]
    pub(super) fn flag_cell(&self, flag: usize) -> usize {
        FLAGS_CELLS.start + flag.min(FLAGS - 1)
    }

    #[inline(always)]
    #[allow(clippy::unused_self)]
    pub(super) fn size_cell(&self, kind: Number, node: usize) -> usize {
        number_cells(kind) + node - 1
    }

    #[inline(always)]
    #[allow(clippy::unused_self)]
    pub(super) fn bit_cell(&self, kind: Number, size: u32, place: u32, known: u32) -> Option<usize> {
        if place + 1 == size {
            Some(number_cells(kind) + SIZES + size as usize - 1)
        } else if place < 3 {
            let node = known as usize & ((1 << (2 - place)) - 1) | 1 << (2 - place);
            Some(number_cells(kind) + NUMBER_CELLS - LOWEST + node - 1)
        } else {
            None
        }
    }

    /// Codes one event by a single control counter, without mixing.
    pub(super) fn plain<C: Coder>(&mut self, coder: &mut C, cell: usize, bit: bool) -> bool {
        let Some(counter) = self.mixer.control.get_mut(cell) else { return false };
        let bit = coder.code(counter::probability(*counter), bit);
        *counter = counter::update(*counter, bit, counter::slowest(CONTROL_RATE));
        bit
    }

    /// Codes a flag whose contexts are each a number and a place; three successive places share a slot.
    #[cfg_attr(feature = "std", inline(always))]
    fn flag<C: Coder>(&mut self, coder: &mut C, contexts: &[(u32, u8)], set: usize, bit: bool) -> bool {
        const PLACES: u8 = SLOT_CELLS as u8 - 1;
        let (slots, mixer) = self.split();
        let unused = Cell::new(0);
        let mut counters = [&unused; INPUTS];
        for (counter, &(context, place)) in counters.iter_mut().zip(contexts) {
            let hashed = hash(hash(context).wrapping_add(u32::from(place / PLACES)));
            let Some(cells) = slot(slots, hashed) else { return false };
            *counter = &cells[1 + usize::from(place % PLACES)];
        }
        let used = counters.get(..contexts.len()).unwrap_or(&[]);
        mixer.event(coder, used, set, bit)
    }
}

/// The first cell of a kind of numbers.
const fn number_cells(kind: Number) -> usize {
    NUMBERS_CELLS.start + kind as usize * NUMBER_CELLS
}

/// What is adaptive, as a body begins.
#[inline(always)]
fn begin(control: &mut [u16; CONTROL_CELLS], slots: &mut [Slot], weights: &mut Weights) {
    initial::begin(control);
    sse::begin(control.get_mut(CURVES_CELLS).unwrap_or_default());
    slots.fill([0, counter::NEW, counter::NEW, counter::NEW]);
    weights.as_flattened_mut().fill(WEIGHT_START);
}

impl Mixer<'_> {
    /// Codes one event by the mixed opinion of `counters` with the weights of `set`.
    #[cfg_attr(feature = "std", inline(always))]
    fn event<C: Coder>(&mut self, coder: &mut C, counters: &[&Cell<u16>], set: usize, bit: bool) -> bool {
        let Some(weights) = self.weights.get_mut(set) else { return false };
        let mut inputs = [0i32; INPUTS];
        let mut odds = 0i32;
        for ((input, &weight), counter) in inputs.iter_mut().zip(weights.iter()).zip(counters) {
            *input = counter::odds(counter.get());
            // No body makes weights as large, but a saved state that was forged might.
            odds = odds.wrapping_add(weight.wrapping_mul(*input) >> 10);
        }
        let position = logistic::position(odds >> 6);
        let probability = logistic::squash_at(position);
        let curve = CURVES_CELLS.start + sse::curve(set);
        let Some((refined, point)) = sse::estimate(self.control, curve, position, probability) else {
            return false;
        };
        let bit = coder.code(refined, bit);
        sse::update(
            point,
            bit,
            if set < LITERAL_SETS.end { sse::literal_rate(self.literal_bits) } else { sse::RATE },
        );
        self.literal_bits = self.literal_bits.saturating_add(u32::from(set < LITERAL_SETS.end));
        let target = if bit { 0xFFFF } else { 0 };
        let error = ((target - i32::from(probability)) * self.mixer_rate) >> 6;
        let slowest = counter::slowest(self.counter_rate - u8::from(set >= FLAG_SET));
        for ((input, weight), counter) in inputs.iter().zip(weights).zip(counters) {
            // |error| < 2^14 and |input| < 2^13: bits were dropped to stay within 32.
            let step = (input * error + (1 << 11)) >> 12;
            *weight = (*weight + step).clamp(-WEIGHT_LIMIT, WEIGHT_LIMIT);
            counter.set(counter::update(counter.get(), bit, slowest));
        }
        bit
    }
}

/// The slot of a context, which is given as a hash; there is always one.
///
/// A slot's tag holds twelve bits of the hash and a four-bit count of uses. Of the two slots that a hash may
/// be in, the less used one gives way, and the other one ages.
#[cfg_attr(feature = "std", inline(always))]
#[cfg_attr(not(feature = "std"), inline(never))]
fn slot(slots: &[Cell<Slot>], hash: u32) -> Option<Cells<'_>> {
    let first = ((u64::from(hash) * slots.len() as u64) >> 32) as usize;
    let second = cells(slots, first ^ 1);
    let first = cells(slots, first)?;
    let second = second.unwrap_or(first);
    let tag = (hash.wrapping_mul(0x9E37_79B1) >> 16) as u16 & 0xFFF0;
    for slot in [first, second] {
        let seen = slot[0].get();
        if seen & 0xFFF0 == tag && seen & 15 != 0 {
            slot[0].set(if seen & 15 == 15 { seen } else { seen + 1 });
            return Some(slot);
        }
    }
    let less = first[0].get() & 15 <= second[0].get() & 15;
    let (loser, keeper) = if less { (first, second) } else { (second, first) };
    let kept = keeper[0].get();
    if kept & 15 > 1 {
        keeper[0].set(kept - 1);
    }
    loser.iter().for_each(|counter| counter.set(counter::NEW));
    loser[0].set(tag | 1);
    Some(loser)
}

/// The cells of the slot with this index.
#[inline(always)]
fn cells(slots: &[Cell<Slot>], index: usize) -> Option<Cells<'_>> {
    let slot: &Cell<[u16]> = slots.get(index)?;
    slot.as_slice_of_cells().first_chunk()
}

/// Spreads a context over 32 bits.
const fn hash(context: u32) -> u32 {
    let mixed = context.wrapping_mul(0x2C1B_3C6D) ^ 0x5851_F42D;
    let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x297A_2D39);
    mixed ^ (mixed >> 15)
}
