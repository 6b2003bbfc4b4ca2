//! One chain: the positions of strings of so many bytes with the same hash (`docs/format.md`, section 14.5.2).

use std::boxed::Box;
use std::vec;

use super::super::token::WINDOW;
use super::super::window::Window;

/// Positions that are told apart: all that a match may begin at, and those that are entered before a search, in a power of two.
pub(super) const RING: usize = 2 * WINDOW as usize;

/// The positions of strings of so many bytes with the same hash.
#[derive(Debug)]
pub(super) struct Chain<const N: usize> {
    head: Box<[u32]>,
    /// By position, modulo the ring: how far back the one before with the same hash is; 0 if no match can begin there.
    before: Box<[u16; RING]>,
    /// The first position that is not in them.
    pub(super) next: u32,
}

impl<const N: usize> Chain<N> {
    pub(super) fn new(bits: u32) -> Self {
        Self { head: vec![0; 1 << bits].into(), before: zeros(), next: 0 }
    }

    /// Enters positions up to `last`, as far as their strings are there: calls `each` with them and how far back the one
    /// before is.
    #[inline]
    pub(super) fn enter(
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
    pub(super) fn places<'c>(&'c self, window: &'c Window, position: u32, farthest: u32) -> Places<'c, N> {
        let farthest = if position < self.next { farthest } else { 0 };
        let (bytes, at) = (window.bytes(), window.index(position));
        Places { before: &self.before, bytes, at, position, farthest, distance: 0, visited: 0 }
    }
}

/// Goes along a chain: how far back its places are, the nearest first, and the bytes from there on. Most begin with the
/// bytes that the position has; those of other strings with the same hash do not.
pub(super) struct Places<'c, const N: usize> {
    before: &'c [u16; RING],
    bytes: &'c [u8],
    /// The index of the position in the bytes.
    at: usize,
    pub(super) position: u32,
    farthest: u32,
    distance: u32,
    pub(super) visited: u32,
}

impl<'c, const N: usize> Places<'c, N> {
    #[inline]
    pub(super) fn next(&mut self) -> Option<(u32, &'c [u8])> {
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
pub(super) fn zeros() -> Box<[u16; RING]> {
    vec![0; RING].into_boxed_slice().try_into().unwrap_or_else(|_| Box::new([0; RING]))
}

/// The place of a position in the rings.
#[inline]
pub(super) const fn ring(position: u32) -> usize {
    position as usize % RING
}
