//! The trees of a block: coded by what zlib's would be (`docs/format.md`, section 14.5.5).

use std::vec::Vec;

use super::header::{Header, LEAST, MOST, Step, expected_lengths, next_step, written};
use super::models::{Chance, Number, Tree, raw};
use super::token::{DISTANCES, LITERALS, Token, distance_symbol, length_symbol};
use super::tree::codes;
use crate::Error;
use crate::entropy::Coder;

/// How often symbols occur in a block.
#[derive(Clone, Debug)]
pub(super) struct Frequencies {
    pub(super) literals: [u32; LITERALS],
    pub(super) distances: [u32; DISTANCES],
}

impl Frequencies {
    pub(super) const NEW: Self = Self { literals: [0; LITERALS], distances: [0; DISTANCES] };

    /// Counts a match, or a literal of this byte.
    pub(super) fn add(&mut self, token: Token, byte: u8) {
        if !token.is_match() {
            self.literals[usize::from(byte)] += 1;
            return;
        }
        if let Some(count) = self.literals.get_mut(usize::from(length_symbol(token.length).symbol)) {
            *count += 1;
        }
        if let Some(count) = self.distances.get_mut(usize::from(distance_symbol(token.distance).symbol)) {
            *count += 1;
        }
    }
}

/// How trees are coded.
#[derive(Clone, Debug)]
pub(super) struct HeaderModels {
    /// Whether all is as expected.
    expected: Chance,
    /// Whether a number of lengths is as expected: of literals, of distances, of code lengths.
    counts: [Chance; 3],
    /// Whether a code length is as expected: by that, and by whether the one before was.
    same: [Chance; 32],
    /// Other code lengths, by what was expected.
    lengths: [Tree<16>; 16],
    /// Whether repetitions go from literals to distances, whether a step is as expected; how long others are.
    joined: Chance,
    step: Chance,
    span: Number,
    /// Whether zeros are written as copies of the one before.
    copies: Chance,
    /// Whether the length of a code of the steps is as expected, and other ones.
    step_same: Chance,
    step_length: Tree<8>,
}

impl HeaderModels {
    pub(super) const NEW: Self = Self {
        expected: Chance::NEW,
        counts: [Chance::NEW; 3],
        same: [Chance::NEW; 32],
        lengths: [const { Tree::NEW }; 16],
        joined: Chance::NEW,
        step: Chance::NEW,
        span: Number::NEW,
        copies: Chance::NEW,
        step_same: Chance::NEW,
        step_length: Tree::NEW,
    };

    /// Codes the header of a block in which symbols have these frequencies.
    pub(super) fn code<C: Coder>(
        &mut self,
        coder: &mut C,
        frequencies: &Frequencies,
        actual: &Header,
    ) -> Result<Header, Error> {
        let likely = expected_lengths(&frequencies.literals, &frequencies.distances);
        let expected = Header::expected(&likely.0, &likely.1);
        if self.expected.code(coder, *actual == expected) {
            return Ok(expected);
        }
        let literals = self.count(coder, 0, expected.literals, actual.literals)?;
        let distances = self.count(coder, 1, expected.distances, actual.distances)?;
        let of_actual = actual.trees().unwrap_or_default();
        let mut lengths = Vec::with_capacity(usize::from(literals + distances));
        let sides = [(literals, &likely.0, &of_actual.0), (distances, &likely.1, &of_actual.1)];
        for (count, likely, actual) in sides {
            let mut right = true;
            for at in 0..usize::from(count) {
                let at = |lengths: &Vec<u8>| lengths.get(at).copied().unwrap_or(0);
                let length = self.length(coder, at(likely), at(actual), right);
                right = length == at(likely);
                lengths.push(length);
            }
        }
        let steps = self.steps(coder, &lengths, literals.into(), actual)?;
        let mut header = Header::of_steps(literals, distances, steps);
        for (place, &actual) in header.lengths.iter_mut().zip(&actual.lengths) {
            if !self.step_same.code(coder, *place == actual) {
                *place = self.step_length.code(coder, actual.into()) as u8;
            }
        }
        header.count = self.count(coder, 2, written(&header.lengths), actual.count)?;
        let valid = [header.lengths.as_slice(), lengths.get(..literals.into()).unwrap_or(&[])];
        let valid = valid.into_iter().chain([lengths.get(literals.into()..).unwrap_or(&[])]);
        if valid.into_iter().all(|lengths| codes(lengths).is_some()) {
            Ok(header)
        } else {
            Err(Error::Corrupt)
        }
    }

