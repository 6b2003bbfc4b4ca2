//! Decisions in a stream of the base, by which those in a stream of the target are predicted (`docs/format.md`, section
//! 14.5.2).

use std::vec::Vec;

use super::models::{Chance, Number};
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
        read(stream, tokens as usize, &mut trace)?;
        (trace.tokens.len() == tokens as usize).then_some(trace)
    }
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
