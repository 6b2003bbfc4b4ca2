//! What the encoder of a stream most likely does next (`docs/format.md`, section 14.5.2): what zlib's search would do, after
//! Deutsch's and Gailly's `deflate_fast` and `deflate_slow`, or a match of a given length from the nearest place.

use super::chains::Chains;
use super::parameters::Finder;
use super::token::{SHORTEST, Token};
use super::window::Window;

/// Predicts tokens by the plain bytes, and by the tokens so far.
#[derive(Debug)]
pub(super) struct Predictor {
    pub(super) window: Window,
    pub(super) finder: Finder,
    chains: Chains,
    /// The match that was found at a position ahead, when a literal was preferred to a match before it.
    ahead: Option<(u32, Token)>,
}

impl Predictor {
    pub(super) fn new(finder: Finder) -> Self {
        Self { window: Window::default(), finder, chains: Chains::new(&finder), ahead: None }
    }

    /// Forgets bytes that no match from `position` on can begin in. Those before it are entered first: in blocks that are
    /// stored nothing is searched that would.
    pub(super) fn forget(&mut self, position: u32) {
        if let Some(last) = position.checked_sub(1) {
            self.chains.enter(&self.window, last);
        }
        self.window.forget(position);
    }

    /// What zlib would do at a position, where a match that it has found before is known.
    pub(super) fn own(&mut self, position: u32) -> Token {
        let known = self.ahead.take().filter(|&(at, _)| at == position).map(|(_, token)| token);
        let Some(found) = known.or_else(|| self.search(position, SHORTEST - 1)) else {
            return Token::LITERAL;
        };
        if self.finder.is_greedy() || found.length >= self.finder.lazy {
            return found;
        }
        match self.search(position + 1, found.length) {
            Some(better) => {
                self.ahead = Some((position + 1, better));
                Token::LITERAL
            }
            None => found,
        }
    }

    /// The longest match at a position, if it has more than `least` bytes.
    pub(super) fn search(&mut self, position: u32, least: u16) -> Option<Token> {
        self.chains.enter(&self.window, position);
        self.chains.longest(&self.window, position, &self.finder, least)
    }

    /// A match of this length from the nearest place that has one.
    pub(super) fn nearest(&mut self, position: u32, length: u16) -> Option<Token> {
        let mut distance = 0;
        self.places(position, length, &mut |place| {
            distance = place;
            true
        });
        (distance != 0).then_some(Token { length, distance })
    }

    /// The distances of matches of this length, the nearest first, until `each` returns true.
    pub(super) fn places(&mut self, position: u32, length: u16, each: &mut dyn FnMut(u16) -> bool) {
        self.chains.enter(&self.window, position);
        self.chains.places(&self.window, position, &self.finder, length, each);
    }

    /// Goes on behind a token.
    pub(super) fn accept(&mut self, position: u32, token: Token) {
        if self.finder.is_greedy() && token.is_match() && token.length > self.finder.lazy {
            self.chains.enter(&self.window, position);
            self.chains.pass_over(position + token.span());
        }
    }
}
