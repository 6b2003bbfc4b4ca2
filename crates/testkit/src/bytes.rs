//! Random numbers and bytes, always the same.

/// A linear congruential generator (Knuth, MMIX).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The generator that begins at `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `limit`, which must not be zero.
    pub fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 32) % u64::from(limit)) as u32
    }
}

/// Random bytes below `alphabet`.
pub fn noise(length: usize, alphabet: u32, seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    (0..length).map(|_| random.below(alphabet) as u8).collect()
}
