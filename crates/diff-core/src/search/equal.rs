//! Equal stretches: long parts of the target that the base has too, found before anything is sorted.
//!
//! Every aligned block of the base is in a hash table, and a window of a block's size slides over the target.
//! Nothing is asked about a stretch once it is known, so that this takes a small part of the time of a suffix array.
//! What is left for that one is the rest.
//!
//! A stretch that is chosen stays, so what might be chance is left to the scan: padding, contents that many blocks
//! have, and what is hardly better than the displacement followed.

use std::cmp::Reverse;

use rayon::prelude::*;

use super::blocks::{BLOCK, Blocks, Rolling};
use super::compare::common_prefix;
use super::matches::Seed;
use super::text::Text;
use crate::limits::LARGE;

/// Long parts of a target that the base has too.
#[derive(Debug, Default)]
pub struct Equal {
    /// In ascending order, not overlapping in the target.
    stretches: Vec<Seed>,
    /// Bytes of the target outside.
    rest: usize,
}

/// Bytes of the target that are searched as one unit of parallel work.
const CHUNK: usize = 8 << 20;
/// A stretch must have this many bytes that differ from the fourth byte before, unless it carries on with the
/// displacement followed. A match elsewhere breaks a cover with a few differences: at half as many, a root file system
/// of 144 MB comes out 1.4 % larger than without this search, at as many 0.3 %.
const SUBSTANCE: usize = 2048;
/// Contents that more blocks than this have are ambiguous.
const RIVALS: usize = 8;
/// How far to compare before one of them is chosen.
const LOOK: usize = 4096;
/// A stretch must have more equal bytes than the displacement followed by more than this, as in the scan.
const THRESHOLD: usize = 8;

struct Chunk<'a> {
    base: &'a [u8],
    /// The target up to the end of the chunk.
    target: &'a [u8],
    blocks: &'a Blocks,
    /// What comes before belongs to other stretches, or to another chunk.
    floor: usize,
    position: usize,
    /// Base position less target position of the last stretch.
    displacement: Option<isize>,
}

impl Equal {
    /// Finds them, for a base of less than 4 GiB; the result does not depend on the number of threads.
    #[must_use]
    pub fn find(base: &[u8], target: &[u8]) -> Self {
        let blocks = Blocks::new(base);
        let starts: Vec<usize> = (0..target.len()).step_by(CHUNK).collect();
        let search = |&start: &usize| {
            let target = &target[..target.len().min(start + CHUNK)];
            Chunk { base, target, blocks: &blocks, floor: start, position: start, displacement: None }
                .collect()
        };
        let chunks: Vec<Vec<Seed>> = starts.par_iter().map(search).collect();
        let mut stretches = Vec::new();
        for (chunk, start) in chunks.iter().zip(starts) {
            join(&mut stretches, chunk, start, &target[..target.len().min(start + CHUNK)], base);
        }
        let held: usize = stretches.iter().map(|stretch| stretch.length).sum();
        Self { rest: target.len() - held, stretches }
    }

    /// Finds them in images that are too large to sort all of the base as a matter of course.
    #[must_use]
    pub fn find_in_large(base: &[u8], target: &[u8]) -> Self {
        if base.len() > LARGE { Self::find(base, target) } else { Self::default() }
    }

    pub(super) fn stretches(&self) -> &[Seed] {
        &self.stretches
    }

    /// What is worth sorting to find the rest; of a large base, at most `eighths` eighths.
    pub(super) fn text<'a>(&self, base: &'a [u8], eighths: usize) -> Text<'a> {
        let limit = if base.len() > LARGE { base.len() / 8 * eighths } else { base.len() };
        Text::around(base, &self.stretches, self.rest, limit)
    }
}

/// Appends the stretches of the chunk that begins at `start`; one that reached its border is carried on beyond.
fn join(joined: &mut Vec<Seed>, chunk: &[Seed], start: usize, target: &[u8], base: &[u8]) {
    if let Some(last) = joined.last_mut().filter(|last| last.end() == start) {
        last.length += common_prefix(&target[start..], &base[last.base_start + last.length..]);
    }
    let floor = joined.last().map_or(0, Seed::end);
    for stretch in chunk {
        let known = floor.saturating_sub(stretch.target_start).min(stretch.length);
        if known == 0 || stretch.length - known >= SUBSTANCE {
            joined.push(stretch.without(known));
        }
    }
}

impl Iterator for Chunk<'_> {
    type Item = Seed;

    fn next(&mut self) -> Option<Seed> {
        let mut window = None;
        while self.position + BLOCK <= self.target.len() {
            let limit = self.target.len().min(self.position + LOOK);
            let carried = self.displacement.map_or(0, |followed| self.equal_ahead(followed, limit));
            if carried >= BLOCK {
                if let Some(stretch) = self.carry_on(carried) {
                    return Some(stretch);
                }
                continue;
            }
            let here = self.window(window);
            window = Some((self.position, here));
            match self.best(here, limit) {
                None => self.position += 1,
                // A stretch that begins meanwhile is found a block later, and grows back.
                Some((_, length)) if !self.is_substantial(length) => self.position += BLOCK,
                Some((start, length)) if self.wins(length) => return Some(self.take(start)),
                // The displacement followed is nearly as good: on to where it differs.
                Some(_) => self.position += carried + 1,
            }
        }
        None
    }
}

