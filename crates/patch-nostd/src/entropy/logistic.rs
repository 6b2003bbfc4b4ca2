//! The logistic domain in integers: log odds to base two and back (`docs/format.md`, section 5.1).
//!
//! Probabilities are 16-bit fractions; log odds have eight fractional bits and base two, not e, so that both
//! directions are a table look-up beside a shift. After Mahoney, "Adaptive Weighing of Context Models" (2005).

/// The largest log odds in either direction: 12, a probability of 1 in 4097.
pub(super) const LIMIT: i32 = 12 << 8;

/// 256 times the base-2 logarithm of `value` (1 to 65535), rounded down to what the table gives; 0 for 0.
#[must_use]
pub const fn log2(value: u32) -> i32 {
    log2_within(if value == 0 {
        1
    } else if value > 0xFFFF {
        0xFFFF
    } else {
        value
    })
}

/// [`log2`] of a value that is within its bounds. Each input of each event takes two: calls would be half their cost.
#[inline(always)]
const fn log2_within(value: u32) -> i32 {
    let zeros = value.leading_zeros();
    // Six bits after the leading one choose the table's entry.
    let mantissa = value.wrapping_shl(zeros) >> 25;
    ((31 - zeros as i32) << 8) + LOG2_MANTISSA[(mantissa & 63) as usize] as i32
}

/// Log odds of a probability of `probability`/65536, times 256.
#[must_use]
pub const fn stretch(probability: u16) -> i32 {
    let probability = probability as u32;
    // What the probability zero would be taken for, too.
    let probability = if probability == 0 { 1 } else { probability };
    log2_within(probability) - log2_within(0x1_0000 - probability)
}

/// The probability, 1 to 65535, whose log odds times 256 are `odds`: the inverse of [`stretch`].
#[must_use]
pub const fn squash(odds: i32) -> u16 {
    squash_at(position(odds))
}

/// Log odds, limited, counted from the lowest.
pub(super) const fn position(odds: i32) -> u32 {
    let position = odds + LIMIT;
    if position < 0 {
        0
    } else if position < 2 * LIMIT {
        position as u32
    } else {
        2 * LIMIT as u32 - 1
    }
}

/// [`squash`] of what [`position`] made.
pub(super) const fn squash_at(position: u32) -> u16 {
    // Linear between entries that are a quarter of a bit apart.
    let (index, fraction) = (position >> 6, position & 63);
    let low = SQUASH[(index & 127) as usize] as u32;
    let high = SQUASH[((index + 1) & 127) as usize] as u32;
    (low + (((high - low) * fraction) >> 6)) as u16
}

/// 256·log2(1 + (i + ½)/64), rounded.
#[rustfmt::skip]
const LOG2_MANTISSA: [u8; 64] = [
    3, 9, 14, 20, 25, 30, 36, 41, 46, 51, 56, 61, 66, 71, 75, 80,
    85, 89, 94, 98, 103, 107, 111, 116, 120, 124, 128, 132, 136, 140, 144, 148,
    152, 155, 159, 163, 167, 170, 174, 178, 181, 185, 188, 192, 195, 198, 202, 205,
    208, 212, 215, 218, 221, 224, 228, 231, 234, 237, 240, 243, 246, 249, 252, 255,
];

/// 65536/(1 + 2^-x) for x from -12 in steps of ¼, rounded; entries after x = 12 pad the table to a power
/// of two, so that an index is masked instead of checked.
#[rustfmt::skip]
const SQUASH: [u16; 128] = [
    16, 19, 23, 27, 32, 38, 45, 54,
    64, 76, 90, 107, 128, 152, 181, 215,
    255, 303, 360, 428, 508, 603, 716, 850,
    1008, 1196, 1417, 1678, 1986, 2348, 2774, 3272,
    3855, 4534, 5322, 6233, 7282, 8481, 9845, 11384,
    13107, 15019, 17118, 19398, 21845, 24437, 27146, 29936,
    32768, 35600, 38390, 41099, 43691, 46138, 48418, 50517,
    52429, 54152, 55691, 57055, 58254, 59303, 60214, 61002,
    61681, 62264, 62762, 63188, 63550, 63858, 64119, 64340,
    64528, 64686, 64820, 64933, 65028, 65108, 65176, 65233,
    65281, 65321, 65355, 65384, 65408, 65429, 65446, 65460,
    65472, 65482, 65491, 65498, 65504, 65509, 65513, 65517,
    65520, 65520, 65520, 65520, 65520, 65520, 65520, 65520,
    65520, 65520, 65520, 65520, 65520, 65520, 65520, 65520,
    65520, 65520, 65520, 65520, 65520, 65520, 65520, 65520,
    65520, 65520, 65520, 65520, 65520, 65520, 65520, 65520,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squash_inverts_stretch_within_the_tables_precision() {
        for probability in 64..=65_472u16 {
            let error = i32::from(squash(stretch(probability))) - i32::from(probability);
            let least = i32::from(probability.min(u16::MAX - probability));
            assert!(error.abs() <= 4 + least / 32, "{probability}: {error}");
        }
    }

    #[test]
    fn both_are_monotone_and_never_certain() {
        for odds in -LIMIT - 10..LIMIT + 10 {
            assert!(squash(odds) <= squash(odds + 1));
            assert!(squash(odds) >= 1);
        }
        for probability in 1..u16::MAX {
            assert!(stretch(probability) <= stretch(probability + 1));
        }
    }
}
