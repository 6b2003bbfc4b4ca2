//! Repeats within the target: for every position, earlier positions that begin with the same bytes.

use std::ops::Range;

/// Links followed at most from one position: 24 are not worth their time.
const MOST_LINKS: usize = 16;
const NONE: u32 = u32::MAX;
/// Where only parts of an image are linked, this many bytes before each are, too. Without them, kernels are 0.2 % larger.
const MARGIN: usize = 1 << 12;

/// A repeat: `length` bytes that also begin `distance` bytes earlier.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Repeat {
    /// How far back, at least one byte.
    pub(crate) distance: u32,
    pub(crate) length: u32,
}

/// Chains of positions with equal beginnings.
pub(crate) struct Repeats<'a> {
    image: &'a [u8],
    /// Bytes that two positions must share to be linked, four or five: the fewer, the longer are chains of what is of no use.
    least: usize,
    /// What is linked: ascending stretches, each with the number of positions before it.
    stretches: Vec<(Range<usize>, usize)>,
    /// All linked positions; none are stored if there is one stretch only.
    positions: Vec<u32>,
    /// For each linked position, by number, the nearest earlier one with the same hash.
    previous: Vec<u32>,
}

impl<'a> Repeats<'a> {
    /// Links all positions of `image` that share `least` bytes; takes up to six bytes of memory per byte.
    pub(crate) fn new(image: &'a [u8], least: usize) -> Self {
        Self::within(image, least, std::iter::once(0..image.len()))
    }

    /// Links the positions of some stretches of `image`, which ascend, and of what is just before each.
    pub(crate) fn around(
        image: &'a [u8],
        least: usize,
        stretches: impl Iterator<Item = Range<usize>>,
    ) -> Self {
        let mut linked: Vec<Range<usize>> = Vec::new();
        for stretch in stretches {
            let start = stretch.start.saturating_sub(MARGIN);
            match linked.last_mut() {
                Some(last) if start <= last.end => last.end = stretch.end,
                _ => linked.push(start..stretch.end),
            }
        }
        Self::within(image, least, linked.into_iter())
    }

    /// Links the positions of some stretches of `image`, which ascend; takes up to ten bytes of memory for each.
    fn within(image: &'a [u8], least: usize, stretches: impl Iterator<Item = Range<usize>>) -> Self {
        let mut count = 0;
        let number = |stretch: Range<usize>| {
            let before = count;
            count += stretch.len();
            (stretch, before)
        };
        let stretches: Vec<_> = stretches.map(number).collect();
        let mut repeats =
            Self { image, least, stretches, positions: Vec::new(), previous: vec![NONE; count] };
        if repeats.stretches.len() > 1 {
            let all = repeats.stretches.iter().flat_map(|(stretch, _)| stretch.clone());
            repeats.positions = all.map(|position| position as u32).collect();
        }
        repeats.link();
        repeats
    }

    /// What repeats.
    pub(crate) fn image(&self) -> &'a [u8] {
        self.image
    }

    fn link(&mut self) {
        let count = self.previous.len();
        let bits = (usize::BITS - count.leading_zeros()).saturating_sub(1).clamp(10, 22);
        let mut heads = vec![NONE; 1 << bits];
        for (stretch, before) in &self.stretches {
            let end = self.image.len().min(stretch.end + self.least - 1);
            for (place, window) in self.image[stretch.start..end].windows(self.least).enumerate() {
                let head = &mut heads[hash(window, bits)];
                self.previous[before + place] = *head;
                *head = (before + place) as u32;
            }
        }
    }

    /// Ever longer repeats at `position`, each the nearest of its length, none longer than `limit`.
    pub(crate) fn at(&self, position: usize, limit: usize, found: &mut Vec<Repeat>) {
        found.clear();
        let here = &self.image[position..(position + limit).min(self.image.len())];
        let mut best = self.least - 1;
        let mut link = self.number(position).map_or(NONE, |number| self.previous[number]);
        for _ in 0..MOST_LINKS {
            if link == NONE || best >= here.len() {
                return;
            }
            let other = self.position(link as usize);
            let there = &self.image[other..];
            // A longer repeat must agree just after the best one so far.
            if there.get(best) == here.get(best) {
                let length = crate::search::common_prefix(here, there);
                if length > best {
                    best = length;
                    found.push(Repeat { distance: (position - other) as u32, length: length as u32 });
                }
            }
            link = self.previous[link as usize];
        }
    }

    /// The number of a position, if it is linked.
    fn number(&self, position: usize) -> Option<usize> {
        let after = self.stretches.partition_point(|(stretch, _)| stretch.start <= position);
        let (stretch, before) = self.stretches.get(after.checked_sub(1)?)?;
        stretch.contains(&position).then(|| before + position - stretch.start)
    }

    fn position(&self, number: usize) -> usize {
        match &self.stretches[..] {
            [(only, _)] => only.start + number,
            _ => self.positions[number] as usize,
        }
    }
}

/// Cuts a list into groups whose stretches of an image are about `size` bytes together, with what is linked before each.
pub(crate) fn groups<'a, T, S: Iterator<Item = Range<usize>>>(
    mut all: &'a [T],
    size: usize,
    stretches: impl Fn(&'a T) -> S,
) -> impl Iterator<Item = &'a [T]> {
    std::iter::from_fn(move || {
        let (mut bytes, mut last_end) = (0, 0);
        let full = |element: &'a T| {
            for stretch in stretches(element) {
                bytes += stretch.end - stretch.start.saturating_sub(MARGIN).max(last_end);
                last_end = stretch.end;
            }
            bytes >= size
        };
        let count = all.iter().position(full).map_or(all.len(), |last| last + 1);
        let (group, rest) = all.split_at(count);
        all = rest;
        (!group.is_empty()).then_some(group)
    })
}

fn hash(window: &[u8], bits: u32) -> usize {
    let word = window.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
    let string = u64::from(word) | window.get(4).map_or(0, |&fifth| u64::from(fifth) << 32);
    (string.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - bits)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn repeats_are_true_and_ever_longer(image in prop::collection::vec(0..4u8, 0..300), limit in 1..50usize, least in 4..=5usize) {
            let repeats = Repeats::new(&image, least);
            let mut found = Vec::new();
            for position in 0..image.len() {
                repeats.at(position, limit, &mut found);
                prop_assert!(found.is_sorted_by(|a, b| a.length < b.length && a.distance < b.distance));
                for repeat in &found {
                    let (start, length) = (position - repeat.distance as usize, repeat.length as usize);
                    prop_assert!(length <= limit && length >= least.min(limit));
                    prop_assert!((0..length).all(|at| image[start + at] == image[position + at]));
                }
            }
        }

        #[test]
        fn only_what_is_linked_repeats(
            image in prop::collection::vec(0..2u8, 300), mut ends in prop::collection::vec(0..300usize, 6),
        ) {
            ends.sort_unstable();
            let linked: Vec<_> = ends.chunks_exact(2).map(|pair| pair[0]..pair[1]).collect();
            let repeats = Repeats::within(&image, 4, linked.iter().cloned());
            let is_linked = |position: usize| linked.iter().any(|stretch| stretch.contains(&position));
            let mut found = Vec::new();
            for position in 0..image.len() {
                repeats.at(position, 40, &mut found);
                prop_assert!(found.is_empty() || is_linked(position));
                for repeat in &found {
                    let (start, length) = (position - repeat.distance as usize, repeat.length as usize);
                    prop_assert!(is_linked(start));
                    prop_assert_eq!(&image[start..start + length], &image[position..position + length]);
                }
            }
        }
    }
}
