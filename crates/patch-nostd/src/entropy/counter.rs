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

/// How far a counter moves by its count of events, at most to 1/2^rate of the error: in 1/16384.
pub(super) const fn steps(rate: u8) -> [u16; 8] {
    let slowest = (0x1_0000u32 >> (rate & 15)) as u16;
    let mut steps = STEPS;
    let mut count = 0;
    while count < steps.len() {
        steps[count] = if steps[count] > slowest { steps[count] } else { slowest } >> 2;
        count += 1;
    }
    steps
}

/// The counter after an event; `steps` is the rate's table.
pub(super) const fn update(cell: u16, bit: bool, steps: &[u16; 8]) -> u16 {
    let count = cell & COUNT;
    let target = if bit { 0xFFF8 } else { 0 };
    let value = (cell & !COUNT) as i32;
    let moved = value + (((target - value) * steps[count as usize & 7] as i32) >> 14);
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
            cell = update(cell, true, &steps(5));
        }
        assert!(probability(cell) > 63_000);
        for _ in 0..200 {
            cell = update(cell, false, &steps(5));
        }
        assert!(probability(cell) < 2_500);
    }
}
