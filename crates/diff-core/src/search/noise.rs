//! Bytes for unit tests, which cannot have the testkit: packed crates have no dependency on it.

/// Bytes that look random and are always the same, of which there are `alphabet` different ones.
pub(crate) fn noise(length: usize, alphabet: u32, mut state: u64) -> Vec<u8> {
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 32) as u32 % alphabet) as u8
    };
    (0..length).map(|_| next()).collect()
}
