//! A filter of one bit per slot that excludes eight-byte strings which do not occur in the base.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::compare::word;

/// Length of the strings the filter knows about.
pub(super) const GRAM: usize = 8;

/// Every string of [`GRAM`] bytes of an image, hashed into a table of bits.
///
/// One bit costs one cache miss where a suffix array lookup costs dozens. The table has between four and eight bits
/// per byte of the image, so at most a fifth of the strings that do not occur are let through; large images have half
/// of that, for the sake of memory.
pub(super) struct GramFilter {
    bits: Vec<AtomicU64>,
    shift: u32,
}

impl GramFilter {
    pub(super) fn build(image: &[u8]) -> Self {
        let bits = if image.len() > LARGE { 4 } else { 8 };
        let slots = (image.len().max(64) * bits + 1).next_power_of_two() / 2;
        let mut bits = Vec::new();
        bits.resize_with(slots / 64, AtomicU64::default);
        let filter = Self { bits, shift: 64 - slots.trailing_zeros() };
        // Chunks overlap by one gram less a byte, so that every gram lies in exactly one of them.
        let starts = image.len().saturating_sub(GRAM - 1);
        (0..starts).into_par_iter().step_by(CHUNK).for_each(|start| {
            let end = (start + CHUNK).min(starts) + GRAM - 1;
            filter.insert_all(&image[start..end]);
        });
        filter
    }

    /// False only if the first [`GRAM`] bytes of `bytes` occur nowhere in the image.
    pub(super) fn may_contain(&self, bytes: &[u8]) -> bool {
        let (slot, bit) = self.place(bytes);
        self.bits[slot].load(Ordering::Relaxed) & bit != 0
    }

    fn insert_all(&self, bytes: &[u8]) {
        for gram in bytes.windows(GRAM) {
            let (slot, bit) = self.place(gram);
            // Images are full of repeated strings: looking first saves the costly atomic write.
            if self.bits[slot].load(Ordering::Relaxed) & bit == 0 {
                self.bits[slot].fetch_or(bit, Ordering::Relaxed);
            }
        }
    }

    fn place(&self, gram: &[u8]) -> (usize, u64) {
        let hash = word(gram).wrapping_mul(MULTIPLIER);
        // The multiplication leaves the last bytes of the string mostly in the top bits; fold and spread once more.
        let hash = (hash ^ (hash >> 32)).wrapping_mul(MULTIPLIER) >> self.shift;
        ((hash / 64) as usize, 1 << (hash % 64))
    }
}

/// Images with more bytes than this have a smaller table.
const LARGE: usize = 16 << 20;
/// Grams inserted by one unit of parallel work.
const CHUNK: usize = 1 << 18;

/// Odd, with bits spread evenly: 2^64 divided by the golden ratio.
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_string_of_the_image_is_denied(image in prop::collection::vec(any::<u8>(), 0..300)) {
            let filter = GramFilter::build(&image);
            prop_assert!(image.windows(GRAM).all(|gram| filter.may_contain(gram)));
        }
    }

    #[test]
    fn most_strings_that_do_not_occur_are_denied() {
        let image: Vec<u8> = (0..CHUNK as u32).flat_map(u32::to_le_bytes).collect();
        let filter = GramFilter::build(&image);
        let absent = (1u64 << 40..).take(10_000);
        let passed = absent.filter(|number| filter.may_contain(&number.to_le_bytes())).count();
        assert!(passed < 2500, "{passed} of 10000 let through");
    }
}
