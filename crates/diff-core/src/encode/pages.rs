//! Gives every page of the target the kind that comes out cheapest (`docs/format.md`, section 3.4).

use smidgen_patch::header::{MAX_KINDS, PageKind, PageKinds};
use smidgen_patch::internals::wire::PAGE_LOG;

/// Bytes of the target that have one kind.
pub(crate) const PAGE: usize = 1 << PAGE_LOG;
/// What a change of kind costs in the body and in models that have to adapt, in 1/256 bit.
pub(super) const CHANGE: u64 = 16 * 256;

/// The kinds of the target's pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pages {
    pub(crate) kinds: PageKinds,
    /// For each page the index of its kind.
    indices: Vec<u8>,
}

impl Pages {
    pub(crate) fn uniform(kind: PageKind) -> Self {
        Self { kinds: list(&[kind]), indices: Vec::new() }
    }

    /// The pages whose pages have these kinds, of which there are at most [`MAX_KINDS`] different ones.
    pub(crate) fn of_pages(pages: &[PageKind]) -> Self {
        let mut kinds: Vec<PageKind> = Vec::new();
        let index = |kind: &PageKind| {
            kinds.iter().position(|known| known == kind).unwrap_or_else(|| {
                kinds.push(*kind);
                kinds.len() - 1
            }) as u8
        };
        let indices = pages.iter().map(index).collect();
        Self { kinds: list(if kinds.is_empty() { &[PageKind::Bytes] } else { &kinds }), indices }
    }

    /// Whether some pages are of code in halfwords.
    pub(crate) fn has_halfwords(&self) -> bool {
        self.kinds.as_slice().iter().any(|kind| kind.alignment() == 2)
    }

    /// Whether some pages are of forms that the header describes.
    pub(crate) fn has_forms(&self) -> bool {
        self.kinds.as_slice().contains(&PageKind::Described)
    }

    /// The kind that most pages have, the first one of several.
    pub(crate) fn most_frequent(&self) -> PageKind {
        let kinds = self.kinds.as_slice();
        let count = |index: usize| self.indices.iter().filter(|&&own| usize::from(own) == index).count();
        let most = (0..kinds.len()).rev().max_by_key(|&index| count(index));
        most.map_or(PageKind::Bytes, |index| kinds[index])
    }

    pub(crate) fn index(&self, page: u32) -> usize {
        self.indices.get(page as usize).copied().map_or(0, usize::from)
    }
}

fn list(kinds: &[PageKind]) -> PageKinds {
    PageKinds::new(kinds.get(..MAX_KINDS).unwrap_or(kinds)).unwrap_or_default()
}

/// What a body would cost but for its literals, in 1/256 bit, and where in the target.
#[derive(Clone, Debug)]
pub(crate) struct PageCosts {
    /// The cost up to the end of each page.
    pub(crate) by_page: Vec<u64>,
}

impl PageCosts {
    /// What pages cost that were metered lane by lane: nothing outside of a lane.
    pub(super) fn of_lanes(lanes: Vec<Self>) -> Self {
        let mut lanes = lanes.into_iter();
        let mut all = lanes.next().unwrap_or(Self { by_page: Vec::new() });
        for lane in lanes {
            all.by_page.iter_mut().zip(lane.by_page).for_each(|(cost, other)| *cost += other);
        }
        all
    }

    /// The cost of one page.
    pub(crate) fn of(&self, page: usize) -> u64 {
        let until = |page: usize| self.by_page.get(page).copied().unwrap_or(0);
        until(page).saturating_sub(page.checked_sub(1).map_or(0, until))
    }
}

/// The cheapest kinds of pages and their cost, from what one plan costs with at most [`MAX_KINDS`] kinds, each for the
/// whole target. A shortest path over pages and kinds, with a price for each change.
pub(crate) fn cheapest(costs_by_kind: &[(PageKind, PageCosts)]) -> (u64, Pages) {
    let (cost, kinds) = choose(costs_by_kind);
    (cost, Pages::of_pages(&kinds))
}

/// The kind of each page, and what all pages cost.
fn choose(costs_by_kind: &[(PageKind, PageCosts)]) -> (u64, Vec<PageKind>) {
    let blocks = costs_by_kind.first().map_or(0, |(_, page_costs)| page_costs.by_page.len());
    let mut costs = vec![0u64; costs_by_kind.len()];
    let mut origins: Vec<Vec<usize>> = Vec::with_capacity(blocks);
    for block in 0..blocks {
        let cheapest = (0..costs.len()).min_by_key(|&kind| (costs[kind], kind)).unwrap_or(0);
        let change = costs[cheapest] + CHANGE;
        let origin: Vec<usize> =
            (0..costs.len()).map(|kind| if costs[kind] <= change { kind } else { cheapest }).collect();
        for (kind, (_, page_costs)) in costs_by_kind.iter().enumerate() {
            costs[kind] = costs[kind].min(change) + page_costs.of(block);
        }
        origins.push(origin);
    }
    let mut kind = (0..costs.len()).min_by_key(|&kind| (costs[kind], kind)).unwrap_or(0);
    let cost = costs.get(kind).copied().unwrap_or(0);
    let mut kinds = Vec::with_capacity(blocks);
    for origin in origins.iter().rev() {
        kinds.push(costs_by_kind[kind].0);
        kind = origin[kind];
    }
    kinds.reverse();
    (cost, kinds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page_costs(costs: &[u64]) -> PageCosts {
        let mut sum = 0;
        let by_page = costs
            .iter()
            .map(|cost| {
                sum += cost << 20;
                sum
            })
            .collect();
        PageCosts { by_page }
    }

    #[test]
    fn every_page_gets_its_cheapest_kind() {
        let costs_by_kind = [
            (PageKind::Bytes, page_costs(&[9, 9, 1, 1, 9])),
            (PageKind::Thumb, page_costs(&[1, 1, 9, 9, 1])),
        ];
        let (_, pages) = cheapest(&costs_by_kind);
        assert_eq!(pages.kinds.as_slice(), [PageKind::Thumb, PageKind::Bytes]);
        assert_eq!((0..5).map(|page| pages.index(page)).collect::<Vec<_>>(), [0, 0, 1, 1, 0]);
        assert_eq!(pages.most_frequent(), PageKind::Thumb);
    }
}
