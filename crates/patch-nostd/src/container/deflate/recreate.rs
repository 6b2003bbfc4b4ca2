//! Goes through a stream's plain bytes, predicts the decisions of its encoder, and writes the stream (`docs/format.md`,
//! section 14.5).

use std::vec::Vec;

use super::bits::BitWriter;
use super::block::{Frequencies, HeaderModels};
use super::border::Progress;
use super::follow::{Follower, SegmentModels, Trace};
use super::header::{Header, fixed};
use super::models::{Chance, Number, raw};
use super::parameters::Parameters;
use super::parse::Kind;
use super::predict::Predictor;
use super::script::Script;
use super::surprise::TokenModels;
use super::token::{END, Token};
use super::tree::codes;
use super::write::{put, write_token};
use crate::Error;
use crate::entropy::Coder;

/// Bytes ahead of a position without which nothing is predicted, unless there are no more: those of the longest match, at
/// the next position, and of a string behind it.
const AHEAD: u32 = 264;
/// Plain bytes that are taken at once.
pub(super) const PART: usize = 1 << 14;
/// Tokens that are written at once.
const TOKENS: usize = 1 << 12;

/// Makes a stream of its plain bytes and its corrections, which it decodes, or with a script encodes.
#[derive(Debug)]
pub(in crate::container) struct Recreator<'r, C: Coder> {
    pub(super) coder: C,
    parameters: Parameters,
    pub(super) predictor: Predictor,
    pub(super) follower: Option<Follower<'r>>,
    pub(super) script: Option<Script<'r>>,
    pub(super) models: Models,
    writer: BitWriter,
    state: State,
    /// Plain bytes that are done, and all of them.
    pub(super) position: u32,
    pub(super) length: u32,
    /// Tokens of this block; literals have their byte as length.
    tokens: Vec<Token>,
    frequencies: Frequencies,
    progress: Progress,
    /// Whether the last three predictions of tokens were right.
    pub(super) history: usize,
    /// The most tokens of a block.
    most: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Block,
    /// In a block that ends where that is expected, or after as many tokens.
    Tokens(Option<u32>),
    /// In a block that is stored, with so many bytes to come; whether it says to be the last.
    Stored(u32, bool),
    End,
}

/// How all but tokens and trees is coded.
#[derive(Debug)]
pub(super) struct Models {
    /// Whether a block is stored, and whether its trees are fixed: by what the one before was.
    stored: [Chance; 3],
    fixed: [Chance; 3],
    kind: usize,
    stored_length: Number,
    /// Whether bits that mean nothing are zero.
    zeros: Chance,
    /// Whether a block ends where that is expected, and how many tokens others have.
    end: Chance,
    count: Number,
    /// Whether a block says to be the last one: by whether there are no more bytes.
    last: [Chance; 2],
    pub(super) tokens: TokenModels,
    header: HeaderModels,
    pub(super) segments: SegmentModels,
}

impl Models {
    const NEW: Self = Self {
        stored: [Chance::NEW; 3],
        fixed: [Chance::NEW; 3],
        kind: 2,
        stored_length: Number::NEW,
        zeros: Chance::NEW,
        end: Chance::NEW,
        count: Number::NEW,
        last: [Chance::NEW; 2],
        tokens: TokenModels::NEW,
        header: HeaderModels::NEW,
        segments: SegmentModels::NEW,
    };
}

impl<'r, C: Coder> Recreator<'r, C> {
    /// A stream of `length` plain bytes, with at most `most` tokens in a block.
    pub(super) fn new(
        coder: C,
        parameters: Parameters,
        length: u32,
        most: u32,
        trace: Option<&'r Trace>,
        script: Option<Script<'r>>,
    ) -> Self {
        Self {
            coder,
            parameters,
            predictor: Predictor::new(parameters.finder),
            follower: trace.map(Follower::new),
            script,
            models: Models::NEW,
            writer: BitWriter::default(),
            state: State::Block,
            position: 0,
            length,
            tokens: Vec::new(),
            frequencies: Frequencies::NEW,
            progress: Progress::default(),
            history: 0,
            most,
        }
    }

