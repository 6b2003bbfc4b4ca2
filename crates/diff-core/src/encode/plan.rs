//! A plan: the operations, landmarks and pages that a body states, before it is coded.

use std::ops::Range;
use std::sync::Arc;

use smidgen_patch::internals::apply::{Operation, Oracle};
use smidgen_patch::internals::refs::Landmark;

use super::lanes::Lanes;
use super::pages::Pages;
use super::placed::Placed;
use crate::refs::Starts;

/// What the encoder has decided to say about a target.
#[derive(Clone, Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) target: &'a [u8],
    /// Covers in order of the target, with where each begins there.
    pub(crate) covers: Vec<Placed>,
    /// For each lane the covers that it sends ahead, ascending by base offset: as many in each.
    pub(crate) landmarks: Vec<Vec<Landmark>>,
    pub(crate) pages: Pages,
    pub(crate) lanes: Lanes,
}

impl Plan<'_> {
    /// Sends the `count` longest covers of the base of each lane ahead that keep their order.
    ///
    /// Operations agree with landmarks in the order of the base (`docs/format.md`, section 4.2): one that moved far
    /// ahead would keep all that follow from being agreed with.
    pub(crate) fn choose_landmarks(&mut self, count: usize) {
        let ranges = self.lanes.ranges(self.target.len());
        let mut lanes: Vec<Vec<Landmark>> =
            ranges.map(|lane| longest(self.covers_of(&lane), count)).collect();
        let most = lanes.iter().map(Vec::len).max().unwrap_or(0);
        for landmarks in &mut lanes {
            // To state one again costs next to nothing.
            let last = landmarks.last().copied().unwrap_or(Landmark { base: 0, target: 0, length: 1 });
            landmarks.resize(most, last);
        }
        self.landmarks = lanes;
    }

    /// How many landmarks each lane states.
    pub(crate) fn landmark_count(&self) -> usize {
        self.landmarks.first().map_or(0, Vec::len)
    }

    /// The covers of a lane.
    fn covers_of(&self, lane: &Range<u32>) -> &[Placed] {
        let first = self.covers.partition_point(|placed| placed.at < lane.start);
        let last = self.covers.partition_point(|placed| placed.at < lane.end);
        &self.covers[first..last]
    }

    /// Whether some cover copies from the target itself.
    pub(crate) fn reads_back(&self) -> bool {
        !self.covers.iter().all(Placed::is_of_base)
    }
}

/// The `count` longest covers of the base of some that keep their order.
fn longest(covers: &[Placed], count: usize) -> Vec<Landmark> {
    let of_base = covers.iter().filter(|placed| placed.is_of_base());
    let covers: Vec<Landmark> = of_base
        .map(|&Placed { at, cover }| Landmark { base: cover.start, target: at, length: cover.length })
        .collect();
    let mut landmarks = in_order(&covers);
    landmarks.sort_by_key(|landmark| (std::cmp::Reverse(landmark.length), landmark.target));
    landmarks.truncate(count);
    landmarks.sort_by_key(|landmark| (landmark.base, landmark.target));
    landmarks
}

/// Of covers in the order of the target, those with the most bytes together that are in the order of the base too: the
/// heaviest increasing subsequence (Jacobson and Vo, "Heaviest increasing/common subsequence problems", 1992).
fn in_order(covers: &[Landmark]) -> Vec<Landmark> {
    let mut starts: Vec<u32> = covers.iter().map(|cover| cover.base).collect();
    starts.sort_unstable();
    starts.dedup();
    // A Fenwick tree over the starts: the heaviest chain that ends at most there, and its last cover.
    let mut heaviest: Vec<(u64, usize)> = vec![(0, NONE); starts.len() + 1];
    let mut before = vec![NONE; covers.len()];
    for (index, cover) in covers.iter().enumerate() {
        let rank = starts.partition_point(|&start| start < cover.base) + 1;
        let (mut weight, mut last) = (0, NONE);
        let mut at = rank;
        while at > 0 {
            if heaviest[at].0 > weight {
                (weight, last) = heaviest[at];
            }
            at &= at - 1;
        }
        before[index] = last;
        weight += u64::from(cover.length);
        at = rank;
        while at < heaviest.len() {
            if heaviest[at].0 < weight {
                heaviest[at] = (weight, index);
            }
            at += at & at.wrapping_neg();
        }
    }
    let (_, mut last) = heaviest.iter().copied().max_by_key(|&(weight, _)| weight).unwrap_or((0, NONE));
    let mut chain = Vec::new();
    while let Some(&cover) = covers.get(last) {
        chain.push(cover);
        last = before[last];
    }
    chain
}

