//! A plan: the operations, landmarks and pages that a body states, before it is coded.

use smidgen_patch::internals::apply::{Operation, Oracle};
use smidgen_patch::internals::refs::Landmark;

use super::pages::Pages;
use super::placed::Placed;

/// What the encoder has decided to say about a target.
#[derive(Clone, Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) target: &'a [u8],
    /// Covers in order of the target, with where each begins there.
    pub(crate) covers: Vec<Placed>,
    /// The covers that are sent ahead, ascending by base offset.
    pub(crate) landmarks: Vec<Landmark>,
    pub(crate) pages: Pages,
}

impl Plan<'_> {
    /// Sends the `count` longest covers of the base ahead that keep their order.
    ///
    /// Operations agree with landmarks in the order of the base (`docs/format.md`, section 4.2): one that moved far
    /// ahead would keep all that follow from being agreed with.
    pub(crate) fn choose_landmarks(&mut self, count: usize) {
        let of_base = self.covers.iter().filter(|placed| placed.is_of_base());
        let covers: Vec<Landmark> = of_base
            .map(|&Placed { at, cover }| Landmark { base: cover.start, target: at, length: cover.length })
            .collect();
        let mut landmarks = in_order(&covers);
        landmarks.sort_by_key(|landmark| (std::cmp::Reverse(landmark.length), landmark.target));
        landmarks.truncate(count);
        landmarks.sort_by_key(|landmark| (landmark.base, landmark.target));
        self.landmarks = landmarks;
    }

    /// Whether some cover copies from the target itself.
    pub(crate) fn reads_back(&self) -> bool {
        !self.covers.iter().all(Placed::is_of_base)
    }
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

impl Oracle for Plan<'_> {
    fn operation(&self, offset: u32) -> Operation {
        let next = self.covers.partition_point(|placed| placed.at < offset);
        match self.covers.get(next) {
            Some(&Placed { at, cover }) => Operation { literals: at - offset, cover: Some(cover) },
            None => Operation { literals: self.target.len() as u32 - offset, cover: None },
        }
    }

    fn landmark(&self, index: u32) -> Landmark {
        self.landmarks[index as usize]
    }

    fn kind(&self, page: u32) -> usize {
        self.pages.index(page)
    }

    fn byte(&self, offset: u32) -> u8 {
        self.target.get(offset as usize).copied().unwrap_or(0)
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
