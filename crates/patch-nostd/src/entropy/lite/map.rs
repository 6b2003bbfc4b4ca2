//! The map of the counters of codec `lite`: the owner of each (`docs/format.md`, section 5.7).

use crate::entropy::control::{FLAGS, LOWEST, NUMBERS, SIZES, length, tile};
use core::ops::Range;

/// Nodes of a tree of four bits.
pub(super) const NIBBLE: usize = 15;

/// Trees of the sizes of numbers, then trees of their lowest bits, then control flags.
pub(super) const SIZES_CELLS: Range<usize> = 0..310;
pub(super) const LOWEST_CELLS: Range<usize> = 310..380;
pub(super) const FLAGS_CELLS: Range<usize> = 380..407;
/// Is a guess right? By source, rank, class and outcomes.
pub(super) const GUESS_CELLS: Range<usize> = 407..663;
/// Is a block unchanged? By the last four.
pub(super) const BLOCK_CELLS: Range<usize> = 663..679;
/// Is a byte unchanged? By the next one, the offset's lowest bit, and the last two answers.
pub(super) const UNCHANGED_CELLS: Range<usize> = 679..935;
/// Differences of changed bytes.
pub(super) const CHANGED_CELLS: Range<usize> = 935..1190;
/// Literals.
pub(super) const LITERAL_CELLS: Range<usize> = 1190..1700;
/// All of them.
pub(super) const COUNTERS: usize = 1700;

const _: () = {
    assert!(tile(
        &[
            SIZES_CELLS,
            LOWEST_CELLS,
            FLAGS_CELLS,
            GUESS_CELLS,
            BLOCK_CELLS,
            UNCHANGED_CELLS,
            CHANGED_CELLS,
            LITERAL_CELLS
        ],
        COUNTERS
    ));
    assert!(length(&SIZES_CELLS) == NUMBERS * SIZES && length(&LOWEST_CELLS) == NUMBERS * LOWEST);
    assert!(length(&FLAGS_CELLS) == FLAGS);
    assert!(COUNTERS % 2 == 0);
};
