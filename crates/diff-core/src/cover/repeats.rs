//! Repeats within the new image: for every position, earlier positions that begin with the same bytes.

/// Bytes that two positions must share to be linked.
pub const LEAST_REPEAT: usize = 4;
/// Links followed at most from one position.
const MOST_LINKS: usize = 24;
const NONE: u32 = u32::MAX;

/// A repeat: `length` bytes that also begin `distance` bytes earlier.
#[derive(Clone, Copy, Debug)]
pub struct Repeat {
    /// How far back, at least one byte.
    pub distance: u32,
    /// Bytes that agree.
    pub length: u32,
}

/// Chains of positions with equal beginnings.
pub struct Repeats<'a> {
    image: &'a [u8],
    /// For each position the nearest earlier one with the same hash.
    previous: Vec<u32>,
}

impl<'a> Repeats<'a> {
    /// Links all positions of `image`; takes up to six bytes of memory per byte.
    #[must_use]
    pub fn new(image: &'a [u8]) -> Self {
        let bits = (usize::BITS - image.len().leading_zeros()).saturating_sub(1).clamp(10, 22);
        let mut heads = vec![NONE; 1 << bits];
        let mut previous = vec![NONE; image.len()];
        for (position, window) in image.windows(LEAST_REPEAT).enumerate() {
            let head = &mut heads[hash(window, bits)];
            previous[position] = *head;
            *head = position as u32;
        }
        Self { image, previous }
    }

    /// Ever longer repeats at `position`, each the nearest of its length, none longer than `limit`.
    pub fn at(&self, position: usize, limit: usize, found: &mut Vec<Repeat>) {
        found.clear();
        let here = &self.image[position..(position + limit).min(self.image.len())];
        let mut best = LEAST_REPEAT - 1;
        let mut other = self.previous.get(position).copied().unwrap_or(NONE);
        for _ in 0..MOST_LINKS {
            if other == NONE || best >= here.len() {
                return;
            }
            let there = &self.image[other as usize..];
            // A longer repeat must agree just after the best one so far.
            if there.get(best) == here.get(best) {
                let length = crate::search::common_prefix(here, there);
                if length > best {
                    best = length;
                    found.push(Repeat { distance: position as u32 - other, length: length as u32 });
                }
            }
            other = self.previous[other as usize];
        }
    }
}

fn hash(window: &[u8], bits: u32) -> usize {
    let word = window.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
    (word.wrapping_mul(0x9E37_79B1) >> (32 - bits)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn repeats_are_true_and_ever_longer(image in prop::collection::vec(0..4u8, 0..300), limit in 1..50usize) {
            let repeats = Repeats::new(&image);
            let mut found = Vec::new();
            for position in 0..image.len() {
                repeats.at(position, limit, &mut found);
                prop_assert!(found.is_sorted_by(|a, b| a.length < b.length && a.distance < b.distance));
                for repeat in &found {
                    let (start, length) = (position - repeat.distance as usize, repeat.length as usize);
                    prop_assert!(length <= limit && length >= LEAST_REPEAT.min(limit));
                    prop_assert!((0..length).all(|at| image[start + at] == image[position + at]));
                }
            }
        }
    }
}
