//! Lanes of a body: where the target is divided, and what of a plan each lane has (`docs/format.md`, section 4.5).

use std::ops::Range;

use smidgen_patch::internals::apply::{Cover, Source};

use super::pages::PAGE;
use super::placed::Placed;
use crate::images::Images;

/// Where the lanes of a target begin but for the first; without any, all of it is one lane.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lanes {
    borders: Vec<u32>,
}

/// Bytes of a block, of which a decoder learns by one event whether it is clean.
const BLOCK: usize = 64;
/// Differences of words that an estimate remembers; a power of two.
const KNOWN: usize = 1 << 12;

/// About how much work something is for a decoder, and what it costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Weight {
    events: u64,
    /// In 1/8 bit.
    cost: u64,
}

const OPERATION: Weight = Weight { events: 40, cost: 28 * 8 };
const LITERAL: Weight = Weight { events: 8, cost: 7 * 8 };
const CLEAN: Weight = Weight { events: 1, cost: 0 };
/// A byte of a block that is not clean, and what more one is that changes.
const COPIED: Weight = Weight { events: 1, cost: 2 };
const CHANGED: Weight = Weight { events: 8, cost: 12 * 8 };
const REFERENCE: Weight = Weight { events: 2, cost: 8 };

impl Lanes {
    /// Lanes of about the same number of events, at most `most` that cost at least `least` bytes each. They begin with pages.
    pub(crate) fn estimated(images: Images, covers: &[Placed], most: usize, least: u64) -> Self {
        let pages = weigh(images, covers);
        let cost: u64 = pages.iter().map(|page| page.cost).sum::<u64>() / 64;
        // Two, four or eight; any number where so many were asked for.
        let count = cost.checked_div(least).map_or(most, |count| 1 << count.max(1).ilog2().min(6)).min(most);
        let events: u64 = pages.iter().map(|page| page.events).sum();
        let (mut borders, mut until) = (Vec::new(), 0);
        for (page, weight) in pages.iter().enumerate() {
            let is_due = until * count as u64 >= events * (borders.len() as u64 + 1);
            if is_due && page > 0 && borders.len() + 1 < count {
                borders.push((page * PAGE) as u32);
            }
            until += weight.events;
        }
        Self { borders }
    }

    /// `count` lanes, or as many as there are, each of some of these.
    pub(crate) fn merged(&self, count: usize) -> Self {
        let each = (self.count() / count.max(1)).max(1);
        Self { borders: self.borders.iter().copied().skip(each - 1).step_by(each).collect() }
    }

    pub(crate) fn count(&self) -> usize {
        self.borders.len() + 1
    }

    /// The lanes of a target of `size` bytes.
    pub(crate) fn ranges(&self, size: usize) -> impl Iterator<Item = Range<u32>> {
        let starts = std::iter::once(0).chain(self.borders.iter().copied());
        let ends = self.borders.iter().copied().chain(std::iter::once(size as u32));
        starts.zip(ends).map(|(start, end)| start..end)
    }

    /// The lane that an offset of the target is in.
    fn around(&self, offset: u32) -> Range<u32> {
        let next = self.borders.partition_point(|&border| border <= offset);
        let start = next.checked_sub(1).map_or(0, |last| self.borders[last]);
        start..self.borders.get(next).copied().unwrap_or(u32::MAX)
    }

    /// The parts of a stretch of the target that can be copied from `displacement` bytes before it in the target: those
    /// whose source is in the same lane.
    pub(crate) fn repeatable(
        &self,
        displacement: u32,
        stretch: Range<u32>,
    ) -> impl Iterator<Item = Range<u32>> {
        self.parts(stretch).filter_map(move |part| {
            let first = part.start.max(self.around(part.start).start.saturating_add(displacement));
            (first < part.end).then_some(first..part.end)
        })
    }

    /// A stretch of the target, cut at the borders of lanes.
    fn parts(&self, Range { mut start, end }: Range<u32>) -> impl Iterator<Item = Range<u32>> {
        std::iter::from_fn(move || {
            let part = start..end.min(self.around(start).end);
            start = part.end;
            (!part.is_empty()).then_some(part)
        })
    }

    /// The parts of covers that lanes can state: none goes across a border, and none copies from the target of another lane.
    pub(crate) fn cut(&self, covers: Vec<Placed>) -> Vec<Placed> {
        if self.borders.is_empty() {
            return covers;
        }
        let parts = |Placed { at, cover }: Placed| {
            let part = move |part: Range<u32>| {
                let (start, length) = (cover.start + (part.start - at), part.end - part.start);
                Placed { at: part.start, cover: Cover { start, length, ..cover } }
            };
            let stretch = at..at + cover.length;
            let parts: Vec<Range<u32>> = match cover.source {
                Source::Base => self.parts(stretch).collect(),
                Source::Target => self.repeatable(at - cover.start, stretch).collect(),
            };
            parts.into_iter().map(part)
        };
        covers.into_iter().flat_map(parts).collect()
    }
}

/// What the pages of the target weigh with these covers.
fn weigh(images: Images, covers: &[Placed]) -> Vec<Weight> {
    let size = images.target.len();
    let mut scales = Scales { pages: vec![Weight::default(); size.div_ceil(PAGE)], known: vec![0; KNOWN] };
    let mut end = 0;
    for placed in covers {
        let start = placed.at as usize;
        scales.literals(end..start);
        scales.add(start, OPERATION, 1);
        end = placed.end() as usize;
        let target = images.target[start..end].chunks(BLOCK);
        let source = images.of(placed.cover.source)[placed.cover.start as usize..].chunks(BLOCK);
        for (at, (target, source)) in (start..).step_by(BLOCK).zip(target.zip(source)) {
            scales.block(at, target, &source[..target.len()]);
        }
    }
    scales.literals(end..size);
    scales.pages
}

