//! Hash chains: where the plain bytes may have occurred before (`docs/format.md`, section 14.5.2). After Deutsch and
//! Gailly's deflate: strings of three bytes, the newest first.

use std::boxed::Box;
use std::vec;

use super::parameters::Finder;
use super::token::{LONGEST, SHORTEST, Token, WINDOW};
use super::window::Window;

/// zlib keeps so far away from the end of its window.
const MARGIN: u32 = 262;
/// How far back zlib's matches may begin.
const FARTHEST: u32 = WINDOW - MARGIN;

/// The positions of strings of three bytes, by their hash. A position of 0 is none, as in zlib.
#[derive(Debug)]
pub(super) struct Chains {
    head: Box<[u32]>,
    /// By position, modulo the window: the position before with the same hash.
    before: Box<[u32; WINDOW as usize]>,
    shift: u32,
    mask: u32,
    /// The first position that is not in them.
    next: u32,
}

impl Chains {
    pub(super) fn new(finder: &Finder) -> Self {
        let bits = u32::from(finder.hash_bits);
        Self {
            head: vec![0; 1 << bits].into(),
            before: Box::new([0; WINDOW as usize]),
            shift: bits.div_ceil(3),
            mask: (1 << bits) - 1,
            next: 0,
        }
    }

    /// Enters all positions up to `last` that are missing.
    #[inline]
    pub(super) fn enter(&mut self, window: &Window, last: u32) {
        if self.next > last {
            return;
        }
        let count = (last - self.next) as usize + SHORTEST as usize;
        let start = window.index(self.next);
        let bytes = window.bytes();
        let end = (start + count).min(bytes.len());
        let strings = bytes.get(start..end).unwrap_or(&[]).windows(3);
        for string in strings {
            let &[first, second, third] = string else { break };
            let hash =
                (u32::from(first) << (2 * self.shift) ^ u32::from(second) << self.shift ^ u32::from(third))
                    & self.mask;
            let Some(head) = self.head.get_mut(hash as usize) else { break };
            self.before[(self.next % WINDOW) as usize] = core::mem::replace(head, self.next);
            self.next += 1;
        }
    }

    /// Passes over positions up to `next`, which are not entered.
    pub(super) fn pass_over(&mut self, next: u32) {
        self.next = self.next.max(next);
    }

    /// The last position before this one with the same hash.
    fn before(&self, position: u32) -> u32 {
        if position >= self.next { 0 } else { self.step(position) }
    }

    /// The same for a position that has been entered.
    #[inline]
    fn step(&self, position: u32) -> u32 {
        self.before[(position % WINDOW) as usize]
    }

    /// The match that zlib's search finds at `position`, which has been entered, if it is longer than `least`.
    pub(super) fn longest(
        &self,
        window: &Window,
        position: u32,
        finder: &Finder,
        least: u16,
    ) -> Option<Token> {
        let bytes = window.bytes();
        let at = window.index(position);
        let ahead = bytes.len().saturating_sub(at).min(LONGEST.into());
        let mut best = usize::from(least);
        let mut found = 0;
        let mut steps = if least >= finder.good { finder.chain >> 2 } else { finder.chain };
        let mut from = self.before(position);
        if best >= ahead || from == 0 || position - from > FARTHEST {
            return None;
        }
        let floor = position.saturating_sub(FARTHEST);
        let nice = usize::from(finder.nice).min(ahead);
        let string = bytes.get(at..at + ahead)?;
        // A longer match has the same bytes where the best one ends.
        let mut ends = pair(string, best - 1)?;
        loop {
            let start = window.index(from);
            if pair(bytes, start + best - 1) == Some(ends) {
                let length = common(string, bytes.get(start..)?);
                if length > best {
                    (best, found) = (length, from);
                    if length >= nice {
                        break;
                    }
                    ends = pair(string, best - 1)?;
                }
            }
            steps = steps.saturating_sub(1);
            from = self.step(from);
            if steps == 0 || from <= floor {
                break;
            }
        }
        (found > 0).then(|| Token { length: best as u16, distance: (position - found) as u16 })
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
        let bytes = window.bytes();
        let at = window.index(position);
        let Some(string) = bytes.get(at..at + usize::from(length.min(LONGEST))) else { return };
        let mut from = self.before(position);
        for _ in 0..finder.chain {
            if from == 0 || position - from > WINDOW {
                return;
            }
            let start = window.index(from);
            let same = bytes
                .get(start..start + string.len())
                .is_some_and(|other| other.last() == string.last() && other == string);
            if same && each((position - from) as u16) {
                return;
            }
            let last = from;
            from = self.step(from);
            if from >= last {
                return;
            }
        }
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
    for (one, two) in string.chunks_exact(8).zip(other.chunks_exact(8)) {
        let number = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_le_bytes);
        let difference = number(one) ^ number(two);
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
    use super::*;

    #[test]
    fn common_bytes_are_counted() {
        let bytes: std::vec::Vec<u8> = (0..100).collect();
        for length in 0..40 {
            let mut other = bytes.clone();
            other[length] = 255;
            assert_eq!(common(&bytes[..40], &other), length);
            assert_eq!(common(&bytes[..length], &bytes), length);
            assert_eq!(common(&bytes[..40], &bytes[..length]), length);
        }
    }
}
