//! Candidates for covers: stretches of the target, each with a displacement at which it resembles something.

use std::ops::Range;

use smidgen_patch::internals::apply::Source;

use crate::cover::available::available_ranges;
use crate::cover::repeats::Repeat;
use crate::cover::sources::Sources;
use crate::encode::{Lanes, Placed};

/// A stretch of the target that may be copied, whole or in part. There may be one for each byte: it is kept small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) source: Source,
    /// How far behind that lies: target offset minus source offset.
    displacement: i32,
    /// By how many bytes what agrees exceeds what differs: where there are too many candidates, the best are kept.
    pub(crate) score: u32,
}

impl Candidate {
    /// By where it begins; unique but for the score.
    pub(crate) fn order(&self) -> (u32, u32, i32, bool) {
        (self.start, self.end, self.displacement, self.source == Source::Target)
    }

    pub(crate) fn displacement(&self) -> i64 {
        self.displacement.into()
    }

    /// The part of it that is in `range`, if any is.
    pub(crate) fn within(self, range: &Range<usize>) -> Option<Self> {
        let (start, end) = (self.start.max(range.start as u32), self.end.min(range.end as u32));
        (start < end).then_some(Self { start, end, ..self })
    }

    /// The parts of it that lanes can state.
    pub(super) fn within_lanes(self, lanes: &Lanes) -> impl Iterator<Item = Self> {
        let whole = (self.source == Source::Base).then_some(self);
        let parts = lanes.repeatable(self.displacement.unsigned_abs(), self.start..self.end);
        let parts = parts.filter(move |_| whole.is_none());
        whole.into_iter().chain(parts.map(move |Range { start, end }| Self { start, end, ..self }))
    }
}

/// A section of the target and what it can be made of: a unit of parallel work.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    pub(crate) range: Range<usize>,
    pub(super) candidates: Vec<Candidate>,
    /// Displacements before the section, newest first.
    pub(super) recent: [i64; 4],
    /// The displacement of the cover that the section begins in.
    pub(super) continues: Option<i64>,
}

/// How wide to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Width {
    /// Bytes by which covers are prolonged in any case, at both ends.
    pub(crate) reach: usize,
    /// Candidates that are followed at the same time.
    pub(crate) lanes: usize,
    /// Sources of the base that are looked at from one place.
    pub(crate) rivals: usize,
}

/// The shortest exact matches that are looked at, in the base and in the target.
const LEAST_BASE: usize = 4;
pub(crate) const LEAST_REPEAT: usize = 5;
/// How many displacements are remembered so that nothing is found twice; a power of two.
const KNOWN: usize = 1 << 12;
/// What the search's covers are ahead of other candidates.
const KEPT: u32 = 64;
/// Bytes by which a source grows at most, at each end.
const GROWTH: usize = 256;
/// How far differences may exceed what agrees, in bytes, before a source ends.
const DROP: i32 = 6;
/// Inside a match this long nothing else is looked for until shortly before its end.
const LONG: usize = 64;
const MARGIN: usize = 24;

/// All candidates that touch `range`, by where they begin; other matches than `covers` are sought in its `doubtful` stretches.
pub(super) fn candidates(
    sources: &Sources,
    covers: &[Placed],
    width: Width,
    range: Range<usize>,
    doubtful: &[Range<usize>],
) -> Vec<Candidate> {
    let mut finder = Finder {
        sources,
        width,
        range,
        found: Vec::new(),
        repeats: Vec::new(),
        places: Vec::new(),
        known: vec![(0, 0); KNOWN],
    };
    covers.iter().for_each(|&placed| finder.prolonged(placed));
    doubtful.iter().for_each(|stretch| finder.look(stretch.clone()));
    let mut found = finder.found;
    found.sort_unstable_by_key(Candidate::order);
    found.shrink_to_fit();
    found
}

struct Finder<'a> {
    sources: &'a Sources<'a>,
    width: Width,
    range: Range<usize>,
    found: Vec<Candidate>,
    repeats: Vec<Repeat>,
    places: Vec<(usize, usize)>,
    /// Up to where candidates go, for some displacements.
    known: Vec<(i64, usize)>,
}

