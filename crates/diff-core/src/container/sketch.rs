//! Sketches: a sample of the short strings in some bytes, to estimate resemblance without comparing them.

use std::collections::HashSet;

const GRAM: usize = 16;
/// One string in this many is kept, chosen by its hash, so that both sides choose the same.
const ONE_OF: u32 = 32;

#[derive(Clone, Debug, Default)]
pub(crate) struct Sketch {
    hashes: Vec<u32>,
}

impl Sketch {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let mut hashes = Vec::new();
        let Some((first, _)) = bytes.split_at_checked(GRAM) else { return Self { hashes } };
        let mut hash = first.iter().fold(0u32, |hash, &byte| push(hash, byte));
        let leaving = (0..GRAM).fold(1u32, |power, _| power.wrapping_mul(FACTOR));
        keep(&mut hashes, hash);
        for (&base, &target) in bytes.iter().zip(&bytes[GRAM..]) {
            hash = push(hash, target).wrapping_sub(leaving.wrapping_mul(u32::from(base) + 1));
            keep(&mut hashes, hash);
        }
        hashes.sort_unstable();
        hashes.dedup();
        Self { hashes }
    }

    /// The hashes of the strings that are kept, in order.
    pub(crate) fn hashes(&self) -> &[u32] {
        &self.hashes
    }

    pub(crate) fn add_to(&self, set: &mut HashSet<u32>) {
        set.extend(&self.hashes);
    }

    /// Whether nothing of it was sampled: it is short, or the same few strings again and again.
    pub(crate) fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Which part of it is in a set, of 256; what has no sample is taken for known.
    pub(crate) fn known(&self, set: &HashSet<u32>) -> usize {
        let count = self.hashes.iter().filter(|hash| set.contains(hash)).count();
        (count * 256).checked_div(self.hashes.len()).unwrap_or(256)
    }
}

const FACTOR: u32 = 0x0100_0193;

const fn push(hash: u32, byte: u8) -> u32 {
    hash.wrapping_mul(FACTOR).wrapping_add(byte as u32 + 1)
}

fn keep(hashes: &mut Vec<u32>, hash: u32) {
    let mixed = hash.wrapping_mul(0x9E37_79B9);
    if mixed >> 16 < (1 << 16) / ONE_OF {
        hashes.push(mixed.rotate_left(16) ^ hash);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shared_is_known_wherever_it_is() {
        let noise = |seed| crate::search::noise(20_000, 256, seed);
        let (one, other) = (noise(1), noise(2));
        let mut set = HashSet::new();
        Sketch::new(&one).add_to(&mut set);
        assert_eq!(Sketch::new(&one[777..15_000]).known(&set), 256);
        assert!(Sketch::new(&other).known(&set) < 8);
        let half = [&one[5..10_005], &other[..10_000]].concat();
        assert!((100..156).contains(&Sketch::new(&half).known(&set)));
        assert_eq!(Sketch::new(b"short").known(&set), 256);
    }
}
