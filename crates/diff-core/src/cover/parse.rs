//! Fills the gaps between long covers with the cheapest mix of literals, repeats and short covers.
//!
//! A shortest path over the bytes of each gap, in the manner of LZMA's optimal parser: every byte is a node, a
//! literal or a match is an edge, its price in bits is an estimate of what the models will charge.

use patch_nostd::apply::{Cover, Source};

use super::repeats::{Repeat, Repeats, in_parallel};
use crate::search::{self, Index, common_prefix};

/// What things cost, in 1/16 bit.
#[derive(Clone, Debug)]
pub struct Prices {
    /// Each byte of the new image as a literal.
    pub literals: Vec<u16>,
    /// Whether repeats within the target may be used.
    pub repeats: bool,
    /// An operation, whatever it copies.
    pub operation: u32,
    /// A displacement used before.
    pub recent: u32,
    /// A new displacement, besides the bits of the seek.
    pub seek: u32,
    /// A repeat, besides the bits of its distance.
    pub repeat: u32,
    /// A copied byte.
    pub copied: u32,
    /// A copied byte that differs.
    pub changed: u32,
}

/// Covers shorter than this are up for dissolution.
const SHORT: u32 = 48;
/// Gaps are cut into pieces of at most this many bytes.
const PIECE: usize = 1 << 16;
/// A match this long is taken without looking at what begins inside.
const LONG: usize = 256;

/// What the parse works on.
struct Images<'a> {
    index: &'a Index<'a>,
    masked: &'a [u8],
    old: &'a [u8],
    new: &'a [u8],
    repeats: Option<Repeats<'a>>,
    prices: &'a Prices,
}

/// A stretch to be parsed, with the covers that may be dissolved, and what is around it.
struct Gap {
    start: usize,
    end: usize,
    covers: Vec<(u32, Cover)>,
    displacements: [Option<i64>; 2],
}

/// Replaces gaps and short covers by what is cheapest.
pub fn refine(
    index: &Index,
    masked: &[u8],
    old: &[u8],
    new: &[u8],
    covers: &[(u32, Cover)],
    prices: &Prices,
) -> Vec<(u32, Cover)> {
    let repeats = prices.repeats.then(|| Repeats::new(new));
    let images = Images { index, masked, old, new, repeats, prices };
    let (kept, gaps) = gaps(new.len(), covers);
    let parsed = in_parallel(&gaps, |gap| images.parse(gap));
    let mut all: Vec<(u32, Cover)> = kept.into_iter().chain(parsed.into_iter().flatten()).collect();
    all.sort_unstable_by_key(|&(target, _)| target);
    all
}

/// The long covers, and the gaps that they leave.
fn gaps(size: usize, covers: &[(u32, Cover)]) -> (Vec<(u32, Cover)>, Vec<Gap>) {
    let (mut kept, mut gaps) = (Vec::new(), Vec::new());
    let mut open = Gap { start: 0, end: 0, covers: Vec::new(), displacements: [None; 2] };
    for &(target, cover) in covers {
        let start = target as usize;
        let end = start + cover.length as usize;
        let full = start - open.start > PIECE;
        if cover.length >= SHORT || full {
            close(&mut gaps, &mut open, start, Some(displacement(target, cover)), end);
            kept.push((target, cover));
        } else {
            open.covers.push((target, cover));
        }
    }
    close(&mut gaps, &mut open, size, None, size);
    (kept, gaps)
}

fn close(gaps: &mut Vec<Gap>, open: &mut Gap, end: usize, after: Option<i64>, next: usize) {
    let before = open.displacements[0];
    let fresh = Gap { start: next, end: next, covers: Vec::new(), displacements: [after, None] };
    let mut gap = std::mem::replace(open, fresh);
    gap.end = end;
    gap.displacements = [before, after];
    if gap.end > gap.start {
        gaps.push(gap);
    }
}

fn displacement(target: u32, cover: Cover) -> i64 {
    i64::from(target) - i64::from(cover.start)
}

/// The cheapest way to a byte.
#[derive(Clone, Copy)]
struct Step {
    price: u32,
    /// Bytes of the last edge; a literal if there is no cover.
    length: u32,
    cover: Option<Cover>,
}

