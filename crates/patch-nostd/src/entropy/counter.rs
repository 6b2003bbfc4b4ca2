//! One adaptive probability in 16 bits (`docs/format.md`, section 5.2).
//!
//! The upper 13 bits are the probability that the next event is true, the lower three count the events seen,
//! up to seven: a young counter moves fast (by 1/2, 1/3, ...), an old one by 1/2^rate.

/// A counter that has seen nothing: probability one half.
#[cfg(any(feature = "cm", test))]
pub(super) const NEW: u16 = 0x8000;

const COUNT: u16 = 7;
/// 16384/(n + 1.3), rounded down: how far a counter that has seen n events moves towards the next.
const STEPS: [u16; 8] = [12_603, 7_123, 4_964, 3_810, 3_091, 2_600, 2_244, 0];

/// A counter of about this probability that has seen so many events.
pub(super) const fn of(probability: u16, seen: u16) -> u16 {
    (probability & !COUNT) | (seen & COUNT)
}

/// The probability of true as a 16-bit fraction, never zero or one.
pub(super) const fn probability(cell: u16) -> u16 {
    (cell & !COUNT) | 4
}

/// The log odds of true, times 256.
#[cfg(all(feature = "cm", not(feature = "std")))]
pub(super) const fn odds(cell: u16) -> i32 {
    super::logistic::stretch(probability(cell))
}

/// The log odds of true, times 256. An operating system has 16 KiB for a table; the values are the same.
#[cfg(all(feature = "cm", feature = "std"))]
pub(super) fn odds(cell: u16) -> i32 {
    static TABLE: [i16; 8192] = {
        let mut table = [0; 8192];
        let mut index = 0;
        while index < table.len() {
            table[index] = super::logistic::stretch(probability((index as u16) << 3)) as i16;
            index += 1;
        }
        table
    };
    i32::from(TABLE[usize::from(cell >> 3) & 8191])
}

/// How far an old counter moves: 1/2^rate of the error, in 1/16384.
pub(super) const fn slowest(rate: u8) -> u32 {
    0x4000 >> (rate & 15)
}

/// The counter after an event; it moves by `slowest` of the error at least.
#[inline(always)]
pub(super) const fn update(cell: u16, bit: bool, slowest: u32) -> u16 {
    let count = cell & COUNT;
    let target = if bit { 0xFFF8 } else { 0 };
    let value = (cell & !COUNT) as i32;
    let step = STEPS[count as usize & 7] as u32;
    let step = if step > slowest { step } else { slowest };
    let moved = value + (((target - value) * step as i32) >> 14);
    let next = if count < COUNT { count + 1 } else { COUNT };
    (moved as u16 & !COUNT) | next
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_follows_its_events_and_stays_in_range() {
        let mut cell = NEW;
        for _ in 0..200 {
            cell = update(cell, true, slowest(5));
        }
        assert!(probability(cell) > 63_000);
        for _ in 0..200 {
            cell = update(cell, false, slowest(5));
        }
        assert!(probability(cell) < 2_500);
    }
}
