//! Hash chains: where the plain bytes may have occurred before (`docs/format.md`, section 14.5.2). After Deutsch and
//! Gailly's deflate: strings of three bytes, the newest first.
//!
//! What their search finds is found in a few of its steps: matches of eight bytes and more are looked for only where the same
//! eight bytes are, those of four to seven where the same four are. How far along the chain of three bytes such a place is, of
//! which the search goes so many steps, is known by its rank there.

use std::boxed::Box;
use std::vec;

use super::parameters::Finder;
use super::token::{LONGEST, SHORTEST, Token, WINDOW};
use super::window::Window;

/// zlib keeps so far away from the end of its window.
const MARGIN: u32 = 262;
/// How far back zlib's matches may begin.
const FARTHEST: u32 = WINDOW - MARGIN;
/// Matches of three bytes from farther away cost more than literals: zlib takes them only where it is greedy.
const TOO_FAR: u32 = 4096;
/// Bits of the hashes of four and of eight bytes.
const LONGER_BITS: u32 = 14;
/// Positions that are told apart: all that a match may begin at, and those that are entered before a search, in a power of two.
const RING: usize = 2 * WINDOW as usize;

/// The positions of strings of three, four and eight bytes, by their hashes. A position of 0 is none, as in zlib.
#[derive(Debug)]
pub(super) struct Chains {
    three: Chain<3>,
    four: Chain<4>,
    eight: Chain<8>,
    /// By position, modulo the ring: its number in the chain of three bytes, modulo 2^16.
    ranks: Box<[u16; RING]>,
    shift: u32,
    mask: u32,
}

impl Chains {
    pub(super) fn new(finder: &Finder) -> Self {
        let bits = u32::from(finder.hash_bits);
        Self {
            three: Chain::new(bits),
            four: Chain::new(LONGER_BITS),
            eight: Chain::new(LONGER_BITS),
            ranks: zeros(),
            shift: bits.div_ceil(3),
            mask: (1 << bits) - 1,
        }
    }

