//! One adaptive probability in 16 bits (`docs/format.md`, section 5.2).
//!
//! The upper 13 bits are the probability that the next event is true, the lower three count the events seen,
//! up to seven: a young counter moves fast (by 1/2, 1/3, ...), an old one by 1/2^rate.

/// A counter that has seen nothing: probability one half.
pub(super) const NEW: u16 = 0x8000;

const COUNT: u16 = 7;
/// 65536/(n + 1.3): how far a counter that has seen n events moves towards the next.
const STEPS: [u16; 8] = [50_412, 28_494, 19_859, 15_241, 12_365, 10_403, 8_978, 0];

/// The probability of true as a 16-bit fraction, never zero or one.
pub(super) const fn probability(cell: u16) -> u16 {
    (cell & !COUNT) | 4
}

/// The log odds of true, times 256.
#[cfg(not(feature = "encode"))]
pub(super) const fn odds(cell: u16) -> i32 {
    super::logistic::stretch(probability(cell))
}

/// The log odds of true, times 256. A build machine has 16 KiB for a table; the values are the same.
#[cfg(feature = "encode")]
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

/// The counter after an event.
pub(super) const fn update(cell: u16, bit: bool, rate: u8) -> u16 {
    let count = cell & COUNT;
    let slowest = 0x1_0000u32 >> (rate & 15);
    let step = STEPS[count as usize] as u32;
    let step = if step > slowest { step } else { slowest };
    let target = if bit { 0xFFF8 } else { 0 };
    let value = (cell & !COUNT) as i32;
    let moved = value + (((target - value) * (step >> 2) as i32) >> 14);
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
            cell = update(cell, true, 5);
        }
        assert!(probability(cell) > 63_000);
        for _ in 0..200 {
            cell = update(cell, false, 5);
        }
        assert!(probability(cell) < 2_500);
    }
}
