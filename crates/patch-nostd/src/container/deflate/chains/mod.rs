//! Hash chains: where the plain bytes may have occurred before (`docs/format.md`, section 14.5.2). After Deutsch and
//! Gailly's deflate: strings of three bytes, the newest first.
//!
//! What their search finds is found in a few of its steps: matches of eight bytes and more are looked for only where the same
//! eight bytes are, those of four to seven where the same four are. How far along the chain of three bytes such a place is, of
//! which the search goes so many steps, is known by its rank there.

mod chain;

use std::boxed::Box;

use chain::{Chain, Places, RING, ring, zeros};

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
mod tests;
