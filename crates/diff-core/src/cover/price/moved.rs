//! Where covers moved the bytes of the base.

use std::collections::BinaryHeap;

use crate::encode::Placed;

/// Bytes of the base in which the search for a stretch begins and ends: a few stretches.
const BLOCK: usize = 1 << 10;

/// For each byte of the base, how far the longest cover that copies it moves it.
///
/// A table with an entry for each byte would take as much memory as a suffix array.
#[derive(Debug, Default)]
pub(crate) struct Moved {
    /// Where stretches begin that have one answer, ascending, and that answer.
    stretches: Vec<(u32, Option<i32>)>,
    /// For each block of the base, how many stretches begin before it.
    before: Vec<u32>,
}

impl Moved {
    /// What follows from covers of a base of `size` bytes. Of covers of one length, the one that is last in the target counts.
    pub(crate) fn new(size: usize, covers: &[Placed]) -> Self {
        let stretches = stretches(covers);
        let mut before = Vec::with_capacity(size / BLOCK + 2);
        let mut count = 0;
        for block in (0..size + 2 * BLOCK).step_by(BLOCK) {
            count += stretches[count..].partition_point(|&(start, _)| (start as usize) < block);
            before.push(count as u32);
        }
        Self { stretches, before }
    }

    /// How far the byte at `offset` moves, if a cover copies it.
    #[inline]
    pub(crate) fn at(&self, offset: usize) -> Option<i32> {
        let block = offset / BLOCK;
        let (first, last) = (*self.before.get(block)? as usize, *self.before.get(block + 1)? as usize);
        let inside = self.stretches[first..last].partition_point(|&(start, _)| start as usize <= offset);
        self.stretches[(first + inside).checked_sub(1)?].1
    }
}

/// A sweep over the base: of the covers that hold a place, the longest is at the top of a heap.
fn stretches(covers: &[Placed]) -> Vec<(u32, Option<i32>)> {
    let mut sorted: Vec<&Placed> = covers.iter().filter(|placed| placed.is_of_base()).collect();
    sorted.sort_unstable_by_key(|placed| (placed.cover.start, placed.at));
    let mut waiting = sorted.into_iter().peekable();
    let mut open: BinaryHeap<(u32, u32, u32)> = BinaryHeap::new();
    let mut stretches: Vec<(u32, Option<i32>)> = Vec::new();
    let mut place = 0;
    loop {
        while let Some(Placed { at, cover }) = waiting.next_if(|placed| placed.cover.start <= place) {
            open.push((cover.length, *at, cover.start));
        }
        while open.peek().is_some_and(|&(length, _, start)| start + length <= place) {
            open.pop();
        }
        let longest = open.peek();
        let moved = longest.map(|&(_, at, start)| at.wrapping_sub(start) as i32);
        if stretches.last().is_none_or(|&(_, last)| last != moved) {
            stretches.push((place, moved));
        }
        let end = longest.map(|&(length, _, start)| start + length);
        let next = waiting.peek().map(|placed| placed.cover.start);
        match (end, next) {
            (Some(end), Some(next)) => place = end.min(next),
            (Some(one), None) | (None, Some(one)) => place = one,
            (None, None) => return stretches,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_longest_cover_says_where_a_byte_goes(
            covers in prop::collection::vec((0..6000u32, 1..3000u32, 0..200u32), 0..30), size in 9000..9500usize,
        ) {
            let mut at = 0;
            let mut placed = Vec::new();
            for (start, length, literals) in covers {
                at += literals;
                placed.push(Placed::of_base(at, start, length));
                at += length;
            }
            let moved = Moved::new(size, &placed);
            for offset in 0..size + 3000 {
                let holds = |placed: &&Placed| {
                    (placed.cover.start..placed.cover.start + placed.cover.length).contains(&(offset as u32))
                };
                let longest = placed.iter().filter(holds).max_by_key(|placed| (placed.cover.length, placed.at));
                let expected = longest.map(|placed| placed.at.wrapping_sub(placed.cover.start) as i32);
                prop_assert_eq!(moved.at(offset), expected, "{}", offset);
            }
        }
    }
}
