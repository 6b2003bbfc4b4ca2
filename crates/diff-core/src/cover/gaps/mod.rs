//! Fills the gaps between long covers with the cheapest mix of literals, repeats and short covers.
//!
//! A shortest path over the bytes of each gap, in the manner of LZMA's optimal parser: every byte is a node, a
//! literal or a match is an edge, its price an estimate of what the models will charge.

mod cut;

use rayon::prelude::*;
use smidgen_patch::internals::apply::Source;

use crate::cover::price;
use crate::cover::repeats::{Repeat, Repeats, groups};
use crate::cover::sources::{Sources, covers_of_path};
use crate::encode::Placed;
use crate::search::common_prefix;
use cut::{Gap, gaps};

/// Prices are in 1/16 bit. They were measured over many pairs of all kinds; a fifth more or less of any of them
/// changes packages by about 0.1 %.
const BIT: u32 = 16;
/// A literal: what the models leave of bytes that match nothing.
const LITERAL: u32 = price::LITERAL * BIT / price::BIT;
/// An operation, whatever it copies.
const OPERATION: u32 = 6 * BIT;
/// A displacement used by a cover nearby.
const RECENT: u32 = 2 * BIT;
/// A new displacement, without the bits of the seek.
const SEEK: u32 = 7 * BIT;
/// A repeat, without the bits of its distance.
const REPEAT: u32 = 2 * BIT;
const COPIED: u32 = 2;
const CHANGED: u32 = 9 * BIT;

/// A match this long is taken without looking at what begins inside.
const LONG: usize = 256;
/// The shortest exact match that is looked at, at a displacement that is near and at any other.
const LEAST_NEAR: u32 = 2;
const LEAST_FAR: u32 = 4;
/// The shortest repeat that is looked at.
pub(crate) const LEAST_REPEAT: usize = 4;

/// Without repeats of the whole image, gaps repeat each other and what is just before them, in groups of about this many
/// bytes or of one `GROUP_PART`-th of the base, to bound memory.
const GROUP: usize = 1 << 21;
const GROUP_PART: usize = 32;

/// Replaces gaps and short covers by what is cheapest.
pub(crate) fn fill_gaps(sources: &Sources, covers: &[Placed]) -> Vec<Placed> {
    let (kept, gaps) = gaps(sources.images.target.len(), covers);
    let parsed: Vec<Placed> = match sources.repeats {
        Some(repeats) => parse_all(sources, repeats, &gaps),
        None => {
            let size = GROUP.max(sources.images.base.len() / GROUP_PART);
            let stretch = |gap: &Gap| gap.start..gap.end;
            let parse = |gaps: &[Gap]| {
                let repeats = Repeats::around(sources.images.target, LEAST_REPEAT, gaps.iter().map(stretch));
                parse_all(sources, &repeats, gaps)
            };
            groups(&gaps, size, |gap| std::iter::once(stretch(gap))).flat_map(parse).collect()
        }
    };
    let mut all: Vec<Placed> = kept.into_iter().chain(parsed).collect();
    all.sort_unstable_by_key(|placed| placed.at);
    all
}

fn parse_all(sources: &Sources, repeats: &Repeats, gaps: &[Gap]) -> Vec<Placed> {
    let parser = Parser { sources, repeats };
    let parsed: Vec<Vec<Placed>> = gaps.par_iter().map(|gap| parser.parse(gap)).collect();
    parsed.into_iter().flatten().collect()
}

struct Parser<'a> {
    sources: &'a Sources<'a>,
    repeats: &'a Repeats<'a>,
}

/// The cheapest way to a byte found so far.
#[derive(Clone, Copy)]
struct Step {
    price: u32,
    length: u32,
    /// Where it copies from; `None` for a literal.
    from: Option<(Source, u32)>,
}

struct Path {
    steps: Vec<Step>,
}

/// The edges of matches of one origin at one place.
struct Edges {
    from: (Source, u32),
    least: u32,
    most: u32,
    /// What they cost without their bytes.
    price: u32,
}

