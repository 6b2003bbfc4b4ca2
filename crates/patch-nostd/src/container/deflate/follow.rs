//! Decisions in a stream of the base, by which those in a stream of the target are predicted (`docs/format.md`, section
//! 14.5.2).

use std::vec::Vec;

use super::models::{Chance, Number};
#[cfg(feature = "encode")]
use super::parse::Parsed;
use super::parse::{Decisions, Kind, read};
use super::token::Token;
use crate::entropy::Coder;

/// The decisions in a stream of the base, by the positions of its plain bytes.
#[derive(Debug, Default)]
pub struct Trace {
    tokens: Vec<Token>,
    starts: Vec<u32>,
    /// Where blocks end.
    borders: Vec<u32>,
}

impl Trace {
    /// Those of a stream that is as long as the bytes and has so many tokens; `None` for others.
    #[must_use]
    pub fn read(stream: &[u8], tokens: u32) -> Option<Self> {
        let mut trace = Self::default();
        trace.tokens.try_reserve_exact(tokens as usize).ok()?;
        trace.starts.try_reserve_exact(tokens as usize).ok()?;
        trace.borders.try_reserve_exact(most_borders(stream.len())).ok()?;
        read(stream, tokens as usize, &mut trace)?;
        trace.borders.shrink_to_fit();
        (trace.tokens.len() == tokens as usize).then_some(trace)
    }

    /// Those of a stream that has been read.
    #[cfg(feature = "encode")]
    #[must_use]
    pub fn of(parsed: &Parsed) -> Self {
        let next_start =
            |start: &mut u32, token: &Token| Some(core::mem::replace(start, *start + token.span()));
        let mut trace = Self { tokens: parsed.tokens.clone(), ..Self::default() };
        let (mut token, mut end) = (0, 0);
        for block in &parsed.blocks {
            let tokens = parsed.tokens.get(token..block.tokens).unwrap_or(&[]);
            trace.starts.extend(tokens.iter().scan(end, next_start));
            trace.block(block.kind.clone(), block.plain, block.is_last);
            (token, end) = (block.tokens, block.plain);
        }
        trace
    }
}

/// How many borders a stream of so many bytes can have. A block that has plain bytes takes 18 bits at least: its type, a
/// literal and its end, by the fixed codes. One more is at the start.
const fn most_borders(stream: usize) -> usize {
    stream / 9 * 4 + stream % 9 * 4 / 9 + 1
}

impl Decisions for Trace {
    fn tokens(&self) -> usize {
        self.tokens.len()
    }

    fn token(&mut self, token: Token, position: u32) {
        self.tokens.push(token);
        self.starts.push(position);
    }

    fn block(&mut self, _kind: Kind, end: u32, _is_last: bool) {
        if self.borders.last() != Some(&end) {
            self.borders.push(end);
        }
    }
}

/// Plain bytes of the target that are like those of the base's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The position behind the last of them.
    pub end: u32,
    /// How much farther the base has them; `None` if it does not.
    pub displacement: Option<i32>,
}

/// The way along a trace.
#[derive(Debug)]
pub(super) struct Follower<'t> {
    trace: &'t Trace,
    segment: Segment,
    /// The last displacement.
    displacement: i32,
    /// The token that was looked up last.
    cursor: usize,
}

impl<'t> Follower<'t> {
    pub(super) const fn new(trace: &'t Trace) -> Self {
        let segment = Segment { end: 0, displacement: None };
        Self { trace, segment, displacement: 0, cursor: 0 }
    }

    /// The next segment, if the last one ends at or before `position`.
    pub(super) fn advance<C: Coder>(
        &mut self,
        coder: &mut C,
        models: &mut SegmentModels,
        position: u32,
        segments: &mut core::slice::Iter<'_, Segment>,
    ) {
        while self.segment.end <= position {
            let last = Segment { end: u32::MAX, displacement: None };
            let actual = segments.next().copied().unwrap_or(last);
            let length = actual.end.wrapping_sub(self.segment.end).wrapping_sub(1);
            let length = models.length.code(coder, length);
            self.segment.end = self.segment.end.saturating_add(length).saturating_add(1);
            let is_like = models.like.code(coder, actual.displacement.is_some());
            let change = actual.displacement.unwrap_or(0).wrapping_sub(self.displacement);
            self.segment.displacement = is_like.then(|| {
                self.displacement = self.displacement.wrapping_add(models.change.signed(coder, change));
                self.displacement
            });
        }
    }

    /// Where in the base a position of this segment is.
    fn base(&self, position: u32) -> Option<u32> {
        Some(position.wrapping_add_signed(self.segment.displacement?))
    }

    /// The token of the base that begins at the place of this position.
    pub(super) fn token(&mut self, position: u32) -> Option<Token> {
        let place = self.base(position)?;
        let starts = &self.trace.starts;
        let near = [self.cursor, self.cursor + 1].into_iter().find(|&at| starts.get(at) == Some(&place));
        self.cursor = near.or_else(|| starts.binary_search(&place).ok())?;
        self.trace.tokens.get(self.cursor).copied()
    }

    /// Whether a block of the base ends at the place of this position, the byte before which is in this segment.
    pub(super) fn is_border(&self, position: u32) -> bool {
        self.base(position).is_some_and(|place| self.trace.borders.binary_search(&place).is_ok())
    }
}

/// How segments are coded.
#[derive(Clone, Debug)]
pub(super) struct SegmentModels {
    length: Number,
    like: Chance,
    change: Number,
}

impl SegmentModels {
    pub(super) const NEW: Self = Self { length: Number::NEW, like: Chance::NEW, change: Number::NEW };
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::super::bits::BitWriter;
    use super::*;

    /// A stream of fixed blocks, with so many literals in each.
    fn stream(blocks: &[usize]) -> Vec<u8> {
        let mut writer = BitWriter::default();
        for (number, &literals) in blocks.iter().enumerate() {
            writer.put(u32::from(number + 1 == blocks.len()) | 1 << 1, 3);
            // The code of byte 0 is 00110000, highest bit first; that of the end seven zeros.
            (0..literals).for_each(|_| writer.put(0b0000_1100, 8));
            writer.put(0, 7);
        }
        let missing = writer.missing();
        writer.put(0, missing);
        writer.bytes().to_vec()
    }

    #[test]
    fn borders_take_the_memory_that_is_stated_for_a_stream_at_most() {
        for blocks in [vec![1; 10_000], vec![0; 10], [vec![0; 3], vec![1; 997]].concat(), vec![5]] {
            let stream = stream(&blocks);
            let tokens = blocks.iter().sum::<usize>();
            let ends = blocks
                .iter()
                .scan(0, |end, literals| Some(core::mem::replace(end, *end + literals) + literals));
            let mut borders: Vec<u32> = ends.map(|end| end as u32).collect();
            borders.dedup();
            let trace = Trace::read(&stream, tokens as u32).unwrap();
            assert_eq!(trace.borders, borders);
            assert!(trace.borders.capacity() <= stream.len() * 4 / 9 + 2, "{}", trace.borders.capacity());
            assert!(borders.len() <= most_borders(stream.len()));
        }
    }

    #[cfg(feature = "encode")]
    #[test]
    fn a_trace_of_decisions_is_that_of_their_stream() {
        let stream = stream(&[0, 1, 70, 0, 3]);
        let parsed = super::super::Parsed::new(&stream, usize::MAX).unwrap();
        let (read, of) = (Trace::read(&stream, parsed.tokens.len() as u32).unwrap(), Trace::of(&parsed));
        assert_eq!((read.tokens, read.starts, read.borders), (of.tokens, of.starts, of.borders));
    }
}
