//! Reads a stream's decisions (RFC 1951).

use std::vec::Vec;

use super::bits::BitReader;
use super::header::{Header, fixed};
use super::token::{END, LONGEST, ODD, Token, WINDOW, distance_of, length_of};
use super::tree::Decoder;

/// The decisions in a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// Those of all blocks.
    pub tokens: Vec<Token>,
    /// The blocks in order.
    pub blocks: Vec<Block>,
    /// Bits after the last block, to the end of a byte.
    pub padding: u8,
    /// Plain bytes of the stream.
    pub plain: u32,
}

/// A block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// How its bytes are coded.
    pub kind: Kind,
    /// Tokens of the stream up to its end.
    pub tokens: usize,
    /// Plain bytes of the stream up to its end.
    pub plain: u32,
    /// Whether it says to be the last.
    pub is_last: bool,
}

/// How the bytes of a block are coded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As they are, after these bits of padding.
    Stored(u8),
    /// With the trees that all know.
    Fixed,
    /// With trees of its own.
    Dynamic(Header),
}

/// Takes the decisions in a stream, in order.
pub(super) trait Decisions {
    /// Tokens so far.
    fn tokens(&self) -> usize;
    /// A token, and the position of its first plain byte.
    fn token(&mut self, token: Token, position: u32);
    /// The end of a block, and its position.
    fn block(&mut self, kind: Kind, end: u32, is_last: bool);
}

impl Decisions for Parsed {
    fn tokens(&self) -> usize {
        self.tokens.len()
    }

    fn token(&mut self, token: Token, _position: u32) {
        self.tokens.push(token);
    }

    fn block(&mut self, kind: Kind, end: u32, is_last: bool) {
        self.blocks.push(Block { kind, tokens: self.tokens.len(), plain: end, is_last });
    }
}

/// Reads a stream that is as long as the bytes and has at most `most` tokens; `None` if it is not valid. Returns how many
/// plain bytes it has, and its last bits.
pub(super) fn read(stream: &[u8], most: usize, decisions: &mut dyn Decisions) -> Option<(u32, u8)> {
    let mut parser = Parser { reader: BitReader::new(stream), decisions, most, plain: 0 };
    while !parser.block()? {}
    let left = parser.reader.left();
    let padding = parser.reader.take(left)? as u8;
    (parser.reader.position() == stream.len()).then_some((parser.plain, padding))
}

impl Parsed {
    /// Reads a stream that is as long as the bytes; `None` if it is not valid or has more than `most` tokens.
    #[must_use]
    pub fn new(stream: &[u8], most: usize) -> Option<Self> {
        let mut parsed = Self::default();
        (parsed.plain, parsed.padding) = read(stream, most, &mut parsed)?;
        Some(parsed)
    }

    /// Tokens of the block that has the most.
    #[must_use]
    pub fn most_tokens(&self) -> usize {
        let starts = core::iter::once(0).chain(self.blocks.iter().map(|block| block.tokens));
        self.blocks.iter().zip(starts).map(|(block, start)| block.tokens - start).max().unwrap_or(0)
    }
}

struct Parser<'s, 'd> {
    reader: BitReader<'s>,
    decisions: &'d mut dyn Decisions,
    most: usize,
    /// Plain bytes so far.
    plain: u32,
}

impl Parser<'_, '_> {
    /// Reads a block; returns whether it is the last.
    fn block(&mut self) -> Option<bool> {
        let is_last = self.reader.take(1)? != 0;
        let kind = match self.reader.take(2)? {
            0 => self.stored()?,
            1 => {
                let (literals, distances) = fixed();
                self.tokens(&literals, &distances)?;
                Kind::Fixed
            }
            2 => {
                let header = Header::read(&mut self.reader)?;
                let (literals, distances) = header.trees()?;
                self.tokens(&literals, &distances)?;
                Kind::Dynamic(header)
            }
            _ => return None,
        };
        self.decisions.block(kind, self.plain, is_last);
        Some(is_last)
    }

    fn stored(&mut self) -> Option<Kind> {
        let left = self.reader.left();
        let padding = self.reader.take(left)? as u8;
        let bytes: [u8; 4] = self.reader.bytes(4)?.try_into().ok()?;
        let [low, high, not_low, not_high] = bytes;
        if [!low, !high] != [not_low, not_high] {
            return None;
        }
        let length = u16::from_le_bytes([low, high]);
        self.reader.bytes(length.into())?;
        self.plain = self.plain.checked_add(length.into())?;
        Some(Kind::Stored(padding))
    }

    fn tokens(&mut self, literals: &[u8], distances: &[u8]) -> Option<()> {
        let (literals, distances) = (Decoder::new(literals)?, Decoder::new(distances)?);
        loop {
            let symbol = literals.symbol(&mut self.reader)?;
            let token = match usize::from(symbol) {
                END => return Some(()),
                0..END => Token::LITERAL,
                _ => self.matched(symbol, &distances)?,
            };
            if self.decisions.tokens() >= self.most {
                return None;
            }
            self.decisions.token(token, self.plain);
            self.plain = self.plain.checked_add(token.span())?;
        }
    }

    fn matched(&mut self, symbol: u16, distances: &Decoder) -> Option<Token> {
        let (least, bits) = length_of(symbol)?;
        let length = least + self.reader.take(bits.into())? as u16;
        let length = if length == LONGEST && bits > 0 { ODD } else { length };
        let (least, bits) = distance_of(distances.symbol(&mut self.reader)?)?;
        let distance = u32::from(least) + self.reader.take(bits.into())?;
        (distance <= self.plain.min(WINDOW)).then_some(Token { length, distance: distance as u16 })
    }
}
