//! Gives every page of the new image the kind that comes out cheapest (`docs/format.md`, section 3.4).

use patch_nostd::wire::{MAX_KINDS, PAGE_LOG, RegionKind, RegionKinds};

use super::trace::Trace;

/// Bytes of the new image that have one kind.
pub const PAGE: usize = 1 << PAGE_LOG;
/// What a change of kind costs in the body and in models that have to adapt, in 1/256 bit.
const CHANGE: u64 = 16 * 256;

/// The kinds of the new image's pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Regions {
    /// The kinds that occur.
    pub(crate) kinds: RegionKinds,
    /// For each page the index of its kind.
    pages: Vec<u8>,
}

impl Regions {
    /// The same kind everywhere.
    #[must_use]
    pub fn uniform(kind: RegionKind) -> Self {
        Self { kinds: list(&[kind]), pages: Vec::new() }
    }

    /// The regions whose pages have these kinds, of which there are at most [`MAX_KINDS`] different ones.
    #[must_use]
    pub fn of_pages(pages: &[RegionKind]) -> Self {
        let mut kinds: Vec<RegionKind> = Vec::new();
        let index = |kind: &RegionKind| {
            kinds.iter().position(|known| known == kind).unwrap_or_else(|| {
                kinds.push(*kind);
                kinds.len() - 1
            }) as u8
        };
        let pages = pages.iter().map(index).collect();
        Self { kinds: list(if kinds.is_empty() { &[RegionKind::Bytes] } else { &kinds }), pages }
    }

    /// The index of a page's kind.
    #[must_use]
    pub fn index(&self, page: u32) -> usize {
        self.pages.get(page as usize).copied().map_or(0, usize::from)
    }
}

fn list(kinds: &[RegionKind]) -> RegionKinds {
    RegionKinds::new(kinds.get(..MAX_KINDS).unwrap_or(kinds)).unwrap_or_default()
}

/// The cheapest regions and their cost, from traces of the same plan with one kind each, at most [`MAX_KINDS`] of them.
///
/// The traces' blocks are pages. A shortest path over pages and kinds, with a price for each change.
#[must_use]
pub fn cheapest(traces: &[(RegionKind, Trace)]) -> (u64, Regions) {
    let (cost, kinds) = choose(traces);
    (cost, Regions::of_pages(&kinds))
}

/// The kind of each page, and what all pages cost.
fn choose(traces: &[(RegionKind, Trace)]) -> (u64, Vec<RegionKind>) {
    let blocks = traces.first().map_or(0, |(_, trace)| trace.by_block.len());
    let mut costs = vec![0u64; traces.len()];
    let mut origins: Vec<Vec<usize>> = Vec::with_capacity(blocks);
    for block in 0..blocks {
        let cheapest = (0..costs.len()).min_by_key(|&kind| (costs[kind], kind)).unwrap_or(0);
        let change = costs[cheapest] + CHANGE;
        let origin: Vec<usize> =
            (0..costs.len()).map(|kind| if costs[kind] <= change { kind } else { cheapest }).collect();
        for (kind, (_, trace)) in traces.iter().enumerate() {
            let before = block.checked_sub(1).map_or(0, |before| trace.by_block[before]);
            costs[kind] = costs[kind].min(change) + trace.by_block[block] - before;
        }
        origins.push(origin);
    }
    let mut kind = (0..costs.len()).min_by_key(|&kind| (costs[kind], kind)).unwrap_or(0);
    let cost = costs.get(kind).copied().unwrap_or(0);
    let mut kinds = Vec::with_capacity(blocks);
    for origin in origins.iter().rev() {
        kinds.push(traces[kind].0);
        kind = origin[kind];
    }
    kinds.reverse();
    (cost, kinds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(costs: &[u64]) -> Trace {
        let mut sum = 0;
        let by_block = costs
            .iter()
            .map(|cost| {
                sum += cost << 20;
                sum
            })
            .collect();
        Trace { total: sum, by_block }
    }

    #[test]
    fn every_page_gets_its_cheapest_kind() {
        let traces =
            [(RegionKind::Bytes, trace(&[9, 9, 1, 1, 9])), (RegionKind::Thumb, trace(&[1, 1, 9, 9, 1]))];
        let (_, regions) = cheapest(&traces);
        assert_eq!(regions.kinds.as_slice(), [RegionKind::Thumb, RegionKind::Bytes]);
        assert_eq!((0..5).map(|page| regions.index(page)).collect::<Vec<_>>(), [0, 0, 1, 1, 0]);
    }
}
