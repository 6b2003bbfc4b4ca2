//! What the models remember of covers: the displacements used last, and how a new one is coded against them.

/// What a cover's first bytes are taken to follow: a change some bytes ago.
pub(crate) const FRESH: u32 = 1 << 6;

/// Makes a displacement the most recent one.
pub(crate) fn remember(recent: &mut [i64; 4], displacement: i64) {
    let place = recent.iter().position(|&known| known == displacement).unwrap_or(3);
    recent[..=place].rotate_right(1);
    recent[0] = displacement;
}

/// A signed number as the models code it.
pub(crate) const fn folded(value: i64) -> u32 {
    (value << 1 ^ value >> 63) as u32
}
