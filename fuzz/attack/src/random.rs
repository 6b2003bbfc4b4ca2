//! Numbers that depend on the case only, and what they do to bytes.

/// SplitMix64: every seed is a good one, also the next number.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Less than `end`, or 0.
    pub const fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { (self.next() % end as u64) as usize }
    }

    pub const fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }
}

/// Flips, replaces, removes, inserts, repeats or cuts off, one to eight times.
pub fn mutate(random: &mut Random, bytes: &mut Vec<u8>) {
    for _ in 0..=random.below(8) {
        let at = random.below(bytes.len());
        let count = 1 + random.below(bytes.len().saturating_sub(at).min(64));
        let end = (at + count).min(bytes.len());
        match random.below(10) {
            0..4 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            4 => bytes[at..end].fill_with(|| random.next() as u8),
            5 => bytes[at..end].fill(*random.pick(&[0, 0xFF, 0x7F, 0x80])),
            6 => drop(bytes.drain(at..end)),
            7 => {
                let inserted = random.bytes(count.min(32));
                bytes.splice(at..at, inserted);
            }
            8 => bytes.extend_from_within(at..end),
            9 => bytes.truncate(at),
            _ => bytes.push(random.next() as u8),
        }
    }
}
