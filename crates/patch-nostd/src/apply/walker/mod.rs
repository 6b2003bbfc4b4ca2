//! Walks through the target, operation by operation, the same way for encoder and decoder
//! (`docs/format.md`, section 4).

mod control;
mod copy;
mod lane;
mod references;
mod window;

use self::control::ControlState;
use self::copy::{CopyMemory, CopyState};
use self::lane::Start;
use super::io::Io;
use super::operation::{Operation, Oracle};
use crate::Error;
use crate::entropy::{Category, Coder, LiteralContext, Model, Place};
#[cfg(feature = "encode")]
use crate::refs::Landmark;
use crate::refs::Predictor;
use crate::state::{State, Transfer, state};
use crate::wire::{Header, PageKinds, Tuning};

/// Bytes of a window on the source of a cover: the largest block, and what a reference at its end looks at.
pub(super) const WINDOW: usize = 128;
/// Bytes that are gathered before they are written to the target.
pub(super) const OUTPUT: usize = 256;

/// Why [`Walker::run`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// The coder needs more input before the next step.
    NeedsInput,
    /// The target is complete.
    Done,
}

/// What the next step does.
#[derive(Clone, Copy, Debug)]
enum Phase {
    Landmark(u32),
    Operation,
    Literals,
    Copy,
    Done,
}

impl State for Phase {
    fn transfer<T: Transfer>(&mut self, transfer: &mut T) -> Result<(), Error> {
        let (mut number, mut index) = match *self {
            Self::Landmark(index) => (0u8, index),
            Self::Operation => (1, 0),
            Self::Literals => (2, 0),
            Self::Copy => (3, 0),
            Self::Done => (4, 0),
        };
        number.transfer(transfer)?;
        index.transfer(transfer)?;
        *self = match number {
            0 => Self::Landmark(index),
            1 => Self::Operation,
            2 => Self::Literals,
            3 => Self::Copy,
            _ => Self::Done,
        };
        Ok(())
    }
}

/// All state of a walk; what is large lies in the caller's workspace.
///
/// What is used often comes first, see `CopyState`.
#[derive(Debug)]
#[repr(C)]
pub struct Walker<'w> {
    copy: CopyState,
    /// Bytes of the target that are known.
    position: u32,
    used: usize,
    /// The last four bytes of the target, the last one lowest.
    before: u32,
    base_size: u32,
    /// Of the target, or up to the lane's end.
    target_size: u32,
    start: Start,
    base_address: u32,
    window: &'w mut [u8; WINDOW],
    output: &'w mut [u8; OUTPUT],
    block_log: u32,
    high_first: bool,
    phase: Phase,
    control: ControlState,
    operation: Operation,
    /// The one after it, which is coded before it: what refers ahead knows where code went.
    ahead: Option<Operation>,
    /// Whether the last step began `operation`.
    announced: bool,
    read_back: bool,
    model: Model<'w>,
    predictor: Predictor<'w>,
    kinds: PageKinds,
    memory: CopyMemory,
}

state!(
    Walker<'_>: model, predictor, window, output, used, position, phase, operation, ahead, announced, before, control, copy,
    memory;
    fixed base_size, target_size, start, base_address, read_back, kinds, block_log, high_first
);

impl<'w> Walker<'w> {
    #[inline(always)]
    pub(super) fn new(
        header: &Header,
        tuning: Tuning,
        model: Model<'w>,
        predictor: Predictor<'w>,
        window: &'w mut [u8; WINDOW],
        output: &'w mut [u8; OUTPUT],
    ) -> Self {
        Self {
            model,
            predictor,
            window,
            output,
            used: 0,
            position: 0,
            base_size: header.base_size,
            target_size: header.target_size,
            start: Start::default(),
            base_address: header.base_address,
            read_back: header.read_back,
            kinds: header.kinds,
            block_log: u32::from(tuning.block_log),
            high_first: tuning.high_first,
            phase: Phase::Landmark(0),
            operation: Operation { literals: 0, cover: None },
            ahead: None,
            announced: false,
            before: 0,
            control: ControlState::default(),
            copy: CopyState::default(),
            memory: CopyMemory::default(),
        }
    }

    /// Bytes of the target that are known so far.
    #[must_use]
    pub const fn position(&self) -> u32 {
        self.position
    }

    /// Whether a state that was loaded can be one that was saved: places lie within images, and lengths add up.
    #[cfg(feature = "flash")]
    pub(crate) fn is_sound(&self) -> bool {
        let literals = u64::from(self.operation.literals);
        let rest = match self.phase {
            Phase::Literals => literals + self.operation.cover_length(),
            Phase::Copy => match self.copy.left(self.operation.cover, self.position) {
                Some(left) => left,
                None => return false,
            },
            Phase::Landmark(_) | Phase::Operation | Phase::Done => 0,
        };
        let ahead = self.ahead.map_or(0, |ahead| u64::from(ahead.literals) + ahead.cover_length());
        let sizes = (self.base_size, self.target_size);
        self.used == 0
            && self.control.position <= self.target_size
            && u64::from(self.position) + rest + ahead == u64::from(self.control.position)
            && self.operation.is_within(sizes)
            && self.ahead.is_none_or(|ahead| ahead.is_within(sizes))
    }

    /// The operation that the last step began, if that is what it did: for statistics.
    #[must_use]
    pub fn announced(&self) -> Option<Operation> {
        self.announced.then_some(self.operation)
    }

    /// The landmarks that are known so far, and empty ones for those that are not: for statistics.
    #[cfg(feature = "encode")]
    #[must_use]
    pub fn landmarks(&self) -> &[Landmark] {
        self.predictor.landmarks.as_slice()
    }

