//! From exact matches to covers: extension over isolated differences, and where one cover gives way to the next.

use rayon::prelude::*;

use super::matches::Match;
use super::seed::Seed;

/// The two images, to count equal bytes at a displacement.
#[derive(Clone, Copy)]
struct Images<'a> {
    old: &'a [u8],
    new: &'a [u8],
}

/// What becomes of the bytes between two seeds: the first cover ends and the second starts here.
#[derive(Clone, Copy)]
struct Gap {
    first_end: usize,
    second_start: usize,
}

/// A gap this small between two covers of one displacement is cheaper to carry along than to leave out.
const SMALL_GAP: usize = 8;

/// Grows every seed into a cover.
///
/// A seed always belongs to its own cover, so the gaps between seeds can be settled independently of each other.
pub(super) fn covers(old: &[u8], new: &[u8], seeds: &[Seed]) -> Vec<Match> {
    let images = Images { old, new };
    let gaps: Vec<Gap> = seeds.par_windows(2).map(|pair| images.settle(&pair[0], &pair[1])).collect();
    let mut covers = Vec::with_capacity(seeds.len());
    let mut start = 0;
    for (i, seed) in seeds.iter().enumerate() {
        let gap = gaps.get(i).copied().unwrap_or_else(|| images.last_gap(seed));
        images.append(&mut covers, cover(seed, start, gap.first_end));
        start = gap.second_start;
    }
    covers
}

/// The cover of the new image from `start` to `end` at the displacement of a seed.
fn cover(seed: &Seed, start: usize, end: usize) -> Match {
    let old_start = start.wrapping_add_signed(seed.displacement());
    Match { new_start: start as u32, old_start: old_start as u32, length: (end - start) as u32 }
}

impl Images<'_> {
    fn settle(self, first: &Seed, second: &Seed) -> Gap {
        let first_end = first.end() + self.forward(first, second.new_start);
        let second_start = second.new_start - self.backward(second, first.end());
        if first_end <= second_start {
            return Gap { first_end, second_start };
        }
        let split = self.best_split(first, second, second_start, first_end);
        Gap { first_end: split, second_start: split }
    }

    fn last_gap(self, seed: &Seed) -> Gap {
        let first_end = seed.end() + self.forward(seed, self.new.len());
        Gap { first_end, second_start: self.new.len() }
    }

    /// How far to extend a seed towards `limit` so that equal bytes exceed unequal ones by most.
    fn forward(self, seed: &Seed, limit: usize) -> usize {
        let old = &self.old[seed.old_start + seed.length..];
        best_extension(self.new[seed.end()..limit].iter().zip(old))
    }

    /// How far to extend a seed back towards `limit` so that equal bytes exceed unequal ones by most.
    fn backward(self, seed: &Seed, limit: usize) -> usize {
        let old = &self.old[..seed.old_start];
        best_extension(self.new[limit..seed.new_start].iter().rev().zip(old.iter().rev()))
    }

    /// Where between `start` and `end`, which both covers could take, to go from the first to the second.
    fn best_split(self, first: &Seed, second: &Seed, start: usize, end: usize) -> usize {
        let old = |seed: &Seed| &self.old[start.wrapping_add_signed(seed.displacement())..];
        let candidates = self.new[start..end].iter().zip(old(first).iter().zip(old(second)));
        let (mut score, mut best, mut best_length) = (0i64, 0, 0);
        for (i, (new, (first, second))) in candidates.enumerate() {
            score += i64::from(new == first) - i64::from(new == second);
            if score > best {
                (best, best_length) = (score, i + 1);
            }
        }
        start + best_length
    }

    /// Adds a cover to the list, or to the last one in it if it merely continues that.
    fn append(self, covers: &mut Vec<Match>, next: Match) {
        if next.length == 0 {
            return;
        }
        match covers.last_mut() {
            Some(last) if self.continues(last, &next) => {
                last.length = next.new_start + next.length - last.new_start
            }
            _ => covers.push(next),
        }
    }

    /// Whether `next` has the displacement of `last` and little or mostly equal bytes lie between them.
    fn continues(self, last: &Match, next: &Match) -> bool {
        let displacement = |cover: &Match| i64::from(cover.old_start) - i64::from(cover.new_start);
        if displacement(last) != displacement(next) {
            return false;
        }
        let gap = (last.new_start + last.length) as usize..next.new_start as usize;
        let old = &self.old[(last.old_start + last.length) as usize..next.old_start as usize];
        let equal = self.new[gap.clone()].iter().zip(old).filter(|(a, b)| a == b).count();
        gap.len() <= SMALL_GAP || equal * 2 >= gap.len()
    }
}

/// The number of pairs to take so that equal ones exceed unequal ones by most, and the fewest such.
fn best_extension<'a>(pairs: impl Iterator<Item = (&'a u8, &'a u8)>) -> usize {
    let (mut score, mut best, mut length) = (0i64, 0, 0);
    for (i, (a, b)) in pairs.enumerate() {
        score += if a == b { 1 } else { -1 };
        if score > best {
            (best, length) = (score, i + 1);
        }
    }
    length
}