impl Chunk<'_> {
    /// Takes `length` equal bytes at the displacement followed, or leaves them to the scan.
    fn carry_on(&mut self, length: usize) -> Option<Seed> {
        let displacement = self.displacement?;
        if self.is_substantial(length) || !self.differs_often(displacement, self.floor, self.position) {
            return Some(self.take(self.position.wrapping_add_signed(displacement)));
        }
        self.position += length;
        None
    }

    /// The window at the position, given the last one and where it was.
    fn window(&self, last: Option<(usize, Rolling)>) -> Rolling {
        match last {
            Some((at, window)) if at + 1 == self.position => {
                window.roll(self.target[at], self.target[at + BLOCK])
            }
            _ => Rolling::new(&self.target[self.position..]),
        }
    }

    const fn displacement_of(&self, base: usize) -> isize {
        base as isize - self.position as isize
    }

    /// How many bytes from the position to `limit` are equal at a displacement.
    fn equal_ahead(&self, displacement: isize, limit: usize) -> usize {
        let base = self.position.checked_add_signed(displacement).and_then(|start| self.base.get(start..));
        common_prefix(&self.target[self.position..limit], base.unwrap_or_default())
    }

    /// Of the blocks that begin like the window, the one that agrees longest up to `limit`, or else is nearest to the
    /// displacement followed: where it begins, and for how long it agrees.
    fn best(&self, window: Rolling, limit: usize) -> Option<(usize, usize)> {
        if self.blocks.find(window).nth(RIVALS).is_some() {
            return None;
        }
        let length = |start: usize| (start, self.equal_ahead(self.displacement_of(start), limit));
        let distance = |start: usize| self.displacement_of(start).abs_diff(self.displacement.unwrap_or(0));
        let rivals = self.blocks.find(window).map(length).filter(|&(_, length)| length >= BLOCK);
        rivals.max_by_key(|&(start, length)| (length, Reverse((distance(start), start))))
    }

    /// Whether the `length` bytes from the position on are more than padding.
    fn is_substantial(&self, length: usize) -> bool {
        let here = &self.target[self.position..self.position + length];
        let changes = here.iter().skip(4).zip(here).filter(|(byte, before)| byte != before);
        changes.take(SUBSTANCE).count() == SUBSTANCE
    }

    /// Whether a displacement has more than [`THRESHOLD`] mismatches in this part of the target.
    fn differs_often(&self, displacement: isize, from: usize, to: usize) -> bool {
        let differs =
            |&at: &usize| self.base.get(at.wrapping_add_signed(displacement)) != Some(&self.target[at]);
        (from..to).filter(differs).nth(THRESHOLD).is_some()
    }

    /// Whether a match of this length from the position on is better than carrying on with the last displacement.
    fn wins(&self, length: usize) -> bool {
        let end = self.position + length;
        self.displacement.is_none_or(|followed| self.differs_often(followed, self.position, end))
    }

    /// Grows a match at the position in both directions, and goes to its end.
    fn take(&mut self, base_start: usize) -> Seed {
        let displacement = self.displacement_of(base_start);
        let length = self.equal_ahead(displacement, self.target.len());
        let before = self.target[self.floor..self.position].iter().rev();
        let pairs = before.zip(self.base[..base_start].iter().rev());
        let grown = pairs.take_while(|(target, base)| target == base).count();
        let target_start = self.position - grown;
        self.position += length;
        self.floor = self.position;
        self.displacement = Some(displacement);
        Seed { target_start, base_start: base_start - grown, length: length + grown }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::search::noise;

    fn check(base: &[u8], target: &[u8]) -> Vec<Seed> {
        let stretches = Equal::find(base, target).stretches;
        let mut end = 0;
        for stretch in &stretches {
            assert!(stretch.target_start >= end && stretch.length >= BLOCK, "{stretch:?}");
            end = stretch.end();
            assert_eq!(base[stretch.base_start..][..stretch.length], target[stretch.target_start..end]);
        }
        stretches
    }

    proptest! {
        #[test]
        fn stretches_are_equal(
            base in prop::collection::vec(0..2u8, 0..3000), target in prop::collection::vec(0..2u8, 0..3000),
        ) {
            check(&base, &target);
        }

        #[test]
        fn long_ones_are_found_wherever_they_went(
            seed: u64, from in 0..10_000usize, length in 2300..5000usize, before in 0..500usize, after in 0..500usize,
        ) {
            let base = noise(15_000, 256, seed);
            let target = [&noise(before, 256, seed ^ 1), &base[from..from + length], &noise(after, 256, seed ^ 2)].concat();
            let covered: usize = check(&base, &target).iter().map(|stretch| stretch.length).sum();
            prop_assert!(covered >= length);
        }
    }

    #[test]
    fn borders_of_chunks_do_not_show() {
        let base = noise(3 * CHUNK, 256, 1);
        let target = [&base[CHUNK / 2 * 3..], &base[..CHUNK / 2 * 3]].concat();
        let stretches = check(&base, &target);
        assert_eq!(stretches.len(), 2);
        assert_eq!(stretches.iter().map(|stretch| stretch.length).sum::<usize>(), target.len());
    }
}
