//! Tables of numbers, sought again in a copy of the base in which each number is what it became.
//!
//! The words of type tables, symbol tables and sorted offsets are numbers of other records, places of names, addresses. When
//! those move nearly every word changes, and equal records that are elsewhere have hardly a byte in common. What covers copy
//! tells what became of most numbers, though: with them in place, equal records are equal again.

mod numbers;

use std::ops::Range;

use smidgen_patch::header::{PageKind, WordForm};

use super::covers::{COVER, Draft};
use super::level::Choice;
use super::subject::Subject;
use crate::api::{DiffError, Report};
use crate::cover::{
    LITERAL, Moved, Prices, References, Section, Sources, available_covers, choose, estimate_by, pool,
    sections_within,
};
use crate::encode::{PAGE, Pages, Placed, operations};
use crate::images::Images;
use crate::refs::is_code;
use crate::search::{Index, SearchOptions, find_matches};
use numbers::{Numbers, WORD, is_of_words};

/// The kind of the pages of tables.
const KIND: PageKind = PageKind::Words(WordForm::OFFSET);
/// How many bytes of a page must be copied and changed.
const CHANGED: usize = PAGE / 16;
/// Pages in a row that make a table; so many others may be between them, or between those of the base.
const LEAST: usize = 8;
const BETWEEN: usize = 4;
/// The largest table; at least half of it must be copied. What is mostly new has more candidates than there is memory for.
const MOST: usize = 8 << 20;
/// What a table must cost, in 1/256 bit.
const LEAST_COST: u64 = 2 * 1024 * 8 * 256;
/// How often a table is searched at most before its covers are chosen: each time, more of its numbers are known. The last
/// search is the one that gains less than one part in so many.
const ROUNDS: usize = 3;
const GAIN: u64 = 32;

/// A table in the target, and the parts of the base that it is copied from.
struct Table {
    target: Range<usize>,
    base: Vec<Range<usize>>,
}

/// Covers of the target, and what follows for a table.
struct Try {
    covers: Vec<Placed>,
    numbers: Numbers,
    /// What the table costs about, in 1/256 bit.
    cost: u64,
}

/// The draft with covers of tables that are cheaper, if there are any.
pub(super) fn renumbered(mut draft: Draft, subject: &Subject) -> Result<Draft, DiffError> {
    if !subject.kinds.contains(&KIND) {
        return Ok(draft);
    }
    for table in tables(subject, &draft.covers) {
        let mut best = Try::new(subject, &table, draft.covers.clone());
        if best.cost < LEAST_COST || best.numbers.is_settled {
            continue;
        }
        for round in 0..=ROUNDS {
            let base = best.translated(subject, &table);
            let index = Index::of_parts(&base, &table.base)?;
            let found = best.found_in(&index, subject, &table);
            let next = Try::new(subject, &table, found.clone());
            if round < ROUNDS && next.cost < best.cost - best.cost / GAIN {
                best = next;
                continue;
            }
            let chosen = best.chosen((&index, &found), &mut draft.sections, subject, &table);
            let chosen = Try::new(subject, &table, chosen);
            if chosen.cost < best.cost {
                best = chosen;
            }
            break;
        }
        draft.covers = best.covers;
    }
    Ok(draft)
}

/// The tables of the target: stretches without code where most words change.
fn tables(subject: &Subject, covers: &[Placed]) -> Vec<Table> {
    let Images { base, target } = subject.images;
    let mut changed = vec![0; target.len().div_ceil(PAGE)];
    for cover in covers.iter().filter(|cover| is_of_words(cover)) {
        let copied = cover.bytes(subject.images);
        for (at, (old, new)) in (cover.at as usize..).zip(copied.base.iter().zip(copied.target)) {
            changed[at / PAGE] += usize::from(old != new);
        }
    }
    let code = subject.kinds.iter().copied().filter(|kind| kind.is_code());
    let is_code = |page: usize| {
        let bytes = &target[page * PAGE..target.len().min((page + 1) * PAGE)];
        let address = subject.space.base_address.wrapping_add((page * PAGE) as u32);
        code.clone().any(|kind| is_code(bytes, kind, address, &subject.space))
    };
    let pages: Vec<usize> =
        (0..changed.len()).filter(|&page| changed[page] >= CHANGED && !is_code(page)).collect();
    let runs = runs(&pages).into_iter().filter(|run| run.len() >= LEAST);
    let ranges = runs.map(|run| run.start * PAGE..target.len().min(run.end * PAGE));
    let ranges = ranges
        .filter(|range| range.len() <= MOST && copied(&covers_within(covers, range)) * 2 >= range.len());
    let table = |range: Range<usize>| {
        let copied = covers_within(covers, &range).into_iter().filter(is_of_words);
        let pages = copied.flat_map(|Placed { cover, .. }| {
            cover.start as usize / PAGE..((cover.start + cover.length) as usize).div_ceil(PAGE)
        });
        let mut pages: Vec<usize> = pages.collect();
        pages.sort_unstable();
        pages.dedup();
        let parts = self::runs(&pages).into_iter();
        Table {
            target: range,
            base: parts.map(|run| run.start * PAGE..base.len().min(run.end * PAGE)).collect(),
        }
    };
    ranges.map(table).collect()
}