    /// Enters all positions up to `last` that are missing.
    #[inline]
    pub(super) fn enter(&mut self, window: &Window, last: u32) {
        let (shift, mask, ranks) = (self.shift, self.mask, &mut self.ranks);
        let hash = |&[first, second, third]: &[u8; 3]| {
            (u32::from(first) << (2 * shift) ^ u32::from(second) << shift ^ u32::from(third)) & mask
        };
        self.three.enter(window, last, hash, |position, distance| {
            let rank = if distance == 0 { 0 } else { ranks[ring(position - distance)].wrapping_add(1) };
            ranks[ring(position)] = rank;
        });
        let hash =
            |bytes: &[u8; 4]| u32::from_le_bytes(*bytes).wrapping_mul(0x9E37_79B1) >> (32 - LONGER_BITS);
        self.four.enter(window, last, hash, |_, _| {});
        let hash = |bytes: &[u8; 8]| {
            (u64::from_le_bytes(*bytes).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - LONGER_BITS)) as u32
        };
        self.eight.enter(window, last, hash, |_, _| {});
    }

    /// Passes over positions up to `next`, which are not entered.
    pub(super) fn pass_over(&mut self, next: u32) {
        self.three.next = self.three.next.max(next);
        self.four.next = self.four.next.max(next);
        self.eight.next = self.eight.next.max(next);
    }

    /// The match that zlib's search finds at `position`, which has been entered, if it is longer than `least`.
    pub(super) fn longest(
        &self,
        window: &Window,
        position: u32,
        finder: &Finder,
        least: u16,
    ) -> Option<Token> {
        let string = window.ahead(position, LONGEST);
        let steps = if least >= finder.good { finder.chain >> 2 } else { finder.chain };
        let (least, nice) = (usize::from(least), string.len().min(finder.nice.into()));
        let found = self.improve(self.eight.places(window, position, FARTHEST), steps, string, least, nice);
        // Longer ones are not there, in what follows.
        let found = found.or_else(|| {
            let places = self.four.places(window, position, FARTHEST);
            if least < 7 { self.improve(places, steps, string, least, nice.min(7)) } else { None }
        });
        found.or_else(|| {
            let farthest = if finder.is_greedy() { FARTHEST } else { TOO_FAR };
            let places = self.three.places(window, position, farthest);
            if least < SHORTEST.into() { self.improve(places, steps, string, least, 3) } else { None }
        })
    }

    /// The longest match of `string` at these places, the nearest of its length, if it has more than `least` bytes and as many as the
    /// chain; at the first with `nice` bytes the search ends.
    #[inline]
    fn improve<const N: usize>(
        &self,
        mut places: Places<'_, N>,
        steps: u32,
        string: &[u8],
        least: usize,
        nice: usize,
    ) -> Option<Token> {
        let (mut best, mut found) = (least.max(N - 1), 0);
        if best >= string.len() {
            return None;
        }
        // A longer match has the same bytes where the best one ends.
        let mut ends = pair(string, best - 1)?;
        while let Some((distance, other)) = places.next() {
            if pair(other, best - 1) == Some(ends) {
                let length = common(string, other);
                if length > best {
                    let rank = self.steps(places.position, distance);
                    if rank > steps || (distance == FARTHEST && rank > 1) {
                        break;
                    }
                    (best, found) = (length, distance);
                    if length >= nice {
                        break;
                    }
                    ends = pair(string, best - 1)?;
                }
            }
            // A chain of longer strings has no more places than the search has steps, but for those of other strings.
            if places.visited >= steps
                && other.starts_with(string.get(..3)?)
                && self.steps(places.position, distance) >= steps
            {
                break;
            }
        }
        (found > 0).then_some(Token { length: best as u16, distance: found as u16 })
    }

    /// Of the places in the chain where at least `length` bytes are the same, the nearest is number 0, and so on: calls
    /// `each` with their distances until it returns true.
    pub(super) fn places(
        &self,
        window: &Window,
        position: u32,
        finder: &Finder,
        length: u16,
        each: &mut dyn FnMut(u16) -> bool,
    ) {
        let length = length.min(LONGEST);
        let string = window.ahead(position, length);
        if string.len() < length.into() {
            return;
        }
        match length {
            8.. => self.same(self.eight.places(window, position, WINDOW), finder, string, each),
            4..8 => self.same(self.four.places(window, position, WINDOW), finder, string, each),
            _ => self.same(self.three.places(window, position, WINDOW), finder, string, each),
        }
    }

    /// Calls `each` with the places where all of the string is.
    fn same<const N: usize>(
        &self,
        mut places: Places<'_, N>,
        finder: &Finder,
        string: &[u8],
        each: &mut dyn FnMut(u16) -> bool,
    ) {
        let position = places.position;
        while let Some((distance, other)) = places.next() {
            let is_same = other.starts_with(string);
            let is_in_chain =
                is_same || (places.visited >= finder.chain && other.get(..3) == string.get(..3));
            if is_in_chain && self.steps(position, distance) > finder.chain
                || is_same && each(distance as u16)
            {
                return;
            }
        }
    }

    /// Steps along the chain of three bytes to a place in it.
    #[inline]
    fn steps(&self, position: u32, distance: u32) -> u32 {
        self.ranks[ring(position)].wrapping_sub(self.ranks[ring(position - distance)]).into()
    }
}

/// The positions of strings of so many bytes with the same hash.
#[derive(Debug)]
struct Chain<const N: usize> {
    head: Box<[u32]>,
    /// By position, modulo the ring: how far back the one before with the same hash is; 0 if no match can begin there.
    before: Box<[u16; RING]>,
    /// The first position that is not in them.
    next: u32,
}

impl<const N: usize> Chain<N> {
    fn new(bits: u32) -> Self {
        Self { head: vec![0; 1 << bits].into(), before: zeros(), next: 0 }
    }

    /// Enters positions up to `last`, as far as their strings are there: calls `each` with them and how far back the one
    /// before is.
    #[inline]
    fn enter(
        &mut self,
        window: &Window,
        last: u32,
        hash: impl Fn(&[u8; N]) -> u32,
        mut each: impl FnMut(u32, u32),
    ) {
        if self.next > last {
            return;
        }
        let bytes = window.bytes().get(window.index(self.next)..).unwrap_or(&[]);
        let count = (last - self.next) as usize + 1;
        let strings = bytes.windows(N).take(count).filter_map(<[u8]>::first_chunk);
        for string in strings {
            let Some(head) = self.head.get_mut(hash(string) as usize) else { break };
            let before = core::mem::replace(head, self.next);
            let distance = self.next - before;
            let distance = if before == 0 || distance > WINDOW { 0 } else { distance };
            self.before[ring(self.next)] = distance as u16;
            each(self.next, distance);
            self.next += 1;
        }
    }

