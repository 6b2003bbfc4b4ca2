//! The greedy scan: walks over the target and picks the exact matches worth switching to.
//!
//! The rule is bsdiff's, asked at mismatches only. While following one displacement (base position less target position),
//! bsdiff switches at the first position where the longest match has more than `threshold` equal bytes that the
//! displacement followed has not. In other words, the match must reach the `threshold + 1`st mismatch ahead, the
//! *goal*. Whether a string that ends at the goal occurs is monotone in where it starts, so a lookup that fails at a
//! mismatch rules out all starts before it at once, and one lookup per mismatch, rather than one per byte, is enough.
//! The sum of all string lengths compared is then bounded by the image size times the threshold, whatever the data.
//!
//! A lookup that succeeds at a mismatch is taken as it is, though bsdiff would have switched up to a few bytes earlier:
//! those bytes are equal at the displacement followed, so nothing is lost, the match found from the mismatch on ends no
//! sooner, and the resolver grows it back over them where that pays.

use std::collections::VecDeque;

use rayon::prelude::*;

use super::compare::common_prefix;
use super::grams::GRAM;
use super::matches::{SearchOptions, Seed};
use super::suffix_array::{Index, Lookup};

/// The scan over one stretch of the target.
struct Scanner<'a> {
    index: &'a Index<'a>,
    /// The target up to the end of the stretch; matches never go beyond it.
    target: &'a [u8],
    /// No switch is possible before this position.
    position: usize,
    /// Base position less target position of the seed being followed, if any.
    displacement: Option<isize>,
    /// The next mismatches of `displacement` from `position` on, at most `needed`.
    mismatches: VecDeque<usize>,
    /// Mismatches before this position are known.
    frontier: usize,
    /// Mismatches that a match must get right.
    needed: usize,
}

/// How many grams to test before a lookup in the suffix array.
const GRAM_TESTS: usize = 12;

/// How many neighbours of equal length to consider on each side when a match is accepted.
const RIVALS: usize = 8;

/// Bytes before a match that decide which of equally long ones is best.
const CONTEXT: usize = 64;

/// How far into a stretch to look for agreement with what was found there without knowing what came before.
const RESYNC: usize = 1 << 16;

/// A stretch to be scanned: a part of a gap between equal stretches.
struct Unit {
    start: usize,
    end: usize,
    /// The displacement followed into it, if it is known beforehand.
    followed: Option<isize>,
}

/// Finds the seeds of all covers, in ascending order, first of all one of no bytes at the start of both images.
///
/// What is known to be equal is taken as it is. Stretches of the rest are scanned in parallel, each as if nothing were
/// known about what precedes it, and then joined by scanning again from the state the previous one ended in until both
/// scans agree, which is soon.
pub(super) fn find_seeds(index: &Index, target: &[u8], equal: &[Seed], options: &SearchOptions) -> Vec<Seed> {
    let needed = options.threshold as usize + 1;
    let scanner =
        |unit: &Unit, followed| Scanner::new(index, &target[..unit.end], unit.start, followed, needed);
    let units = units(target.len(), equal, options.stretch.max(1));
    let guesses: Vec<Vec<Seed>> =
        units.par_iter().map(|unit| scanner(unit, unit.followed).collect()).collect();
    let mut seeds = vec![Seed { target_start: 0, base_start: 0, length: 0 }];
    let mut equal = equal.iter().peekable();
    for (unit, guess) in units.iter().zip(&guesses) {
        while let Some(&stretch) = equal.next_if(|stretch| stretch.target_start < unit.start) {
            seeds.push(stretch);
        }
        if unit.followed.is_some() {
            seeds.extend_from_slice(guess);
        } else {
            let followed = seeds.last().map(Seed::displacement);
            join(&mut seeds, scanner(unit, followed), guess, unit.start);
        }
    }
    seeds.extend(equal);
    seeds
}

/// What lies between equal stretches, in pieces of at most `most` bytes.
fn units(size: usize, equal: &[Seed], most: usize) -> Vec<Unit> {
    let starts = std::iter::once((0, 0)).chain(equal.iter().map(|seed| (seed.end(), seed.displacement())));
    let ends = equal.iter().map(|seed| seed.target_start).chain(std::iter::once(size));
    let mut units = Vec::new();
    for ((first, displacement), gap_end) in starts.zip(ends) {
        for start in (first..gap_end).step_by(most) {
            let end = start.saturating_add(most).min(gap_end);
            units.push(Unit { start, end, followed: (start == first).then_some(displacement) });
        }
    }
    units
}