/// Runs of pages, in ascending order, with few others between.
fn runs(pages: &[usize]) -> Vec<Range<usize>> {
    let near = pages.chunk_by(|one, next| next - one <= BETWEEN + 1);
    near.map(|run| run[0]..run[run.len() - 1] + 1).collect()
}

impl Try {
    fn new(subject: &Subject, table: &Table, covers: Vec<Placed>) -> Self {
        let within = covers_within(&covers, &table.target);
        let numbers = Numbers::of(subject.images, &within);
        let mut tried = Self { covers, numbers, cost: 0 };
        let copies = estimate_by(&subject.catalogue, tried.references(subject, table), &within);
        let report = Report::of(operations(subject.images.target.len(), &within));
        tried.cost = copies.by_page.last().unwrap_or(&0)
            + u64::from(LITERAL) * (table.target.len() - copied(&within)) as u64
            + COVER * (report.base_covers + report.target_covers);
        tried
    }

    /// What becomes of the table's words: only what more than one of them says. What one says of itself, it says of any place
    /// that it is copied from.
    fn references<'a>(&self, subject: &Subject<'a>, table: &Table) -> References<'a> {
        let pages = (0..subject.images.target.len()).step_by(PAGE);
        let pages = pages.map(|at| if table.target.contains(&at) { KIND } else { PageKind::Bytes });
        let pages = Pages::of_pages(&pages.collect::<Vec<_>>());
        let address = |number: u32| number.wrapping_add(subject.space.base_address);
        let mut learned: Vec<(u32, i32)> =
            self.numbers.confirmed().map(|(number, difference)| (address(number), difference)).collect();
        learned.sort_unstable();
        References::taught(&subject.catalogue, pages, &self.covers, learned)
    }

    /// These covers, but of the table what is chosen by price: of what was found with its numbers translated, and of what was
    /// `known` before.
    fn chosen(
        &self,
        (index, found): (&Index<'_>, &[Placed]),
        known: &mut [Section],
        subject: &Subject,
        table: &Table,
    ) -> Vec<Placed> {
        let Choice::All(width) = subject.effort.choice else { return self.covers.clone() };
        let (images, in_place) = (subject.images, subject.in_place);
        let sources = Sources { index, masked: images.target, images, repeats: None, in_place };
        // What copies the target itself, beside the table, is none of the search's covers.
        let of_base: Vec<Placed> = found.iter().copied().filter(Placed::is_of_base).collect();
        let mut sections = sections_within(&sources, &of_base, width, table.target.clone());
        let first = known.partition_point(|section| section.range.end <= table.target.start);
        let last = known.partition_point(|section| section.range.start < table.target.end);
        pool(&mut sections, &known[first..last]);
        if images.size() <= subject.effort.again {
            pool(&mut known[first..last], &sections);
        }
        let references = self.references(subject, table);
        let chosen = choose(images, &sections, width.lanes, &Prices::default(), &references);
        with_those_within(found, &table.target, chosen)
    }

    /// A copy of the base, as far as the table is copied from it, with each number as what it became.
    fn translated(&self, subject: &Subject, table: &Table) -> Vec<u8> {
        let base = subject.images.base;
        let moved = Moved::new(base.len(), &self.covers);
        let mut copy = vec![0; base.len()];
        for part in &table.base {
            let words = base[part.clone()].as_chunks::<WORD>().0;
            for (to, word) in copy[part.clone()].as_chunks_mut().0.iter_mut().zip(words) {
                *to = self.numbers.became(u32::from_le_bytes(*word), &moved).to_le_bytes();
            }
        }
        copy
    }

    /// These covers, but of the table those that are found in a translated base.
    fn found_in(&self, index: &Index<'_>, subject: &Subject, table: &Table) -> Vec<Placed> {
        let target = &subject.images.target[table.target.clone()];
        let found = find_matches(index, target, &SearchOptions::default());
        let placed = found.iter().map(|found| {
            let cover = Placed::from(found);
            Placed { at: cover.at + table.target.start as u32, ..cover }
        });
        let covers: Vec<Placed> = placed.collect();
        let covers = match subject.in_place {
            Some(plan) => available_covers(plan, &covers),
            None => covers,
        };
        with_those_within(&self.covers, &table.target, covers)
    }
}

/// The parts of covers in a range of the target.
fn covers_within(covers: &[Placed], range: &Range<usize>) -> Vec<Placed> {
    let first = covers.partition_point(|cover| cover.end() as usize <= range.start);
    let touching = covers[first..].iter().take_while(|cover| (cover.at as usize) < range.end);
    touching.map(|&cover| cut(cover, range)).collect()
}

/// Bytes that covers copy.
fn copied(covers: &[Placed]) -> usize {
    covers.iter().map(|placed| placed.cover.length as usize).sum()
}

/// The part of a cover in a range that it touches.
fn cut(mut placed: Placed, range: &Range<usize>) -> Placed {
    let before = (range.start as u32).saturating_sub(placed.at);
    let after = placed.end().saturating_sub(range.end as u32);
    placed.at += before;
    placed.cover.start += before;
    placed.cover.length -= before + after;
    placed
}

/// The covers outside of a range of the target, and `inside` those within.
fn with_those_within(covers: &[Placed], range: &Range<usize>, inside: Vec<Placed>) -> Vec<Placed> {
    let mut all = covers_within(covers, &(0..range.start));
    all.extend(inside);
    all.extend(covers_within(covers, &(range.end..u32::MAX as usize)));
    all
}