    /// Takes plain bytes, no more than there are to come, and passes on what is made of them.
    pub(in crate::container) fn push(
        &mut self,
        bytes: &[u8],
        out: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for part in bytes.chunks(PART) {
            self.predictor.window.push(part);
            if self.predictor.window.end() > self.length {
                return Err(Error::Corrupt);
            }
            self.run(out)?;
            self.predictor.forget(self.position);
        }
        Ok(())
    }

    /// The coder, when the stream is over.
    pub(in crate::container) fn finish(
        mut self,
        out: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<C, Error> {
        self.run(out)?;
        if self.state == State::End { Ok(self.coder) } else { Err(Error::Corrupt) }
    }

    /// Goes as far as the plain bytes allow.
    fn run(&mut self, out: &mut dyn FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        loop {
            match self.state {
                State::Block => self.begin_block()?,
                State::Tokens(count) => {
                    if !self.tokens(count)? {
                        break;
                    }
                    self.end_tokens(out)?;
                }
                State::Stored(left, is_last) => {
                    let missing = self.store(left);
                    if missing > 0 {
                        self.state = State::Stored(missing, is_last);
                        break;
                    }
                    self.end_block(is_last);
                }
                State::End => break,
            }
            // Corrections that end early are damaged, as others are: it is not the package that is short.
            if self.coder.is_overrun() {
                return Err(Error::Corrupt);
            }
            pass_on(&mut self.writer, out)?;
        }
        pass_on(&mut self.writer, out)
    }

    fn begin_block(&mut self) -> Result<(), Error> {
        let block = self.script.as_ref().and_then(|script| script.parsed.blocks.get(script.block));
        let kind = block.map(|block| &block.kind);
        let models = &mut self.models;
        let before = models.kind;
        let is_stored = models.stored[before].code(&mut self.coder, matches!(kind, Some(Kind::Stored(_))));
        if is_stored {
            models.kind = 0;
            let length = block.map_or(0, |block| block.plain.wrapping_sub(self.position));
            let length = models.stored_length.code(&mut self.coder, length);
            if length > 0xFFFF || length > self.length - self.position {
                return Err(Error::Corrupt);
            }
            let padding = if let Some(Kind::Stored(padding)) = kind { *padding } else { 0 };
            let is_last = self.is_last(self.position + length)?;
            self.writer.put(is_last.into(), 3);
            self.pad(padding);
            self.writer.put(length, 16);
            self.writer.put(!length, 16);
            self.state = State::Stored(length, is_last);
            return Ok(());
        }
        let is_fixed = models.fixed[before].code(&mut self.coder, matches!(kind, Some(Kind::Fixed)));
        models.kind = 2 - usize::from(is_fixed);
        let ends = self.script.as_ref().and_then(|script| script.ends.get(script.block).copied());
        let is_expected = models.end.code(&mut self.coder, ends.unwrap_or(false));
        let count = self.script.as_ref().zip(block).map_or(0, |(script, block)| block.tokens - script.token);
        let count = if is_expected { None } else { Some(models.count.code(&mut self.coder, count as u32)) };
        self.progress = Progress::at(self.position);
        self.tokens.clear();
        self.frequencies = Frequencies::NEW;
        self.state = State::Tokens(count);
        Ok(())
    }

    /// Whether a block that ends at `end` says to be the last.
    fn is_last(&mut self, end: u32) -> Result<bool, Error> {
        let block = self.script.as_ref().and_then(|script| script.parsed.blocks.get(script.block));
        let is_over = end == self.length;
        let last = &mut self.models.last[usize::from(is_over)];
        let is_last = last.code(&mut self.coder, block.is_some_and(|block| block.is_last));
        if is_last && !is_over { Err(Error::Corrupt) } else { Ok(is_last) }
    }

    /// Fills a byte up with bits that mean nothing.
    fn pad(&mut self, actual: u8) {
        let missing = self.writer.missing();
        if missing > 0 {
            let is_zero = self.models.zeros.code(&mut self.coder, actual == 0);
            let bits = if is_zero { 0 } else { raw(&mut self.coder, missing, actual.into()) };
            self.writer.put(bits, missing);
        }
    }

    /// Copies bytes of a stored block; returns how many are missing.
    fn store(&mut self, left: u32) -> u32 {
        let window = &self.predictor.window;
        let count = left.min(window.end() - self.position);
        window.slice(self.position, count as usize).iter().for_each(|&byte| self.writer.put(byte.into(), 8));
        self.position += count;
        left - count
    }

    /// Codes the tokens of a block; false if plain bytes are missing.
    fn tokens(&mut self, count: Option<u32>) -> Result<bool, Error> {
        loop {
            let so_far = self.tokens.len() as u32;
            if count == Some(so_far) || (self.position == self.length && count.is_none()) {
                return Ok(true);
            }
            let end = self.predictor.window.end();
            if end < self.length && end - self.position < AHEAD {
                return Ok(false);
            }
            if self.position == self.length || so_far >= self.most {
                return Err(Error::Corrupt);
            }
            let position = self.position;
            let token = self.token()?;
            let byte = self.predictor.window.slice(position, 1).first().copied().unwrap_or(0);
            self.frequencies.add(token, byte);
            let literal = Token { length: byte.into(), distance: 0 };
            self.tokens.push(if token.is_match() { token } else { literal });
            self.predictor.accept(position, token);
            self.position = position + token.span();
            if count.is_none() && self.is_border(position, token) {
                return Ok(true);
            }
            if so_far % 1024 == 1023 && self.coder.is_overrun() {
                return Err(Error::Corrupt);
            }
        }
    }

    /// Whether a block without a count ends behind the token at `position`.
    fn is_border(&mut self, position: u32, token: Token) -> bool {
        match &self.follower {
            Some(follower) => follower.is_border(self.position),
            None => self.progress.add(&self.parameters, position, token),
        }
    }

    /// Writes a block whose tokens are known.
    fn end_tokens(&mut self, out: &mut dyn FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        let block = self.script.as_ref().and_then(|script| script.parsed.blocks.get(script.block));
        let is_fixed = self.models.kind == 1;
        let none = Header::default();
        let header = if is_fixed {
            None
        } else {
            let actual =
                if let Some(Kind::Dynamic(header)) = block.map(|block| &block.kind) { header } else { &none };
            Some(self.models.header.code(&mut self.coder, &self.frequencies, actual)?)
        };
        let is_last = self.is_last(self.position)?;
        self.writer.put(is_last.into(), 1);
        self.writer.put(if is_fixed { 1 } else { 2 }, 2);
        let (literals, distances) = match &header {
            None => fixed(),
            Some(header) => {
                header.write(&mut self.writer).ok_or(Error::Corrupt)?;
                header.trees().ok_or(Error::Corrupt)?
            }
        };
        let (literals, distances) =
            (codes(&literals).ok_or(Error::Corrupt)?, codes(&distances).ok_or(Error::Corrupt)?);
        for tokens in self.tokens.chunks(TOKENS) {
            tokens.iter().for_each(|&token| write_token(&mut self.writer, token, &literals, &distances));
            pass_on(&mut self.writer, out)?;
        }
        put(&mut self.writer, &literals, END);
        self.end_block(is_last);
        Ok(())
    }

    fn end_block(&mut self, is_last: bool) {
        if let Some(script) = &mut self.script {
            script.block += 1;
        }
        if is_last {
            let padding = self.script.as_ref().map_or(0, |script| script.parsed.padding);
            self.pad(padding);
        }
        self.state = if is_last { State::End } else { State::Block };
    }
}

fn pass_on(writer: &mut BitWriter, out: &mut dyn FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
    let bytes = writer.bytes();
    if !bytes.is_empty() {
        out(bytes)?;
        writer.clear();
    }
    Ok(())
}