/// Appends the seeds of a stretch, given those found without knowing which displacement was followed into it.
fn join(seeds: &mut Vec<Seed>, mut scanner: Scanner, guess: &[Seed], start: usize) {
    for (i, seed) in guess.iter().enumerate() {
        let next_start = guess.get(i + 1).map_or(usize::MAX, |next| next.target_start);
        while let Some(seed) = scanner.next_before(seed.end()) {
            seeds.push(seed);
        }
        // The same displacement is followed from the same position on, so all that follows is the same.
        let agreed = scanner.displacement == Some(seed.displacement()) && scanner.position <= next_start;
        if agreed {
            seeds.extend_from_slice(&guess[i + 1..]);
            return;
        }
        // Without an agreement this loop would be the whole, serial, search. The guess is as good.
        if scanner.position > start + RESYNC {
            seeds.extend(guess.iter().filter(|seed| seed.target_start >= scanner.position));
            return;
        }
    }
    seeds.extend(scanner);
}

impl<'a> Scanner<'a> {
    fn new(
        index: &'a Index,
        target: &'a [u8],
        start: usize,
        displacement: Option<isize>,
        needed: usize,
    ) -> Self {
        let mismatches = VecDeque::with_capacity(needed);
        Self { index, target, position: start, displacement, mismatches, frontier: start, needed }
    }

    /// Finds the next seed, giving up (for now) when none starts before `limit`.
    fn next_before(&mut self, limit: usize) -> Option<Seed> {
        while self.position < limit {
            let Some(goal) = self.goal() else {
                self.position = self.target.len();
                return None;
            };
            if let Some(seed) = self.seed_reaching(goal) {
                self.follow(&seed);
                return Some(seed);
            }
        }
        None
    }

    /// The mismatch that a match starting at `position` must reach to be worth it.
    fn goal(&mut self) -> Option<usize> {
        while self.mismatches.front().is_some_and(|&mismatch| mismatch < self.position) {
            self.mismatches.pop_front();
        }
        self.frontier = self.frontier.max(self.position);
        while self.mismatches.len() < self.needed {
            let mismatch = self.frontier + self.equal_ahead(self.frontier);
            if mismatch >= self.target.len() {
                return None;
            }
            self.mismatches.push_back(mismatch);
            self.frontier = mismatch + 1;
        }
        self.mismatches.back().copied()
    }

    /// How many bytes from `position` on are equal at the displacement followed.
    fn equal_ahead(&self, position: usize) -> usize {
        let followed = self.displacement.and_then(|displacement| position.checked_add_signed(displacement));
        let base = followed.and_then(|at| self.index.base().get(at..)).unwrap_or_default();
        common_prefix(&self.target[position..], base)
    }

    /// Finds the first match that includes `goal`, or moves `position` past starts that cannot have one.
    fn seed_reaching(&mut self, goal: usize) -> Option<Seed> {
        let first_mismatch = self.mismatches[0];
        self.skip_absent_grams(goal);
        // A start behind the first mismatch has another goal.
        if self.position > first_mismatch {
            return None;
        }
        let found = self.search(first_mismatch);
        if first_mismatch + found.length <= goal {
            self.position = first_mismatch + 1;
            return None;
        }
        Some(self.best_seed(first_mismatch, found))
    }

    /// Moves `position` past the last string before `goal` known not to occur.
    fn skip_absent_grams(&mut self, goal: usize) {
        let Some(last) = (goal + 1).checked_sub(GRAM) else { return };
        let first = self.position.max((last + 1).saturating_sub(GRAM_TESTS));
        let absent = |&start: &usize| !self.index.grams().may_contain(&self.target[start..]);
        if let Some(start) = (first..last + 1).rev().find(absent) {
            self.position = start + 1;
        }
    }

    fn search(&self, start: usize) -> Lookup {
        self.index.search(&self.target[start..])
    }

    /// Of the matches as long as the one found, takes the one that agrees best with what comes before.
    fn best_seed(&self, target_start: usize, found: Lookup) -> Seed {
        let before = &self.target[..target_start];
        let score = |rank: &usize| common_suffix(before, &self.index.base()[..self.index.position(*rank)]);
        let needle = &self.target[target_start..target_start + found.length];
        let is_rival = |rank: &usize| self.index.base()[self.index.position(*rank)..].starts_with(needle);
        let below = (found.rank.saturating_sub(RIVALS)..found.rank).rev().take_while(is_rival);
        let above = (found.rank + 1..self.index.len()).take(RIVALS).take_while(is_rival);
        let mut best = (score(&found.rank), found.rank);
        for rank in below.chain(above) {
            let score = score(&rank);
            if score > best.0 {
                best = (score, rank);
            }
        }
        Seed { target_start, base_start: self.index.position(best.1), length: found.length }
    }

