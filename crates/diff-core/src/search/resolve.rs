//! From exact matches to covers: extension over isolated differences, and where one cover gives way to the next.

use rayon::prelude::*;

use super::matches::{Match, Seed};
use crate::images::Images;

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
pub(super) fn covers(base: &[u8], target: &[u8], seeds: &[Seed]) -> Vec<Match> {
    let images = Images { base, target };
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

/// The cover of the target from `start` to `end` at the displacement of a seed.
fn cover(seed: &Seed, start: usize, end: usize) -> Match {
    let base_start = start.wrapping_add_signed(seed.displacement());
    Match { target_start: start as u32, base_start: base_start as u32, length: (end - start) as u32 }
}

impl Images<'_> {
    fn settle(self, first: &Seed, second: &Seed) -> Gap {
        let first_end = first.end() + self.forward(first, second.target_start);
        let second_start = second.target_start - self.backward(second, first.end());
        if first_end <= second_start {
            return Gap { first_end, second_start };
        }
        let split = self.best_split(first, second, second_start, first_end);
        Gap { first_end: split, second_start: split }
    }

    fn last_gap(self, seed: &Seed) -> Gap {
        let first_end = seed.end() + self.forward(seed, self.target.len());
        Gap { first_end, second_start: self.target.len() }
    }

    /// How far to extend a seed towards `limit` so that equal bytes exceed unequal ones by most.
    fn forward(self, seed: &Seed, limit: usize) -> usize {
        let base = &self.base[seed.base_start + seed.length..];
        best_extension(self.target[seed.end()..limit].iter().zip(base))
    }

    /// How far to extend a seed back towards `limit` so that equal bytes exceed unequal ones by most.
    fn backward(self, seed: &Seed, limit: usize) -> usize {
        let base = &self.base[..seed.base_start];
        best_extension(self.target[limit..seed.target_start].iter().rev().zip(base.iter().rev()))
    }

    /// Where between `start` and `end`, which both covers could take, to go from the first to the second.
    fn best_split(self, first: &Seed, second: &Seed, start: usize, end: usize) -> usize {
        let base = |seed: &Seed| &self.base[start.wrapping_add_signed(seed.displacement())..];
        let candidates = self.target[start..end].iter().zip(base(first).iter().zip(base(second)));
        let (mut score, mut best, mut best_length) = (0i64, 0, 0);
        for (i, (target, (first, second))) in candidates.enumerate() {
            score += i64::from(target == first) - i64::from(target == second);
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
                last.length = next.target_start + next.length - last.target_start
            }
            _ => covers.push(next),
        }
    }

    /// Whether `next` has the displacement of `last` and little or mostly equal bytes lie between them.
    fn continues(self, last: &Match, next: &Match) -> bool {
        let displacement = |cover: &Match| i64::from(cover.base_start) - i64::from(cover.target_start);
        if displacement(last) != displacement(next) {
            return false;
        }
        let gap = (last.target_start + last.length) as usize..next.target_start as usize;
        let base = &self.base[(last.base_start + last.length) as usize..next.base_start as usize];
        let equal = self.target[gap.clone()].iter().zip(base).filter(|(a, b)| a == b).count();
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
