//! What an encoder of corrections knows and a decoder does not: what a stream's decisions are (`docs/format.md`, section
//! 14.5).

use std::vec::Vec;

use super::border::Progress;
use super::follow::{Follower, Segment, SegmentModels, Trace};
use super::parameters::Parameters;
use super::parse::Parsed;
use super::token::Token;
use crate::entropy::Coder;

/// What the encoder of corrections knows: what it will all come to.
#[derive(Debug)]
pub(super) struct Script<'s> {
    pub(super) parsed: &'s Parsed,
    /// Of each block, whether it ends where that is expected.
    pub(super) ends: Vec<bool>,
    pub(super) segments: core::slice::Iter<'s, Segment>,
    /// Tokens and blocks so far.
    pub(super) token: usize,
    pub(super) block: usize,
}

#[cfg_attr(not(feature = "encode"), allow(dead_code))]
impl<'s> Script<'s> {
    /// What the first `length` plain bytes of a stream with these decisions come to; with a trace, the segments in which the
    /// target is like that.
    #[must_use]
    pub(super) fn new(
        parsed: &'s Parsed,
        length: u32,
        parameters: &Parameters,
        trace: Option<&'s Trace>,
        segments: &'s [Segment],
    ) -> Self {
        let mut script = Self { parsed, ends: Vec::new(), segments: segments.iter(), token: 0, block: 0 };
        let mut follower = trace.map(Follower::new);
        let mut models = SegmentModels::NEW;
        let (mut start, mut at) = (0, 0);
        for block in &parsed.blocks {
            if start > length {
                break;
            }
            let (mut progress, mut position) = (Progress::at(start), start);
            let mut first_end = None;
            for (index, &token) in parsed.tokens.iter().enumerate().take(block.tokens).skip(at) {
                if let Some(follower) = &mut follower {
                    follower.advance(&mut Nothing, &mut models, position, &mut script.segments);
                }
                let next = position.wrapping_add(token.span());
                let is_border = match &follower {
                    Some(follower) => follower.is_border(next),
                    None => progress.add(parameters, position, token),
                };
                if is_border || next == parsed.plain {
                    first_end = Some(index + 1);
                    break;
                }
                position = next;
            }
            let is_empty = start == parsed.plain && at == block.tokens;
            script.ends.push(first_end == Some(block.tokens) || is_empty);
            (start, at) = (block.plain, block.tokens);
        }
        script.segments = segments.iter();
        script
    }

    /// Blocks that do not end where that is expected.
    pub(super) fn misses(&self) -> usize {
        self.ends.iter().filter(|&&is_expected| !is_expected).count()
    }
}

/// Says what it is told.
#[cfg_attr(not(feature = "encode"), allow(dead_code))]
struct Nothing;

impl Coder for Nothing {
    fn code(&mut self, _probability: u16, bit: bool) -> bool {
        bit
    }
}

impl Script<'_> {
    /// The next token.
    pub(super) fn next_token(&mut self) -> Option<Token> {
        let token = self.parsed.tokens.get(self.token).copied();
        self.token += 1;
        token
    }
}