impl Parser<'_> {
    fn parse(&self, gap: &Gap) -> Vec<Placed> {
        let mut path = Path::new(gap.end - gap.start);
        let mut short = gap.covers.iter().peekable();
        let mut repeats = Vec::new();
        let mut next = gap.start;
        for position in gap.start..gap.end {
            let place = position - gap.start;
            path.reach(place, 1, LITERAL, None);
            if let Some(&placed) = short.next_if(|placed| placed.at as usize == position) {
                let (price, cover) = (self.cover_price(placed, gap), placed.cover);
                path.reach(place, cover.length, price, Some((cover.source, cover.start)));
            }
            if position >= next {
                let longest = self.near(&mut path, gap, position);
                let longest = longest.max(self.far(&mut path, gap, position));
                let longest = longest.max(self.repeated(&mut path, gap, position, &mut repeats));
                next = if longest >= LONG { position + longest } else { position };
            }
        }
        let steps = &path.steps;
        covers_of_path(gap.start, steps.len(), |place| (steps[place].length, steps[place].from))
    }

    /// Sources at the displacements around the gap.
    fn near(&self, path: &mut Path, gap: &Gap, position: usize) -> usize {
        let mut longest = 0;
        for displacement in gap.displacements.into_iter().flatten() {
            let Ok(start) = usize::try_from(position as i64 - displacement) else { continue };
            let there = self.sources.images.base.get(start..).unwrap_or(&[]);
            let length = common_prefix(&self.sources.images.target[position..gap.end], there);
            let from = (Source::Base, start as u32);
            path.add(
                position - gap.start,
                &Edges { from, least: LEAST_NEAR, most: length as u32, price: RECENT },
            );
            longest = longest.max(length);
        }
        longest
    }

    /// The longest match anywhere in the base.
    fn far(&self, path: &mut Path, gap: &Gap, position: usize) -> usize {
        let (start, length) = self.sources.index.longest_match(&self.sources.masked[position..gap.end]);
        let price = seek_price(position as i64 - start as i64, gap);
        let from = (Source::Base, start as u32);
        path.add(position - gap.start, &Edges { from, least: LEAST_FAR, most: length as u32, price });
        length
    }

    /// Repeats of what the target already had.
    fn repeated(&self, path: &mut Path, gap: &Gap, position: usize, found: &mut Vec<Repeat>) -> usize {
        self.repeats.at(position, gap.end - position, found);
        let mut least = LEAST_REPEAT as u32;
        for repeat in found {
            let from = (Source::Target, position as u32 - repeat.distance);
            let price = REPEAT + BIT * bits(repeat.distance);
            path.add(position - gap.start, &Edges { from, least, most: repeat.length, price });
            // Shorter ones have a nearer origin.
            least = repeat.length + 1;
        }
        least as usize - 1
    }

    fn cover_price(&self, placed: Placed, gap: &Gap) -> u32 {
        let changed = placed.changes(self.sources.masked());
        let seek = seek_price(placed.displacement(), gap);
        OPERATION + seek + COPIED * (placed.cover.length - changed) + CHANGED * changed
    }
}

fn seek_price(displacement: i64, gap: &Gap) -> u32 {
    if gap.displacements.contains(&Some(displacement)) {
        return RECENT;
    }
    let before = gap.displacements[0].unwrap_or(0);
    SEEK + BIT * bits((displacement - before).unsigned_abs() as u32)
}

fn bits(value: u32) -> u32 {
    u32::BITS - value.leading_zeros()
}

impl Path {
    fn new(bytes: usize) -> Self {
        let mut steps = vec![Step { price: u32::MAX, length: 0, from: None }; bytes + 1];
        steps[0].price = 0;
        Self { steps }
    }

    /// Adds edges of all lengths of a match, but for long ones only the longest.
    fn add(&mut self, place: usize, edges: &Edges) {
        let least = if edges.most as usize >= LONG { edges.most } else { edges.least };
        for length in least..=edges.most {
            self.reach(place, length, OPERATION + edges.price + COPIED * length, Some(edges.from));
        }
    }

    fn reach(&mut self, place: usize, length: u32, price: u32, from: Option<(Source, u32)>) {
        let price = self.steps[place].price.saturating_add(price);
        if let Some(step) = self.steps.get_mut(place + length as usize).filter(|step| price < step.price) {
            *step = Step { price, length, from };
        }
    }
}