impl Images<'_> {
    fn parse(&self, gap: &Gap) -> Vec<(u32, Cover)> {
        let mut path = vec![Step { price: u32::MAX, length: 0, cover: None }; gap.end - gap.start + 1];
        path[0].price = 0;
        let mut short = gap.covers.iter().peekable();
        let mut repeats = Vec::new();
        let mut skip = 0;
        for place in 0..gap.end - gap.start {
            let position = gap.start + place;
            let literal = u32::from(self.prices.literals[position]);
            reach(&mut path, place, 1, literal, None);
            if let Some(&(target, cover)) = short.next_if(|(target, _)| *target as usize == position) {
                let price = self.cover_price(target, cover, gap);
                reach(&mut path, place, cover.length, price, Some(cover));
            }
            if place < skip {
                continue;
            }
            let longest = self.edges(&mut path, place, gap, &mut repeats);
            if longest >= LONG {
                skip = place + longest;
            }
        }
        backtrack(gap.start, &path)
    }

    /// Adds the edges of all matches at a place; returns the length of the longest.
    fn edges(&self, path: &mut [Step], place: usize, gap: &Gap, repeats: &mut Vec<Repeat>) -> usize {
        let position = gap.start + place;
        let limit = gap.end - position;
        let prices = self.prices;
        let mut longest = 0;
        for displacement in gap.displacements.into_iter().flatten() {
            let start = position as i64 - displacement;
            let Some(there) = usize::try_from(start).ok().and_then(|start| self.old.get(start..)) else { continue };
            let length = common_prefix(&self.new[position..gap.end], there);
            for length in 2..=length.min(LONG) as u32 {
                let cover = Cover { source: Source::Base, start: start as u32, length };
                let price = prices.operation + prices.recent + prices.copied * length;
                reach(path, place, length, price, Some(cover));
            }
            longest = longest.max(length);
        }
        let (start, length) = self.index.longest_match(&self.masked[position..gap.end]);
        let length = length.min(limit);
        let seek = self.seek_price(position as i64 - start as i64, gap);
        for length in shortened(4, length as u32) {
            let cover = Cover { source: Source::Base, start: start as u32, length };
            let price = prices.operation + seek + prices.copied * length;
            reach(path, place, length, price, Some(cover));
        }
        longest = longest.max(length);
        if let Some(links) = &self.repeats {
            links.at(position, limit, repeats);
            let mut least = 4;
            for repeat in repeats.iter() {
                let base = prices.operation + prices.repeat + 16 * bits(repeat.distance);
                for length in shortened(least, repeat.length) {
                    let start = position as u32 - repeat.distance;
                    let cover = Cover { source: Source::Target, start, length };
                    reach(path, place, length, base + prices.copied * length, Some(cover));
                }
                least = repeat.length + 1;
                longest = longest.max(repeat.length as usize);
            }
        }
        longest
    }

    fn seek_price(&self, displacement: i64, gap: &Gap) -> u32 {
        if gap.displacements.contains(&Some(displacement)) {
            return self.prices.recent;
        }
        let before = gap.displacements[0].unwrap_or(0);
        self.prices.seek + 16 * bits((displacement - before).unsigned_abs() as u32)
    }

    fn cover_price(&self, target: u32, cover: Cover, gap: &Gap) -> u32 {
        if cover.source == Source::Target {
            let distance = self.prices.repeat + 16 * bits(target - cover.start);
            return self.prices.operation + distance + self.prices.copied * cover.length;
        }
        let seek = self.seek_price(displacement(target, cover), gap);
        let new = &self.masked[target as usize..][..cover.length as usize];
        let old = &self.index.old()[cover.start as usize..][..cover.length as usize];
        let changed = new.iter().zip(old).filter(|(new, old)| new != old).count() as u32;
        let equal = cover.length - changed;
        self.prices.operation + seek + self.prices.copied * equal + self.prices.changed * changed
    }
}

/// All lengths of short matches; of long ones the last few.
fn shortened(least: u32, most: u32) -> impl Iterator<Item = u32> {
    let first = if most > LONG as u32 { most } else { least };
    first..=most
}

fn bits(value: u32) -> u32 {
    32 - value.leading_zeros()
}

fn reach(path: &mut [Step], place: usize, length: u32, price: u32, cover: Option<Cover>) {
    let price = path[place].price.saturating_add(price);
    if let Some(step) = path.get_mut(place + length as usize).filter(|step| price < step.price) {
        *step = Step { price, length, cover };
    }
}

fn backtrack(start: usize, path: &[Step]) -> Vec<(u32, Cover)> {
    let mut covers = Vec::new();
    let mut place = path.len() - 1;
    while place > 0 {
        let step = path[place];
        place -= step.length as usize;
        if let Some(cover) = step.cover {
            covers.push(((start + place) as u32, cover));
        }
    }
    covers.reverse();
    covers
}

#[allow(unused)]
fn unused() {
    let _ = search::CoverOptions::default();
}
