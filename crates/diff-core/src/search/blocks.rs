//! A hash table of the aligned blocks of an image: where do these bytes begin a block?

use rayon::prelude::*;

pub(super) const BLOCK: usize = 32;

/// All blocks of an image by their contents.
///
/// Takes less than one byte of memory per byte of the image.
pub(super) struct Blocks {
    slots: Vec<Slot>,
    /// For each block the next one with the same tag.
    next: Vec<u32>,
    shift: u32,
}

/// An entry of a table with linear probing: the first block with this tag.
#[derive(Clone, Copy)]
struct Slot {
    tag: u32,
    first: u32,
}

/// The hash of a window of [`BLOCK`] bytes, which moves along an image byte by byte.
///
/// Karp and Rabin, "Efficient randomized pattern-matching algorithms" (1987), modulo 2^64. Equal hashes are only a
/// hint: bytes are compared before anything is believed.
#[derive(Clone, Copy)]
pub(super) struct Rolling(u64);

const NONE: u32 = u32::MAX;
const EMPTY: Slot = Slot { tag: 0, first: NONE };
/// Odd, with bits spread evenly: 2^64 divided by the golden ratio.
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
/// What a byte that leaves the window has been multiplied by.
const LEAVING: u64 = power(MULTIPLIER, BLOCK);
/// Blocks hashed as one unit of parallel work.
const CHUNK: usize = 1 << 14;

impl Blocks {
    /// Enters all whole blocks of an image of less than 4 GiB, but for those of one repeated byte: there are too
    /// many of them, and what lies around them finds its place without.
    pub(super) fn new(image: &[u8]) -> Self {
        let hashes = hashes(image);
        let size = (hashes.len() * 3 / 2).next_power_of_two().max(64);
        let shift = 64 - size.trailing_zeros();
        let mut blocks = Self { slots: vec![EMPTY; size], next: vec![NONE; hashes.len()], shift };
        // Backwards, so that the first of equal blocks comes first.
        for (block, hash) in hashes.iter().enumerate().rev() {
            if let Some(hash) = hash {
                blocks.insert(*hash, block as u32);
            }
        }
        blocks
    }

    /// Where blocks begin that probably have the contents of the window, in ascending order.
    pub(super) fn find(&self, window: Rolling) -> impl Iterator<Item = usize> + '_ {
        let first = self.slots[self.slot(window)].first;
        let follow = |&block: &u32| Some(self.next[block as usize]).filter(|&next| next != NONE);
        let chain = std::iter::successors(Some(first).filter(|&first| first != NONE), follow);
        chain.map(|block| block as usize * BLOCK)
    }

    fn insert(&mut self, hash: Rolling, block: u32) {
        let slot = self.slot(hash);
        self.next[block as usize] = self.slots[slot].first;
        self.slots[slot] = Slot { tag: hash.tag(), first: block };
    }

    /// The slot with this tag, or the empty one where it belongs.
    fn slot(&self, hash: Rolling) -> usize {
        let mut slot = (hash.0.wrapping_mul(MULTIPLIER) >> self.shift) as usize;
        while self.slots[slot].first != NONE && self.slots[slot].tag != hash.tag() {
            slot = (slot + 1) % self.slots.len();
        }
        slot
    }
}

impl Rolling {
    /// The window over the first bytes of `bytes`, of which there must be enough.
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self(bytes[..BLOCK].iter().fold(0, |hash, &byte| enter(hash, byte)))
    }

    pub(super) fn roll(self, leaving: u8, entering: u8) -> Self {
        Self(enter(self.0, entering).wrapping_sub((u64::from(leaving) + 1).wrapping_mul(LEAVING)))
    }

    const fn tag(self) -> u32 {
        (self.0 >> 32) as u32 ^ self.0 as u32
    }
}

fn enter(hash: u64, byte: u8) -> u64 {
    hash.wrapping_mul(MULTIPLIER).wrapping_add(u64::from(byte) + 1)
}

/// The hash of each block, or nothing for a block of one repeated byte.
fn hashes(image: &[u8]) -> Vec<Option<Rolling>> {
    let hash = |block: &[u8]| block.iter().any(|&byte| byte != block[0]).then(|| Rolling::new(block));
    image.par_chunks_exact(BLOCK).with_min_len(CHUNK).map(hash).collect()
}

const fn power(base: u64, exponent: usize) -> u64 {
    let (mut result, mut done) = (1u64, 0);
    while done < exponent {
        result = result.wrapping_mul(base);
        done += 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_block_is_found(image in prop::collection::vec(0..4u8, 0..2000)) {
            let blocks = Blocks::new(&image);
            for (index, block) in image.chunks_exact(BLOCK).enumerate() {
                let monotonous = block.iter().all(|&byte| byte == block[0]);
                let found = blocks.find(Rolling::new(block)).any(|at| at == index * BLOCK);
                prop_assert_eq!(found, !monotonous);
            }
        }

        #[test]
        fn a_rolled_window_is_like_a_new_one(image in prop::collection::vec(any::<u8>(), BLOCK..200)) {
            let mut window = Rolling::new(&image);
            for start in 1..=image.len() - BLOCK {
                window = window.roll(image[start - 1], image[start + BLOCK - 1]);
                prop_assert_eq!(window.0, Rolling::new(&image[start..]).0);
            }
        }
    }
}
