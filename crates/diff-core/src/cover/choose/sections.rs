//! Chooses the covers of a whole image by price, in sections that all cores share.

use std::ops::Range;

use rayon::prelude::*;
use smidgen_patch::internals::apply::Cover;

use super::candidates::{Candidate, LEAST_REPEAT, Section, Width, candidates};
use super::certain::doubtful;
use super::lattice::Lattice;
use crate::cover::price::{Prices, References};
use crate::cover::repeats::{Repeats, groups};
use crate::cover::sources::Sources;
use crate::encode::{Lanes, Placed};
use crate::images::Images;

/// Bytes of a section, about.
const SECTION: usize = 1 << 16;
/// Bytes around a section in which covers are looked at.
const MARGIN: u32 = 1 << 12;
/// Sections meet inside of covers that are at least this long, if there are any nearby.
const LONG: u32 = 256;

/// Without repeats of the whole target, sections repeat each other where they are in doubt, in groups of about this many
/// bytes: what is linked takes ten bytes of memory for each.
const GROUP: usize = 1 << 21;

/// Cuts the target into sections and gathers the candidates of each; `covers` are the search's.
pub(crate) fn sections(sources: &Sources, covers: &[Placed], width: Width) -> Vec<Section> {
    sections_within(sources, covers, width, 0..sources.images.target.len())
}

/// The same for a range of the target.
pub(crate) fn sections_within(
    sources: &Sources,
    covers: &[Placed],
    width: Width,
    range: Range<usize>,
) -> Vec<Section> {
    let cuts = cuts(range, covers);
    let outlines: Vec<Outline> =
        cuts.par_windows(2).map(|ends| Outline::new(sources, covers, ends[0]..ends[1])).collect();
    let filled = |sources: &Sources, outlines: &[Outline]| -> Vec<Section> {
        outlines.par_iter().map(|outline| outline.section(sources, covers, width)).collect()
    };
    if sources.repeats.is_some() {
        return filled(sources, &outlines);
    }
    let groups = groups(&outlines, GROUP, |outline| outline.doubtful.iter().cloned());
    let fill = |group: &[Outline]| {
        let doubtful = group.iter().flat_map(|outline| outline.doubtful.iter().cloned());
        let repeats = Repeats::around(sources.images.target, LEAST_REPEAT, doubtful);
        filled(&Sources { repeats: Some(&repeats), ..*sources }, group)
    };
    groups.flat_map(fill).collect()
}

/// Adds what was found for another mask.
pub(crate) fn pool(sections: &mut [Section], others: &[Section]) {
    let all: Vec<&Candidate> = others.iter().flat_map(|other| &other.candidates).collect();
    sections.par_iter_mut().for_each(|section| {
        let within = all.iter().filter_map(|candidate| candidate.within(&section.range));
        section.candidates.extend(within);
        section.candidates.sort_unstable_by_key(Candidate::order);
        section.candidates.dedup_by_key(|candidate| candidate.order());
    });
}

/// Takes candidates away that copy from the target of another lane.
pub(crate) fn keep_within(sections: &mut [Section], lanes: &Lanes) {
    if lanes.count() > 1 {
        sections.par_iter_mut().for_each(|section| {
            let candidates = std::mem::take(&mut section.candidates).into_iter();
            section.candidates = candidates.flat_map(|candidate| candidate.within_lanes(lanes)).collect();
            section.candidates.sort_unstable_by_key(Candidate::order);
        });
    }
}

/// A section before its candidates are gathered.
struct Outline {
    range: Range<usize>,
    /// Which covers touch it.
    touching: Range<usize>,
    /// Where other candidates than those covers are sought.
    doubtful: Vec<Range<usize>>,
}

impl Outline {
    fn new(sources: &Sources, covers: &[Placed], range: Range<usize>) -> Self {
        let first = covers.partition_point(|placed| placed.end() as usize <= range.start);
        let last = covers.partition_point(|placed| (placed.at as usize) < range.end);
        let mut outline = Self { range, touching: first..last, doubtful: Vec::new() };
        outline.doubtful = doubtful(sources.masked(), &outline.around(covers), outline.range.clone());
        outline
    }

    /// The covers in the section and next to it, which may be worth prolonging into it.
    fn around(&self, covers: &[Placed]) -> Vec<Placed> {
        let Range { start: first, end: last } = self.touching;
        let around = &covers[first.saturating_sub(1)..(last + 1).min(covers.len())];
        around.iter().map(|&cover| clipped(cover, self.range.start, self.range.end)).collect()
    }

    fn section(&self, sources: &Sources, covers: &[Placed], width: Width) -> Section {
        let first = self.touching.start;
        let mut recent = [0; 4];
        for (place, cover) in recent.iter_mut().zip(covers[..first].iter().rev()) {
            *place = cover.displacement();
        }
        let began_before = |placed: &&Placed| (placed.at as usize) < self.range.start;
        let continues = covers.get(first).filter(began_before).map(Placed::displacement);
        if let Some(displacement) = continues {
            recent.rotate_right(1);
            recent[0] = displacement;
        }
        let range = self.range.clone();
        let candidates = candidates(sources, &self.around(covers), width, range.clone(), &self.doubtful);
        Section { range, candidates, recent, continues }
    }
}

