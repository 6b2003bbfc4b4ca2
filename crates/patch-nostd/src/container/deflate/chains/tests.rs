//! The chains against the search as the text has it.

use std::vec::Vec;

use super::super::parameters::Finder;
use super::super::token::{Token, WINDOW};
use super::super::window::Window;
use super::{Chains, FARTHEST, TOO_FAR, common};

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
        let near =
            self.chain(position).take(self.finder.chain as usize).take_while(|at| position - at <= WINDOW);
        let same = near.filter(|&at| self.same(position, at) >= usize::from(length.min(258)));
        same.map(|at| (position - at) as u16).collect()
    }
}

/// Bytes with strings that come again after all sorts of distances, those of the limits, too.
fn plain(seed: u32, symbols: u32, length: usize) -> Vec<u8> {
    let mut state = seed;
    let mut below = |limit: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((u64::from(state >> 8) * u64::from(limit)) >> 24) as u32
    };
    let mut plain: Vec<u8> = Vec::new();
    while plain.len() < length {
        let distances =
            [1, 2, 3 + below(60), 4095, 4096, 4097, FARTHEST - 1, FARTHEST, FARTHEST + 1, WINDOW, WINDOW + 1];
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
    for (case, (level, bits)) in [(1, 15), (3, 8), (4, 16), (6, 8), (6, 15), (9, 15)].into_iter().enumerate()
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
                    assert_eq!(longest, naive.longest(position, least), "level {level}, {position}, {least}");
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
