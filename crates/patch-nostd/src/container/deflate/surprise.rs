//! Codes tokens: whether they are as predicted, and others (`docs/format.md`, sections 14.5.2 and 14.5.3).

use super::models::{Chance, Number, raw};
use super::recreate::Recreator;
use super::script::Script;
use super::token::{ODD, SHORTEST, Token};
use crate::Error;
use crate::entropy::Coder;

/// How tokens are coded.
#[derive(Debug)]
pub(super) struct TokenModels {
    /// Whether a token is as predicted: by who says so, what it is, and what was right before.
    right: [Chance; 32],
    /// Whether another token is a match: by who predicted a match.
    is_match: [Chance; 2],
    /// Whether its length is that of the longest one or the one predicted, or below: by whether a match was predicted, and by whom.
    same: [Chance; 4],
    less: [Chance; 4],
    lengths: [Number; 2],
    /// Which of the places with such a match: one more than its number, or 0 if it is none of them.
    place: [Number; 2],
}

impl TokenModels {
    pub(super) const NEW: Self = Self {
        right: [Chance::NEW; 32],
        is_match: [Chance::NEW; 2],
        same: [Chance::NEW; 4],
        less: [Chance::NEW; 4],
        lengths: [Number::NEW; 2],
        place: [Number::NEW; 2],
    };
}

impl<C: Coder> Recreator<'_, C> {
    /// Codes the next token by what is predicted.
    pub(super) fn token(&mut self) -> Result<Token, Error> {
        let position = self.position;
        let actual = self.script.as_mut().and_then(Script::next_token).unwrap_or(Token::LITERAL);
        let mut followed = None;
        if let Some(follower) = &mut self.follower {
            let mut none = [].iter();
            let segments = self.script.as_mut().map_or(&mut none, |script| &mut script.segments);
            follower.advance(&mut self.coder, &mut self.models.segments, position, segments);
            followed = follower.token(position);
        }
        let followed = followed.and_then(|token| match token {
            Token { distance: 0, .. } => Some(token),
            _ if token.span() > self.length - position => None,
            _ => self.predictor.nearest(position, token.length),
        });
        let (source, predicted) = match followed {
            Some(token) => (1, token),
            None => (0, self.predictor.own(position)),
        };
        let context = 16 * source + 8 * usize::from(predicted.is_match()) + (self.history & 7);
        let is_right = self.models.tokens.right[context & 31].code(&mut self.coder, actual == predicted);
        self.history = self.history << 1 | usize::from(is_right);
        if is_right { Ok(predicted) } else { self.surprise(source, predicted, actual) }
    }

    /// Codes a token that was not predicted.
    fn surprise(&mut self, source: usize, predicted: Token, actual: Token) -> Result<Token, Error> {
        let (position, coder) = (self.position, &mut self.coder);
        let source = source & 1;
        if predicted.is_match() && !self.models.tokens.is_match[source].code(coder, actual.is_match()) {
            return Ok(Token::LITERAL);
        }
        let likely = if predicted.is_match() {
            predicted.length
        } else {
            self.predictor.search(position, SHORTEST - 1).map_or(SHORTEST, |token| token.length)
        };
        let context = 2 * source + usize::from(predicted.is_match());
        let length = if self.models.tokens.same[context].code(coder, actual.length == likely) {
            likely
        } else {
            let is_less = self.models.tokens.less[context].code(coder, actual.length < likely);
            let difference = u32::from(actual.length.abs_diff(likely)).wrapping_sub(1);
            let difference =
                self.models.tokens.lengths[usize::from(is_less)].code(coder, difference).wrapping_add(1);
            let length = if is_less {
                u32::from(likely).wrapping_sub(difference)
            } else {
                u32::from(likely).wrapping_add(difference)
            };
            if !(SHORTEST.into()..=ODD.into()).contains(&length) {
                return Err(Error::Corrupt);
            }
            length as u16
        };
        if (Token { length, distance: 1 }).span() > self.length - position {
            return Err(Error::Corrupt);
        }
        let excluded = if length == predicted.length { predicted.distance } else { 0 };
        let number =
            if self.script.is_some() { self.number_of(length, actual.distance, excluded) } else { 0 };
        let place = &mut self.models.tokens.place[usize::from(predicted.is_match())];
        let number = place.code(&mut self.coder, number);
        let distance = match number {
            0 => raw(&mut self.coder, 15, u32::from(actual.distance.wrapping_sub(1))) as u16 + 1,
            _ => self.distance_of(length, number, excluded).ok_or(Error::Corrupt)?,
        };
        if u32::from(distance) > position {
            return Err(Error::Corrupt);
        }
        Ok(Token { length, distance })
    }

    /// One more than the number of a place among those with a match of this length; 0 if it is none of them.
    fn number_of(&mut self, length: u16, distance: u16, excluded: u16) -> u32 {
        let (mut number, mut found) = (0, false);
        self.predictor.places(self.position, length, &mut |place| {
            number += u32::from(place != excluded);
            found = place == distance;
            found
        });
        if found { number } else { 0 }
    }

    /// The distance of the place with this number.
    fn distance_of(&mut self, length: u16, number: u32, excluded: u16) -> Option<u16> {
        let (mut count, mut found) = (0, None);
        self.predictor.places(self.position, length, &mut |place| {
            count += u32::from(place != excluded);
            found = (count == number && place != excluded).then_some(place);
            found.is_some()
        });
        found
    }
}