struct Scales {
    pages: Vec<Weight>,
    /// Differences of words that were met: where things moved, and what refers to them.
    known: Vec<u32>,
}

impl Scales {
    fn add(&mut self, at: usize, weight: Weight, count: usize) {
        let page = &mut self.pages[at / PAGE];
        page.events += weight.events * count as u64;
        page.cost += weight.cost * count as u64;
    }

    fn literals(&mut self, Range { mut start, end }: Range<usize>) {
        while start < end {
            let part = end.min((start / PAGE + 1) * PAGE);
            self.add(start, LITERAL, part - start);
            start = part;
        }
    }

    /// A block of a cover. Where a word differs from its source as others have, it is a reference that is predicted.
    fn block(&mut self, at: usize, target: &[u8], source: &[u8]) {
        self.add(at, CLEAN, 1);
        if target == source {
            return;
        }
        let mut unpredicted = 0;
        for (target, source) in target.chunks(4).zip(source.chunks(4)) {
            let changes = target.iter().zip(source).filter(|(target, source)| target != source).count();
            if changes > 0 && self.is_known(target, source) {
                self.add(at, REFERENCE, 1);
            } else {
                unpredicted += changes;
            }
        }
        if unpredicted > 0 {
            self.add(at, COPIED, target.len());
            self.add(at, CHANGED, unpredicted);
        }
    }

    fn is_known(&mut self, target: &[u8], source: &[u8]) -> bool {
        let word = |bytes: &[u8]| bytes.try_into().map(u32::from_le_bytes).unwrap_or(0);
        let difference = word(target).wrapping_sub(word(source));
        let place = difference.wrapping_mul(0x9E37_79B1) >> (u32::BITS - KNOWN.ilog2());
        std::mem::replace(&mut self.known[place as usize], difference) == difference && difference != 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lanes(borders: &[u32]) -> Lanes {
        Lanes { borders: borders.to_vec() }
    }

    proptest! {
        #[test]
        fn what_is_cut_says_the_same_bytes_within_lanes(
            borders in proptest::collection::btree_set(1..300u32, 0..5),
            covers in proptest::collection::vec((0..20u32, 1..90u32, 0..300u32, any::<bool>()), 0..9),
        ) {
            let lanes = lanes(&borders.into_iter().collect::<Vec<_>>());
            let mut at = 0;
            let covers = covers.into_iter().map(|(gap, length, start, of_base)| {
                at += gap + 1;
                let source = if of_base { Source::Base } else { Source::Target };
                let start = if of_base { start } else { start % at };
                let placed = Placed { at, cover: Cover { source, start, length } };
                at += length;
                placed
            });
            let covers: Vec<Placed> = covers.collect();
            let cut = lanes.cut(covers.clone());
            let bytes = |covers: &[Placed]| covers.iter().flat_map(|placed| {
                let Placed { at, cover } = *placed;
                (0..cover.length).map(move |index| (at + index, cover.source, cover.start + index))
            }).collect::<Vec<_>>();
            let lane = |offset: u32| lanes.around(offset);
            let expected: Vec<_> = bytes(&covers).into_iter()
                .filter(|&(at, source, from)| source == Source::Base || from >= lane(at).start)
                .collect();
            prop_assert_eq!(bytes(&cut), expected);
            for placed in &cut {
                prop_assert_eq!(lane(placed.at), lane(placed.end() - 1));
            }
        }
    }

    #[test]
    fn lanes_have_about_as_many_events() {
        let (base, mut target) = (vec![1; 100 * PAGE], vec![1; 100 * PAGE]);
        // A quarter of the target has all the changes.
        target[25 * PAGE..50 * PAGE].iter_mut().step_by(2).for_each(|byte| *byte = 2);
        let images = Images { base: &base, target: &target };
        let covers = [Placed::of_base(0, 0, (100 * PAGE) as u32)];
        let pages = weigh(images, &covers);
        // The changes are all alike: references, for all that is known.
        assert_eq!((pages[30].events, pages[70].events), (64 * (1 + 16 * 2), 64));
        let lanes = Lanes::estimated(images, &covers, 5, 0);
        let ranges: Vec<_> = lanes.ranges(target.len()).map(|range| range.start as usize / PAGE).collect();
        assert_eq!(ranges.len(), 5);
        assert!(ranges[1..].iter().all(|page| (25..55).contains(page)), "{ranges:?}");
        // What costs so much has a power of two of them.
        let cost = pages.iter().map(|page| page.cost).sum::<u64>() / 64;
        let four = Lanes::estimated(images, &covers, 8, cost / 6);
        assert_eq!(four.count(), 4);
        assert_eq!([1, 2, 4, 8].map(|count| four.merged(count).count()), [1, 2, 4, 4]);
        assert_eq!(four.merged(2).borders[0], four.borders[1]);
        assert_eq!(Lanes::estimated(images, &covers, 8, u64::MAX).count(), 1);
        assert_eq!(Lanes::estimated(Images { base: &[], target: &[] }, &[], 8, 0).count(), 1);
    }
}