impl Finder<'_> {
    /// A cover of the search, further than it goes.
    fn prolonged(&mut self, placed: Placed) {
        let (start, end, cover) = (placed.at as usize, placed.end() as usize, placed.cover);
        let displacement = placed.displacement();
        let reach = self.width.reach.min(2 * cover.length as usize);
        let (grown, score) = self.grown(cover.source, displacement, start..end);
        let whole = grown.start.min(start.saturating_sub(reach))..grown.end.max(end + reach);
        self.add(cover.source, displacement, whole, score + KEPT);
    }

    /// Adds a candidate, as far as it is in the section and copies what is there.
    fn add(&mut self, source: Source, displacement: i64, whole: Range<usize>, score: u32) {
        let size = match source {
            Source::Base => self.sources.images.base.len() as i64,
            Source::Target => self.sources.images.target.len() as i64,
        };
        let start = whole.start.max(self.range.start).max(displacement.max(0) as usize);
        let end = whole.end.min(self.range.end).min((size + displacement).max(0) as usize);
        if start >= end {
            return;
        }
        // Images have at most 2^30 bytes.
        let candidate = |Range { start, end }: Range<usize>| {
            let (start, end, displacement) = (start as u32, end as u32, displacement as i32);
            Candidate { start, end, source, displacement, score }
        };
        match self.sources.in_place {
            Some(plan) if source == Source::Base => {
                self.found.extend(available_ranges(plan, displacement, start..end).map(candidate));
            }
            _ => self.found.push(candidate(start..end)),
        }
    }

    /// Looks for matches at every position of a stretch.
    fn look(&mut self, stretch: Range<usize>) {
        let mut position = stretch.start;
        while position < stretch.end {
            let longest = self.far(position).max(self.repeated(position));
            position += if longest >= LONG { longest - MARGIN } else { 1 };
        }
    }

    /// The longest matches in the base.
    fn far(&mut self, position: usize) -> usize {
        let mut places = std::mem::take(&mut self.places);
        let needle = &self.sources.masked[position..];
        self.sources.index.long_matches(needle, self.width.rivals, &mut places);
        for &(start, length) in places.iter().filter(|(_, length)| *length >= LEAST_BASE) {
            self.grow(Source::Base, position as i64 - start as i64, position, position + length);
        }
        let longest = places.first().map_or(0, |&(_, length)| length);
        self.places = places;
        longest
    }

    /// Repeats of what the target already had.
    fn repeated(&mut self, position: usize) -> usize {
        let mut repeats = std::mem::take(&mut self.repeats);
        let limit = self.sources.images.target.len() - position;
        if let Some(known) = self.sources.repeats {
            known.at(position, limit.min(1 << 12), &mut repeats);
        }
        for repeat in &repeats {
            let end = position + repeat.length as usize;
            self.grow(Source::Target, i64::from(repeat.distance), position, end);
        }
        let longest = repeats.last().map_or(0, |repeat| repeat.length as usize);
        self.repeats = repeats;
        longest
    }

    /// Adds a match unless a candidate of the same displacement has it.
    fn grow(&mut self, source: Source, displacement: i64, start: usize, end: usize) {
        let place = (displacement as usize).wrapping_mul(0x9E37_79B9) >> 8 & (KNOWN - 1);
        let known = self.known[place];
        if known.0 == displacement && known.1 >= end {
            return;
        }
        let (grown, score) = self.grown(source, displacement, start..end);
        self.known[place] = (displacement, grown.end);
        self.add(source, displacement, grown, score);
    }

    /// How far a match goes on over differences, back and forth.
    fn grown(&self, source: Source, displacement: i64, whole: Range<usize>) -> (Range<usize>, u32) {
        let Range { start, end } = whole;
        let (target, base) = match source {
            Source::Base => (self.sources.masked, self.sources.index.base()),
            Source::Target => (self.sources.repeated(), self.sources.repeated()),
        };
        let (from, to) = ((start as i64 - displacement) as usize, (end as i64 - displacement) as usize);
        let back = extension(target[..start].iter().rev().zip(base[..from].iter().rev()));
        let forth = extension(target[end..].iter().zip(&base[to.min(base.len())..]));
        (start - back.0..end + forth.0, (end - start) as u32 + back.1 + forth.1)
    }
}

/// How many pairs to take until differences prevail, and by how much what agrees exceeds them.
fn extension<'a>(pairs: impl Iterator<Item = (&'a u8, &'a u8)>) -> (usize, u32) {
    let (mut score, mut best, mut length) = (0i32, 0, 0);
    for (index, (target, base)) in pairs.take(GROWTH).enumerate() {
        score += if target == base { 1 } else { -2 };
        if score > best {
            (best, length) = (score, index + 1);
        } else if score < best - 2 * DROP {
            break;
        }
    }
    (length, best as u32)
}