const NONE: usize = usize::MAX;

/// The operations that say these covers of a target of `size` bytes.
pub(crate) fn operations(size: usize, covers: &[Placed]) -> impl Iterator<Item = Operation> {
    let starts = std::iter::once(0).chain(covers.iter().map(Placed::end));
    let covers = covers.iter().map(|&Placed { at, cover }| (at, Some(cover)));
    let all = covers.chain(std::iter::once((size as u32, None)));
    starts.zip(all).map(|(start, (target, cover))| Operation { literals: target - start, cover })
}

/// What a plan says in one lane, and where references may begin in the base in pages of each of its kinds: everywhere, if
/// that is empty. A walk by such tables may overlook one just behind the start of a cover, where the real walk has another
/// idea of where instructions begin.
pub(super) struct Told<'a> {
    pub(super) plan: &'a Plan<'a>,
    pub(super) lane: Range<u32>,
    pub(super) landmarks: &'a [Landmark],
    pub(super) starts: &'a [Arc<Starts<'a>>],
}

impl Oracle for Told<'_> {
    fn operation(&self, offset: u32) -> Operation {
        let covers = &self.plan.covers;
        let next = covers.partition_point(|placed| placed.at < offset);
        match covers.get(next).filter(|placed| placed.at < self.lane.end) {
            Some(&Placed { at, cover }) => Operation { literals: at - offset, cover: Some(cover) },
            None => Operation { literals: self.lane.end - offset, cover: None },
        }
    }

    fn landmark(&self, index: u32) -> Landmark {
        self.landmarks[index as usize]
    }

    fn kind(&self, page: u32) -> usize {
        self.plan.pages.index(page)
    }

    fn byte(&self, offset: u32) -> u8 {
        self.plan.target.get(offset as usize).copied().unwrap_or(0)
    }

    fn may_refer(&self, kind: usize, offset: u32) -> bool {
        self.starts.get(kind).is_none_or(|starts| starts.begins(offset as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All subsets of a few covers.
    fn heaviest(covers: &[Landmark]) -> u64 {
        let subsets = (0..1u32 << covers.len()).map(|set| {
            let chosen = covers.iter().enumerate().filter(move |&(index, _)| set >> index & 1 != 0);
            chosen.map(|(_, cover)| *cover).collect::<Vec<_>>()
        });
        let ascending = subsets.filter(|chosen| chosen.is_sorted_by_key(|cover| cover.base));
        ascending.map(|chosen| weight(&chosen)).max().unwrap()
    }

    fn weight(covers: &[Landmark]) -> u64 {
        covers.iter().map(|cover| u64::from(cover.length)).sum()
    }

    proptest::proptest! {
        #[test]
        fn what_is_in_order_is_the_heaviest(covers in proptest::collection::vec((0..20u32, 1..50u32), 0..9)) {
            let covers: Vec<Landmark> = (0..).zip(covers)
                .map(|(place, (base, length))| Landmark { base, target: 100 * place, length })
                .collect();
            let mut chain = in_order(&covers);
            assert_eq!(weight(&chain), heaviest(&covers));
            chain.reverse();
            assert!(chain.is_sorted_by_key(|cover| cover.base) && chain.is_sorted_by_key(|cover| cover.target));
        }
    }
}