    fn follow(&mut self, seed: &Seed) {
        self.displacement = Some(seed.displacement());
        self.position = seed.end();
        self.frontier = self.position;
        self.mismatches.clear();
    }
}

impl Iterator for Scanner<'_> {
    type Item = Seed;

    fn next(&mut self) -> Option<Seed> {
        self.next_before(self.target.len())
    }
}

/// Number of equal bytes at the end of both slices, counted up to [`CONTEXT`].
fn common_suffix(a: &[u8], b: &[u8]) -> usize {
    a.iter().rev().zip(b.iter().rev()).take(CONTEXT).take_while(|(x, y)| x == y).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a scan does next: where it switches, and the length of the longest match there.
    type Switch = Option<(usize, usize)>;

    /// One comparison per byte and displacement, for oracles.
    struct Naive<'a> {
        base: &'a [u8],
        target: &'a [u8],
        threshold: usize,
    }

    impl Naive<'_> {
        /// Whether the byte at `at` differs at a displacement.
        fn misses(&self, at: usize, displacement: isize) -> bool {
            let followed = at.checked_add_signed(displacement).and_then(|base| self.base.get(base));
            followed != self.target.get(at)
        }

        /// The longest match at `at`, if it wins over the displacement followed.
        fn win(&self, at: usize, displacement: isize) -> Switch {
            let lengths =
                (0..self.base.len()).map(|start| common_prefix(&self.target[at..], &self.base[start..]));
            let length = lengths.max().unwrap_or(0);
            let won = (at..at + length).filter(|&at| self.misses(at, displacement)).count();
            (won > self.threshold).then_some((at, length))
        }

        /// The next switch by bsdiff's rule: every byte is a candidate.
        fn by_bsdiff(&self, from: usize, displacement: isize) -> Switch {
            (from..self.target.len()).find_map(|at| self.win(at, displacement))
        }

        /// The next switch by ours: every mismatch is.
        fn by_mismatches(&self, from: usize, displacement: isize) -> Switch {
            let mut mismatches = (from..self.target.len()).filter(|&at| self.misses(at, displacement));
            mismatches.find_map(|at| self.win(at, displacement))
        }

        /// Checks our next switch against bsdiff's: not before it, all equal between them, and no shorter reach.
        fn compare(&self, from: usize, displacement: isize, ours: Switch) {
            match (self.by_bsdiff(from, displacement), ours) {
                (Some((theirs, length)), Some((start, reach))) => {
                    assert!(theirs <= start && theirs + length <= start + reach);
                    assert!((theirs..start).all(|at| !self.misses(at, displacement)));
                }
                (theirs, ours) => assert_eq!(theirs, ours),
            }
        }
    }

    proptest! {
        #[test]
        fn the_scan_obeys_the_rule(
            base in prop::collection::vec(0..3u8, 0..120), target in prop::collection::vec(0..3u8, 0..120), threshold in 0..9u32,
        ) {
            let index = Index::build(&base).unwrap();
            let options = SearchOptions { threshold, ..SearchOptions::default() };
            let seeds = find_seeds(&index, &target, &[], &options);
            let naive = Naive { base: &base, target: &target, threshold: threshold as usize };
            // Which of equally long matches is followed is free, so every switch is judged by the one before it.
            for (place, seed) in seeds.iter().enumerate() {
                let expected = naive.by_mismatches(seed.end(), seed.displacement());
                let next = seeds.get(place + 1).map(|next| (next.target_start, next.length));
                prop_assert_eq!(next, expected);
                naive.compare(seed.end(), seed.displacement(), next);
            }
        }

        #[test]
        fn seeds_are_exact_matches(
            base in prop::collection::vec(0..2u8, 0..400), target in prop::collection::vec(0..2u8, 0..400), stretch in 1..200usize,
        ) {
            let index = Index::build(&base).unwrap();
            let seeds = find_seeds(&index, &target, &[], &SearchOptions { stretch, ..SearchOptions::default() });
            for pair in seeds.windows(2) {
                prop_assert!(pair[0].end() <= pair[1].target_start);
            }
            for seed in &seeds {
                prop_assert_eq!(&base[seed.base_start..][..seed.length], &target[seed.target_start..seed.end()]);
            }
        }
    }
}