    /// The counters with a place of their own, of which each is a probability and how often it was used, up to seven: for statistics.
    #[cfg(feature = "encode")]
    #[must_use]
    pub fn counters(&self) -> &[u16] {
        self.model.counters()
    }

    /// Walks until the coder needs input, the target is complete, or about `budget` bytes more of it are known.
    ///
    /// # Errors
    /// As [`Walker::step`], and [`Error::Truncated`] where the coder reads beyond the end.
    pub fn run<C: Coder, O: Oracle, I: Io>(
        &mut self,
        coder: &mut C,
        oracle: &O,
        io: &mut I,
        budget: u32,
    ) -> Result<Pause, I::Error> {
        let limit = self.position.saturating_add(budget);
        while coder.ready() && self.position < limit {
            let progress = self.step(coder, oracle, io)?;
            // Work is paid for by input: what is decoded of nothing is not gone on with.
            if coder.is_overrun() {
                return Err(Error::Truncated.into());
            }
            if progress == Pause::Done {
                return Ok(Pause::Done);
            }
        }
        Ok(Pause::NeedsInput)
    }

    /// Takes one step: a landmark, an operation, a literal byte or halfword, a part of a cover.
    ///
    /// A step consumes at most [`crate::entropy::LOOKAHEAD`] bytes of input.
    ///
    /// # Errors
    /// [`Error::Corrupt`], and those of `io`.
    #[cfg_attr(not(feature = "std"), inline(never))]
    pub fn step<C: Coder, O: Oracle, I: Io>(
        &mut self,
        coder: &mut C,
        oracle: &O,
        io: &mut I,
    ) -> Result<Pause, I::Error> {
        self.announced = false;
        match self.phase {
            Phase::Landmark(index) => self.step_landmark(coder, oracle, index)?,
            Phase::Operation if self.position == self.target_size => {
                self.flush(io)?;
                self.phase = Phase::Done;
            }
            Phase::Operation => {
                let mut stated = None;
                if self.control.position < self.target_size {
                    stated = Some(self.operation(coder, oracle.operation(self.control.position))?);
                }
                // Operations are stated one ahead: the first step has none to carry out.
                if let Some(operation) = core::mem::replace(&mut self.ahead, stated) {
                    self.operation = operation;
                    self.announced = true;
                    self.phase = Phase::Literals;
                } else if self.control.position >= self.target_size && stated.is_none() {
                    // No body leads here, but a saved state that was forged might.
                    return Err(Error::Corrupt.into());
                }
            }
            Phase::Literals => self.step_literal(coder, oracle, io)?,
            Phase::Copy => {
                if self.copy_step(coder, oracle, io)? {
                    self.phase = Phase::Operation;
                }
            }
            Phase::Done => {}
        }
        Ok(if matches!(self.phase, Phase::Done) { Pause::Done } else { Pause::NeedsInput })
    }

    #[cfg_attr(not(feature = "std"), inline(never))]
    fn step_landmark<C: Coder, O: Oracle>(
        &mut self,
        coder: &mut C,
        oracle: &O,
        index: u32,
    ) -> Result<(), Error> {
        if index as usize >= self.predictor.landmarks.as_slice().len() {
            self.phase = Phase::Operation;
            return Ok(());
        }
        let landmark = self.landmark(coder, oracle.landmark(index))?;
        self.predictor.landmarks.set(index as usize, landmark);
        self.phase = Phase::Landmark(index + 1);
        Ok(())
    }

    fn step_literal<C: Coder, O: Oracle, I: Io>(
        &mut self,
        coder: &mut C,
        oracle: &O,
        io: &mut I,
    ) -> Result<(), I::Error> {
        if self.operation.literals == 0 {
            self.begin_copy();
            return Ok(());
        }
        coder.category(Category::Literals);
        let (position, odd) = (self.position, self.position & 1);
        // No body of codec `lite` has halfwords: without `cm`, there is no code for them.
        let high_first = cfg!(feature = "cm") && self.high_first;
        if !high_first || odd != 0 || self.operation.literals < 2 {
            let place = if high_first { Place::Alone(odd) } else { Place::InOrder(position) };
            let byte = self.literal(coder, oracle, position, place);
            return self.emit(byte, io);
        }
        let high = self.literal(coder, oracle, position + 1, Place::High);
        let low = self.literal(coder, oracle, position, Place::Low(high));
        self.emit(low, io)?;
        self.emit(high, io)
    }

    /// Codes the literal at `offset`.
    fn literal<C: Coder, O: Oracle>(&mut self, coder: &mut C, oracle: &O, offset: u32, place: Place) -> u8 {
        self.operation.literals -= 1;
        let byte = oracle.byte(offset);
        if coder.skips_literals() {
            return byte;
        }
        self.model.literal(coder, &LiteralContext { before: self.before, place }, byte)
    }

    fn begin_copy(&mut self) {
        self.phase = Phase::Operation;
        if let Some(cover) = self.operation.cover {
            let address = self.base_address.wrapping_add(cover.start);
            self.copy.begin(cover, self.position, address);
            self.memory.halves.clear();
            self.phase = Phase::Copy;
        }
    }

    /// Appends a byte to the target.
    fn emit<I: Io>(&mut self, byte: u8, io: &mut I) -> Result<(), I::Error> {
        self.output[self.used % OUTPUT] = byte;
        self.used += 1;
        self.position += 1;
        self.before = self.before << 8 | u32::from(byte);
        if self.used >= OUTPUT { self.flush(io) } else { Ok(()) }
    }
}
