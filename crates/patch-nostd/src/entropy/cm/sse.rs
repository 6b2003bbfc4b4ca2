//! Secondary symbol estimation (SSE, APM): an adaptive curve corrects the mixer's probability (`docs/format.md`, section 5.4).
//!
//! After Mahoney's PAQ: each use of the mixer has a curve from its probability to how often the event then was true.
//! Thirteen points, two bits of odds apart, do as well as more.

use super::map::{CURVE_POINTS, FLAG_SET};
use crate::entropy::logistic::{LIMIT, squash};

/// Base-2 logarithm of the distance of two points in log odds: two bits.
const STEP_LOG: u32 = 9;

const _: () = assert!(CURVE_POINTS == ((2 * LIMIT as usize) >> STEP_LOG) + 1);

/// How far a point moves at first, and always on the curves of flags and changed bytes: 1/2^5 of the error.
pub(super) const RATE: u32 = 5;
/// How far one moves at last on the curve of literals.
const SLOWEST: u32 = 8;
/// What a point moves towards: no more certain than [`squash`].
const CERTAIN: i32 = 65_520;

/// Curves that change nothing.
pub(super) fn begin(cells: &mut [u16]) {
    let mut position = 0;
    for cell in cells {
        *cell = squash(position - LIMIT);
        position = if position < 2 * LIMIT { position + (1 << STEP_LOG) } else { 0 };
    }
}

/// The first cell of the curve of a weight set.
pub(super) const fn curve(set: usize) -> usize {
    (if set < FLAG_SET { set >> 3 } else { set + 2 - FLAG_SET }) * CURVE_POINTS
}

/// The corrected probability of odds at `position`, and the nearer point.
#[cfg_attr(feature = "std", inline(always))]
pub(super) fn estimate(
    cells: &mut [u16],
    curve: usize,
    position: u32,
    probability: u16,
) -> Option<(u16, &mut u16)> {
    let low = curve + (position >> STEP_LOG) as usize;
    let fraction = position & ((1 << STEP_LOG) - 1);
    let [low, high] = cells.get_mut(low..)?.first_chunk_mut()?;
    let sum = u32::from(*low) * ((1 << STEP_LOG) - fraction) + u32::from(*high) * fraction;
    let nearer = if fraction >> (STEP_LOG - 1) == 0 { low } else { high };
    Some((((u32::from(probability) + 3 * (sum >> STEP_LOG)) >> 2) as u16, nearer))
}

/// How far a point of the literals' curve moves after `seen` events, as an exponent like [`RATE`]: ever less, since
/// literals that nothing predicts pay for each move (0.6 % of what is noise, at the first rate).
pub(super) fn literal_rate(seen: u32) -> u32 {
    ((u32::BITS - seen.leading_zeros()) / 2).clamp(RATE, SLOWEST)
}

/// Moves the point towards what happened, by 1/2^`rate` of the error.
#[cfg_attr(feature = "std", inline(always))]
pub(super) fn update(point: &mut u16, bit: bool, rate: u32) {
    let value = i32::from(*point);
    let aim = if bit { CERTAIN } else { 0x1_0000 - CERTAIN };
    *point = (value + ((aim - value) >> rate)) as u16;
}

#[cfg(test)]
mod tests {
    use super::super::map::CURVES;
    use super::*;
    use crate::entropy::logistic::position;

    #[test]
    fn a_new_curve_changes_little_and_a_taught_one_stays_in_range() {
        let mut cells = [0; CURVES * CURVE_POINTS];
        begin(&mut cells);
        for odds in -LIMIT..LIMIT {
            let probability = squash(odds);
            let (refined, _) = estimate(&mut cells, 0, position(odds), probability).unwrap();
            let least = probability.min(u16::MAX - probability);
            assert!(
                refined.abs_diff(probability) <= 64 + least / 3,
                "{odds}: {probability} became {refined}"
            );
        }
        for bit in [true, false] {
            for _ in 0..1000 {
                cells.iter_mut().for_each(|cell| update(cell, bit, RATE));
            }
            let (refined, _) = estimate(&mut cells, 0, position(0), 0x8000).unwrap();
            assert_eq!(refined > 0x8000, bit);
            assert!(cells.iter().all(|cell| (16..=65_520).contains(cell)));
        }
    }

    #[test]
    fn the_curve_of_literals_comes_to_rest() {
        let rates = [0, 2047, 2048, 8191, 8192, 32_767, 32_768, u32::MAX].map(literal_rate);
        assert_eq!(rates, [5, 5, 6, 6, 7, 7, 8, 8]);
    }

    #[test]
    fn each_use_has_a_curve_of_its_own() {
        let curves: std::vec::Vec<usize> = (0..24).map(|set| curve(set) / CURVE_POINTS).collect();
        assert_eq!(curves[..16], [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1]);
        assert_eq!(curves[16..], [2, 3, 4, 5, 6, 7, 8, 9]);
    }
}