    /// How many lengths there are: number `which` of the three.
    fn count<C: Coder>(
        &mut self,
        coder: &mut C,
        which: usize,
        expected: u16,
        actual: u16,
    ) -> Result<u16, Error> {
        let index = which.min(2);
        if self.counts[index].code(coder, expected == actual) {
            return Ok(expected);
        }
        let count = raw(coder, 5, u32::from(actual.wrapping_sub(LEAST[index]))) as u16 + LEAST[index];
        if count <= MOST[index] { Ok(count) } else { Err(Error::Corrupt) }
    }

    fn length<C: Coder>(&mut self, coder: &mut C, likely: u8, actual: u8, right: bool) -> u8 {
        let context = usize::from(likely & 15);
        if self.same[2 * context + usize::from(right)].code(coder, likely == actual) {
            return likely;
        }
        self.lengths[context].code(coder, actual.into()) as u8
    }

    /// How these lengths are written, the first `literals` of which are those of literals.
    fn steps<C: Coder>(
        &mut self,
        coder: &mut C,
        lengths: &[u8],
        literals: usize,
        actual: &Header,
    ) -> Result<Vec<Step>, Error> {
        let crosses = || {
            let mut at = 0;
            actual.steps.iter().any(|step| {
                let start = at;
                at += step.span();
                (start < literals && at > literals) || (start == literals && step.symbol == 16)
            })
        };
        let is_joined = self.joined.code(coder, crosses());
        let mut steps = Vec::new();
        let (mut at, mut before, mut theirs) = (0, None, actual.steps.iter());
        while at < lengths.len() {
            let end = if is_joined || at >= literals { lengths.len() } else { literals };
            if at == literals && !is_joined {
                before = None;
            }
            let rest = lengths.get(at..end).unwrap_or(&[]);
            let expected = next_step(rest, before);
            let actual = theirs.next().copied().unwrap_or_default();
            let step = if self.step.code(coder, expected == actual) {
                expected
            } else {
                let length = rest.first().copied().unwrap_or(0);
                let repeats = actual.symbol >= 16;
                let span = self.span.code(coder, if repeats { actual.span() as u32 } else { 0 });
                let may_copy = length == 0 && before == Some(0) && (3..=6).contains(&span);
                if may_copy && self.copies.code(coder, actual.symbol == 16) {
                    Step { symbol: 16, extra: span as u8 - 3 }
                } else {
                    step_of(length, span).ok_or(Error::Corrupt)?
                }
            };
            let span = step.span();
            let fits = lengths
                .get(at..at + span)
                .is_some_and(|run| run.iter().all(|length| Some(length) == run.first()));
            if !fits || (step.symbol == 16 && before != rest.first().copied()) {
                return Err(Error::Corrupt);
            }
            before = rest.first().copied();
            at += span;
            steps.push(step);
        }
        Ok(steps)
    }
}

/// The step that repeats a length so many times; 0 is the length itself.
fn step_of(length: u8, span: u32) -> Option<Step> {
    let extra = |least: u32| span.checked_sub(least).map(|extra| extra as u8);
    Some(match (length, span) {
        (_, 0) => Step { symbol: length, extra: 0 },
        (1.., 3..=6) => Step { symbol: 16, extra: extra(3)? },
        (0, 3..=10) => Step { symbol: 17, extra: extra(3)? },
        (0, 11..=138) => Step { symbol: 18, extra: extra(11)? },
        _ => return None,
    })
}