/// The part of a cover that is in a section or near it, if any is; what is further away cannot be of use.
fn clipped(placed: Placed, start: usize, end: usize) -> Placed {
    let Placed { at, cover } = placed;
    let first = at.max((start as u32).saturating_sub(MARGIN));
    let last = placed.end().min(end as u32 + MARGIN);
    if first >= last {
        return placed;
    }
    Placed { at: first, cover: Cover { start: cover.start + (first - at), length: last - first, ..cover } }
}

pub(crate) fn choose(
    images: Images,
    sections: &[Section],
    lanes: usize,
    prices: &Prices,
    references: &References,
) -> Vec<Placed> {
    let lattice = Lattice { images, prices, references, lanes };
    let chosen: Vec<Vec<Placed>> = sections.par_iter().map(|section| lattice.cheapest(section)).collect();
    let mut all: Vec<Placed> = Vec::with_capacity(chosen.iter().map(Vec::len).sum());
    for next in chosen.into_iter().flatten() {
        match all.last_mut() {
            Some(last) if goes_on(*last, next) => last.cover.length += next.cover.length,
            _ => all.push(next),
        }
    }
    all
}

/// Whether two covers of the base are one, cut where sections meet.
fn goes_on(last: Placed, next: Placed) -> bool {
    let of_base = last.is_of_base() && next.is_of_base();
    of_base && last.end() == next.at && last.displacement() == next.displacement()
}

/// Where sections of a range meet, and its ends.
fn cuts(Range { start, end: size }: Range<usize>, covers: &[Placed]) -> Vec<usize> {
    let mut cuts = vec![start];
    let mut wanted = start + SECTION;
    while wanted + SECTION / 2 < size {
        let next = covers.partition_point(|placed| (placed.at as usize) < wanted);
        let near = covers[next..].iter().take_while(|placed| (placed.at as usize) < wanted + SECTION / 4);
        let long = near.into_iter().find(|placed| placed.cover.length >= LONG);
        // No further than a section inside: the path through it takes 56 bytes of memory for each of its own.
        let inside = |placed: &Placed| placed.at as usize + (placed.cover.length as usize / 2).min(SECTION);
        let cut = long.map_or(wanted, inside).min(size);
        cuts.push(cut);
        wanted = cut + SECTION;
    }
    if size > start && cuts.last() != Some(&size) {
        cuts.push(size);
    }
    cuts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use smidgen_patch::header::PageKind;
    use smidgen_patch::internals::apply::Source;
    use smidgen_patch::internals::refs::AddressSpace;

    use super::*;
    use crate::encode::Pages;
    use crate::refs::PairReferences;
    use crate::search::{Index, SearchOptions, find_matches, noise};

    const WIDTH: Width = Width { reach: 32, lanes: 8, rivals: 3 };

    fn chosen(base: &[u8], target: &[u8], kind: PageKind) -> Vec<Placed> {
        let index = Index::build(base).unwrap();
        let repeats = Repeats::new(target, LEAST_REPEAT);
        let images = Images { base, target };
        let sources =
            Sources { index: &index, masked: target, images, repeats: Some(&repeats), in_place: None };
        let found = find_matches(&index, target, &SearchOptions::default());
        let covers: Vec<_> = found.iter().map(Placed::from).collect();
        let sections = sections(&sources, &covers, WIDTH);
        let pages = Pages::uniform(kind);
        let space = AddressSpace { image_size: base.len() as u32, ..AddressSpace::default() };
        let references = References::new(&PairReferences::new(images, space), pages, &covers);
        choose(images, &sections, WIDTH.lanes, &Prices::default(), &references)
    }

    fn check(base: &[u8], target: &[u8], covers: &[Placed]) {
        let mut end = 0;
        for &Placed { at, cover } in covers {
            assert!(at >= end && cover.length > 0, "overlaps or is empty: {at} {cover:?}");
            end = at + cover.length;
            assert!(end as usize <= target.len(), "leaves the target: {at} {cover:?}");
            match cover.source {
                Source::Base => assert!((cover.start + cover.length) as usize <= base.len()),
                Source::Target => assert!(cover.start < at),
            }
        }
    }

    proptest! {
        #[test]
        fn covers_are_in_order_and_inside(
            length in 0..3000usize, alphabet in 1..=256u32, seed: u64, cuts: [prop::sample::Index; 2], thumb: bool,
        ) {
            let base = noise(length, alphabet, seed);
            let [a, b] = cuts.map(|cut| cut.index(length + 1));
            let target = [&base[a..], &noise(length / 10, alphabet, seed ^ 1), &base[..b]].concat();
            let kind = if thumb { PageKind::Thumb } else { PageKind::Bytes };
            check(&base, &target, &chosen(&base, &target, kind));
        }
    }

    #[test]
    fn a_move_is_two_covers_across_sections() {
        let base = noise(400_000, 256, 3);
        let target = [&base[150_000..], &base[..150_000]].concat();
        assert_eq!(
            chosen(&base, &target, PageKind::Bytes),
            [Placed::of_base(0, 150_000, 250_000), Placed::of_base(250_000, 0, 150_000)]
        );
    }

    #[test]
    fn the_number_of_threads_changes_nothing() {
        let base = noise(300_000, 64, 5);
        let target: Vec<u8> = base.chunks(1999).rev().flatten().copied().collect();
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| chosen(&base, &target, PageKind::POINTERS))
        };
        assert_eq!(run(1), run(2));
    }
}
