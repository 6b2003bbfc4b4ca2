//! The model's map: the owner of each weight set, control cell and context tag (`docs/format.md`, sections 5.4 and 5.5).
//!
//! Two uses that share one of them by mistake still decode what they encode, only in more bytes. So all of them are here,
//! and a range that overlaps or leaves a hole does not compile.

use crate::entropy::control::{FLAGS, NUMBERS, length, tile};
use core::ops::Range;

/// Sets of mixer weights. Literals and changed bytes have one for each bit of a byte; flags come after bytes.
pub(super) const LITERAL_SETS: Range<usize> = 0..8;
pub(super) const CHANGED_SETS: Range<usize> = 8..16;
/// Is a byte unchanged? By the last two answers.
pub(super) const UNCHANGED_SETS: Range<usize> = 16..20;
/// Is a whole block unchanged?
pub(super) const BLOCK_SETS: Range<usize> = 20..21;
/// Is a guess at a reference right? The first guess by class, then the others.
pub(super) const GUESS_SETS: Range<usize> = 21..24;
pub(super) const WEIGHT_SETS: usize = 24;
/// The first set of a flag.
pub(super) const FLAG_SET: usize = UNCHANGED_SETS.start;

/// Nodes of the tree of a number's 32 sizes.
pub(super) const SIZES: usize = 31;
/// Nodes of the tree of its three lowest bits: distances in code are even, and mostly multiples of four.
pub(super) const LOWEST: usize = 7;
/// Control cells of one kind of numbers: a tree of 32 sizes, a counter for each size's first bit after the leading one, and
/// a tree of the three lowest bits.
pub(super) const NUMBER_CELLS: usize = SIZES + 31 + LOWEST;
/// Curves of secondary estimation: one of literals, one of changed bytes, one of each set of flags.
pub(super) const CURVES: usize = 2 + WEIGHT_SETS - FLAG_SET;
/// Points of a curve, a cell each.
pub(super) const CURVE_POINTS: usize = 13;

/// Control cells: numbers, flags that have a cell of their own, one that makes the workspace whole words, curves.
pub(super) const NUMBERS_CELLS: Range<usize> = 0..690;
pub(super) const FLAGS_CELLS: Range<usize> = 690..717;
const SPARE_CELLS: Range<usize> = 717..718;
pub(super) const CURVES_CELLS: Range<usize> = 718..848;
/// All control cells.
pub(crate) const CONTROL_CELLS: usize = 848;

/// Context numbers: what a context has above its own bits, which are 28 of bytes and 24 of other events. (Kinds of words
/// reach one bit higher in the contexts of blocks.)
pub(super) const LITERAL_CONTEXTS: [u32; 3] = [1 << 28, 2 << 28, 3 << 28];
pub(super) const UNCHANGED_CONTEXTS: [u32; 4] = [5 << 28, 6 << 28, 7 << 28, 8 << 28];
pub(super) const CHANGED_CONTEXTS: [u32; 4] = [10 << 28, 11 << 28, 12 << 28, 13 << 28];
pub(super) const BLOCK_CONTEXTS: [u32; 3] = [0xE0 << 24, 0xE1 << 24, 0xE2 << 24];
pub(super) const GUESS_CONTEXTS: [u32; 3] = [0xF0 << 24, 0xF1 << 24, 0xF2 << 24];

const _: () = {
    assert!(tile(&[LITERAL_SETS, CHANGED_SETS, UNCHANGED_SETS, BLOCK_SETS, GUESS_SETS], WEIGHT_SETS));
    assert!(tile(&[NUMBERS_CELLS, FLAGS_CELLS, SPARE_CELLS, CURVES_CELLS], CONTROL_CELLS));
    assert!(length(&NUMBERS_CELLS) == NUMBERS * NUMBER_CELLS && length(&FLAGS_CELLS) == FLAGS);
    assert!(length(&CURVES_CELLS) == CURVES * CURVE_POINTS);
    let [a, b, c] = LITERAL_CONTEXTS;
    let [d, e, f, g] = UNCHANGED_CONTEXTS;
    let [h, i, j, k] = CHANGED_CONTEXTS;
    let ([l, m, n], [o, p, q]) = (BLOCK_CONTEXTS, GUESS_CONTEXTS);
    assert!(ascend(&[a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q]));
};

const fn ascend(numbers: &[u32]) -> bool {
    let mut place = 1;
    while place < numbers.len() && numbers[place - 1] < numbers[place] {
        place += 1;
    }
    place >= numbers.len()
}