    /// The places before `position`, up to `farthest`.
    #[inline]
    fn places<'c>(&'c self, window: &'c Window, position: u32, farthest: u32) -> Places<'c, N> {
        let farthest = if position < self.next { farthest } else { 0 };
        let (bytes, at) = (window.bytes(), window.index(position));
        Places { before: &self.before, bytes, at, position, farthest, distance: 0, visited: 0 }
    }
}

/// Goes along a chain: how far back its places are, the nearest first, and the bytes from there on. Most begin with the
/// bytes that the position has; those of other strings with the same hash do not.
struct Places<'c, const N: usize> {
    before: &'c [u16; RING],
    bytes: &'c [u8],
    /// The index of the position in the bytes.
    at: usize,
    position: u32,
    farthest: u32,
    distance: u32,
    visited: u32,
}

impl<'c, const N: usize> Places<'c, N> {
    #[inline]
    fn next(&mut self) -> Option<(u32, &'c [u8])> {
        let step = self.before[ring(self.position.wrapping_sub(self.distance))];
        self.distance += u32::from(step);
        self.visited += 1;
        if step == 0 || self.distance > self.farthest {
            return None;
        }
        Some((self.distance, self.bytes.get(self.at.wrapping_sub(self.distance as usize)..)?))
    }
}

/// A ring of zeros, which never was on the stack.
fn zeros() -> Box<[u16; RING]> {
    vec![0; RING].into_boxed_slice().try_into().unwrap_or_else(|_| Box::new([0; RING]))
}

/// The place of a position in the rings.
#[inline]
const fn ring(position: u32) -> usize {
    position as usize % RING
}

