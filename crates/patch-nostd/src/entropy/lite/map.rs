//! The map of the counters of codec `lite`: the owner of each (`docs/format.md`, section 5.7).

use crate::entropy::control::{FLAGS, NUMBERS, length, tile};
use core::ops::Range;

/// Nodes of a tree of four bits.
pub(super) const NIBBLE: usize = 15;

/// Sizes of numbers: for each kind whether it is 16 or more, and a tree of the sizes below; then one tree of those above.
pub(super) const SIZES_CELLS: Range<usize> = 0..175;
pub(super) const SIZE: usize = 1 + NIBBLE;
pub(super) const LARGE_SIZES: usize = NUMBERS * SIZE;
/// Trees of the two lowest bits of numbers: distances in code are even, and mostly multiples of four.
pub(super) const LOWEST_CELLS: Range<usize> = 175..205;
pub(super) const LOWEST: usize = 3;
pub(super) const FLAGS_CELLS: Range<usize> = 205..232;
/// Is a guess right? By its source, its rank, whether others agree, the class, and the last outcome.
pub(super) const GUESS_CELLS: Range<usize> = 232..360;
/// Is a block unchanged? By the last four.
pub(super) const BLOCK_CELLS: Range<usize> = 360..376;
/// Is a byte unchanged? By the halfword's high byte, which of both it is, and the last two answers.
pub(super) const UNCHANGED_CELLS: Range<usize> = 376..632;
/// Differences of changed bytes: high half bytes by what the last such difference was like, low ones by the high one.
pub(super) const CHANGED_CELLS: Range<usize> = 632..722;
pub(super) const NEARS: usize = 3;
/// Literals: high half bytes by parity and the byte before, low ones by the high one.
pub(super) const LITERAL_CELLS: Range<usize> = 722..962;
pub(super) const BEFORES: usize = 8;
/// All of them.
pub(super) const COUNTERS: usize = 962;

/// All counters.
pub(crate) type Counters = [u16; COUNTERS];

const _: () = {
    assert!(length(&SIZES_CELLS) == LARGE_SIZES + NIBBLE && length(&LOWEST_CELLS) == NUMBERS * LOWEST);
    assert!(length(&FLAGS_CELLS) == FLAGS && length(&CHANGED_CELLS) == (NEARS + 3) * NIBBLE);
    assert!(length(&LITERAL_CELLS) == (BEFORES + 8) * NIBBLE);
    let control = [SIZES_CELLS, LOWEST_CELLS, FLAGS_CELLS];
    let flags = [GUESS_CELLS, BLOCK_CELLS, UNCHANGED_CELLS];
    let ([a, b, c], [d, e, f]) = (control, flags);
    assert!(tile(&[a, b, c, d, e, f, CHANGED_CELLS, LITERAL_CELLS], COUNTERS));
};
