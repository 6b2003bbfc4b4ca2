//! Cuts the new image into regions, each of the kind that comes out cheapest (`docs/format.md`, section 3.4).

use patch_nostd::wire::{MAX_REGIONS, Region, RegionKind, RegionTable};

use super::Trace;

/// What one more region costs in the header and in models that have to adapt, in 1/256 bit.
const REGION_PRICE: u64 = 12 * 8 * 256;

/// The cheapest table, from traces of the same plan with one kind each.
///
/// `block` is the traces' block size. A shortest path over blocks and kinds, with a price for each change.
#[must_use]
pub fn cheapest(traces: &[(RegionKind, Trace)], block: usize, size: usize) -> RegionTable {
    let kinds = choose(traces);
    let mut regions: Vec<Region> = Vec::new();
    for (index, &kind) in kinds.iter().enumerate() {
        let end = ((index + 1) * block).min(size) as u32;
        match regions.last_mut() {
            Some(last) if last.kind == kind => last.end = end,
            _ => regions.push(Region { kind, end }),
        }
    }
    merged(regions)
}

/// The kind of each block.
fn choose(traces: &[(RegionKind, Trace)]) -> Vec<RegionKind> {
    let blocks = traces.first().map_or(0, |(_, trace)| trace.by_block.len());
    let mut costs = vec![0u64; traces.len()];
    let mut origins: Vec<Vec<usize>> = Vec::with_capacity(blocks);
    for block in 0..blocks {
        let cheapest = (0..costs.len()).min_by_key(|&kind| (costs[kind], kind)).unwrap_or(0);
        let change = costs[cheapest] + REGION_PRICE;
        let origin: Vec<usize> =
            (0..costs.len()).map(|kind| if costs[kind] <= change { kind } else { cheapest }).collect();
        for (kind, (_, trace)) in traces.iter().enumerate() {
            let before = block.checked_sub(1).map_or(0, |before| trace.by_block[before]);
            costs[kind] = costs[kind].min(change) + trace.by_block[block] - before;
        }
        origins.push(origin);
    }
    let mut kind = (0..costs.len()).min_by_key(|&kind| (costs[kind], kind)).unwrap_or(0);
    let mut kinds = Vec::with_capacity(blocks);
    for origin in origins.iter().rev() {
        kinds.push(traces[kind].0);
        kind = origin[kind];
    }
    kinds.reverse();
    kinds
}

/// At most as many regions as a header may list: the shortest join their neighbours.
fn merged(mut regions: Vec<Region>) -> RegionTable {
    while regions.len() > MAX_REGIONS {
        let length = |index: usize| regions[index].end - if index == 0 { 0 } else { regions[index - 1].end };
        let shortest = (0..regions.len()).min_by_key(|&index| length(index)).unwrap_or(0);
        let end = regions[shortest].end;
        regions.remove(shortest);
        if let Some(before) = shortest.checked_sub(1).and_then(|index| regions.get_mut(index)) {
            before.end = end;
        }
        regions.dedup_by(|next, last| {
            next.kind == last.kind && {
                last.end = next.end;
                true
            }
        });
    }
    RegionTable::new(&regions).unwrap_or_default()
}

/// One region over everything; none over nothing.
#[must_use]
pub fn single(kind: RegionKind, size: usize) -> RegionTable {
    let region = [Region { kind, end: size as u32 }];
    RegionTable::new(if size == 0 { &[] } else { &region }).unwrap_or_default()
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
    fn every_stretch_gets_its_cheapest_kind() {
        let traces =
            [(RegionKind::Bytes, trace(&[9, 9, 1, 1, 9])), (RegionKind::Thumb, trace(&[1, 1, 9, 9, 1]))];
        let table = cheapest(&traces, 10, 47);
        let regions: Vec<_> = table.as_slice().iter().map(|region| (region.kind, region.end)).collect();
        assert_eq!(regions, [(RegionKind::Thumb, 20), (RegionKind::Bytes, 40), (RegionKind::Thumb, 47)]);
    }

    #[test]
    fn there_are_never_more_than_the_header_can_list() {
        let up: Vec<u64> = (0..100).map(|block| 1 + 8 * (block % 2)).collect();
        let down: Vec<u64> = up.iter().map(|cost| 10 - cost).collect();
        let table = cheapest(&[(RegionKind::Bytes, trace(&up)), (RegionKind::Words, trace(&down))], 10, 1000);
        assert!(table.as_slice().len() <= MAX_REGIONS);
        assert_eq!(table.as_slice().last().map(|region| region.end), Some(1000));
    }
}