/// Two bytes at once.
#[inline]
fn pair(bytes: &[u8], at: usize) -> Option<[u8; 2]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// How many bytes of `string` the other one begins with.
#[inline]
fn common(string: &[u8], other: &[u8]) -> usize {
    let mut same = 0;
    let eight =
        |bytes: &[u8], at: usize| bytes.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
    while let (Some(one), Some(two)) = (eight(string, same), eight(other, same)) {
        let difference = one ^ two;
        if difference != 0 {
            return same + difference.trailing_zeros() as usize / 8;
        }
        same += 8;
    }
    let rest = string.iter().zip(other).skip(same);
    same + rest.take_while(|(one, two)| one == two).count()
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    #[test]
    fn common_bytes_are_counted() {
        let bytes: Vec<u8> = (0..100).collect();
        for length in 0..40 {
            let mut other = bytes.clone();
            other[length] = 255;
            assert_eq!(common(&bytes[..40], &other), length);
            assert_eq!(common(&bytes[..length], &bytes), length);
            assert_eq!(common(&bytes[..40], &bytes[..length]), length);
        }
    }

    /// The chain of section 14.5.2 as the text has it.
    struct Naive<'p> {
        plain: &'p [u8],
        finder: Finder,
        /// The positions that are entered, with their hashes.
        entered: Vec<(u32, u32)>,
    }

    impl Naive<'_> {
        fn enter(&mut self, position: u32) {
            let Some(&[first, second, third]) = self.plain[position as usize..].first_chunk() else { return };
            let bits = u32::from(self.finder.hash_bits);
            let shift = bits.div_ceil(3);
            let hash = u32::from(first) << (2 * shift) ^ u32::from(second) << shift ^ u32::from(third);
            self.entered.push((position, hash & ((1 << bits) - 1)));
        }

        fn chain(&self, position: u32) -> impl Iterator<Item = u32> {
            let of = self.entered.iter().rposition(|&(entered, _)| entered == position);
            let (before, hash) = of.map_or((&[][..], 0), |at| (&self.entered[..at], self.entered[at].1));
            let near = before.iter().rev().take_while(move |(at, _)| position - at <= WINDOW + 1);
            near.filter(move |&&(at, other)| other == hash && at > 0).map(|&(at, _)| at)
        }

        fn same(&self, position: u32, other: u32) -> usize {
            let (string, other) = (&self.plain[position as usize..], &self.plain[other as usize..]);
            string.iter().zip(other).take(258).take_while(|(one, two)| one == two).count()
        }

        fn longest(&self, position: u32, least: u16) -> Option<Token> {
            let ahead = (self.plain.len() - position as usize).min(258);
            let (mut best, mut found) = (usize::from(least), None);
            if best >= ahead {
                return None;
            }
            let steps = if least >= self.finder.good { self.finder.chain / 4 } else { self.finder.chain };
            for (number, other) in self.chain(position).take(steps as usize).enumerate() {
                let distance = position - other;
                if distance > FARTHEST || (number > 0 && distance == FARTHEST) {
                    break;
                }
                let length = self.same(position, other);
                if length > best {
                    best = length;
                    found = Some(Token { length: length as u16, distance: distance as u16 });
                    if length >= ahead.min(self.finder.nice.into()) {
                        break;
                    }
                }
            }
            found.filter(|token| {
                self.finder.is_greedy() || token.length > 3 || u32::from(token.distance) <= TOO_FAR
            })
        }

        fn places(&self, position: u32, length: u16) -> Vec<u16> {
            let near = self
                .chain(position)
                .take(self.finder.chain as usize)
                .take_while(|at| position - at <= WINDOW);
            let same = near.filter(|&at| self.same(position, at) >= usize::from(length.min(258)));
            same.map(|at| (position - at) as u16).collect()
        }
    }

    /// Bytes with strings that come again after all sorts of distances, those of the limits, too.
    fn plain(seed: u32, symbols: u32, length: usize) -> Vec<u8> {
        let mut state = seed;
        let mut below = |limit: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (u64::from(state >> 8) * u64::from(limit) >> 24) as u32
        };
        let mut plain: Vec<u8> = Vec::new();
        while plain.len() < length {
            let distances = [
                1,
                2,
                3 + below(60),
                4095,
                4096,
                4097,
                FARTHEST - 1,
                FARTHEST,
                FARTHEST + 1,
                WINDOW,
                WINDOW + 1,
            ];
            let distance = distances[below(distances.len() as u32) as usize] as usize;
            let run = if below(50) == 0 { 400 } else { 1 + below(9) };
            for _ in 0..run {
                let at = plain.len().checked_sub(distance).filter(|_| run > 4);
                let byte = at.map_or_else(|| below(symbols) as u8, |at| plain[at]);
                plain.push(byte);
            }
        }
        plain.truncate(length);
        plain
    }

    #[test]
    fn what_is_found_is_what_the_text_says() {
        let mut found = [0; 4];
        for (case, (level, bits)) in
            [(1, 15), (3, 8), (4, 16), (6, 8), (6, 15), (9, 15)].into_iter().enumerate()
        {
            let finder = Finder::new(level, bits);
            let plain = plain(case as u32, [256, 3, 20][case % 3], 90_000);
            let (mut window, mut chains) = (Window::default(), Chains::new(&finder));
            let mut naive = Naive { plain: &plain, finder, entered: Vec::new() };
            window.push(&plain);
            let (mut position, mut next) = (0, 0);
            while (position as usize) < plain.len() {
                // As a search at the next position does.
                let last = position + u32::from(position % 3 == 0);
                chains.enter(&window, last);
                let end = (last + 1).min(plain.len() as u32);
                (next..end).for_each(|position| naive.enter(position));
                next = next.max(end);
                // All at the end, and where the limits matter; some elsewhere, as the text is slow.
                if position % 97 == 0
                    || (32_500..33_000).contains(&position)
                    || position as usize + 300 > plain.len()
                {
                    for least in [2, 3, 4, 31, 257] {
                        let longest = chains.longest(&window, position, &finder, least);
                        assert_eq!(
                            longest,
                            naive.longest(position, least),
                            "level {level}, {position}, {least}"
                        );
                        found[0] += usize::from(longest.is_some());
                        let is_limit = |token: Token| u32::from(token.distance) == FARTHEST;
                        found[1] += usize::from(longest.is_some_and(is_limit));
                    }
                    for length in [3, 4, 5, 100, 258, 259] {
                        let mut places = Vec::new();
                        chains.places(&window, position, &finder, length, &mut |place| {
                            places.push(place);
                            false
                        });
                        let rest = plain.len() - position as usize;
                        let expected = if usize::from(length.min(258)) > rest {
                            Vec::new()
                        } else {
                            naive.places(position, length)
                        };
                        assert_eq!(places, expected, "level {level}, {position}, {length}");
                        found[2] += places.len();
                        found[3] += places.iter().filter(|&&place| u32::from(place) == WINDOW).count();
                    }
                }
                position += 1;
                if position % 1000 == 0 && finder.is_greedy() {
                    position += 40;
                    chains.pass_over(position);
                    next = position;
                }
                window.forget(position);
            }
        }
        assert!(found.iter().all(|&count| count > 20), "{found:?}");
    }
}
