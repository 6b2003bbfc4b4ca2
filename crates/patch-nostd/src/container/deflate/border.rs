//! Where blocks most likely end (`docs/format.md`, section 14.5.4).

use super::parameters::{Border, Parameters};
use super::token::{Token, distance_symbol};

/// gzip's buffer of tokens.
const GZIP_TOKENS: u32 = 0x7FFF;
/// gzip estimates after as many tokens.
const GZIP_PERIOD: u32 = 0x1000;

/// What is known of the block so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    /// Where the block begins.
    start: u32,
    tokens: u32,
    matches: u32,
    /// Bits of distances, as gzip estimates them.
    bits: u32,
}

impl Progress {
    /// A block that begins at this position.
    pub(super) fn at(start: u32) -> Self {
        Self { start, ..Self::default() }
    }

    /// Adds the token at `position`; whether the block most likely ends behind it.
    pub(super) fn add(&mut self, parameters: &Parameters, position: u32, token: Token) -> bool {
        self.tokens += 1;
        match parameters.border {
            Border::End => false,
            Border::Tokens(count) => self.tokens == count,
            Border::Gzip => {
                if token.is_match() {
                    self.matches += 1;
                    self.bits += 5 + u32::from(distance_symbol(token.distance).bits);
                }
                // gzip looks at a token when it has moved on by one byte, at once if it is greedy.
                let seen = position - self.start + u32::from(!parameters.finder.is_greedy());
                self.tokens == GZIP_TOKENS
                    || (self.tokens.is_multiple_of(GZIP_PERIOD) && self.is_worth_ending(seen))
            }
        }
    }

    /// gzip's guess whether the block compresses well enough to end it.
    const fn is_worth_ending(&self, seen: u32) -> bool {
        let packed = (8 * self.tokens + self.bits) / 8;
        self.matches < self.tokens / 2 && packed < seen / 2
    }
}
