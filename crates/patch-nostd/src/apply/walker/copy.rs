//! Copying a cover block by block: references predicted, bytes confirmed or replaced (`docs/format.md`, section 4.3).

use super::{WINDOW, Walker};
use crate::Error;
use crate::apply::io::Io;
use crate::apply::operation::{Cover, Oracle, Source};
use crate::entropy::control::KIND_FLAGS;
use crate::entropy::{BlockContext, Category, Coder, CopyContext};
use crate::refs::{Halves, Site, Steps, VIEW, skip};
use crate::state::{State, Transfer, state};
use crate::wire::{PAGE_LOG, PageKind};

/// Differences are remembered apart for bytes whose neighbours differ, in this many classes.
const NEAR: usize = 32;

/// Where a copy stands.
///
/// What is small comes first, bytes before words: Thumb reaches those in two bytes of code, others in four.
#[derive(Debug, Default)]
#[repr(C)]
pub(super) struct CopyState {
    pub(super) source: Source,
    pub(super) clean: bool,
    /// The source's byte before.
    pub(super) previous: u8,
    /// Hits (0) and misses (1) of the last bytes, and of the last blocks.
    pub(super) history: u8,
    pub(super) blocks: u8,
    pub(super) kind: PageKind,
    /// The cover's range in the source.
    pub(super) start: u32,
    pub(super) length: u32,
    /// Where the cover begins in the target.
    pub(super) target: u32,
    /// Bytes of the cover before the current block.
    pub(super) done: u32,
    /// Bytes of the current block, and how many of them are done.
    pub(super) block: usize,
    pub(super) at: usize,
    /// The page whose kind was coded last, counted from one, that kind's index, and the last answers to "another?".
    pub(super) page: u32,
    pub(super) index: usize,
    pub(super) changes: usize,
    /// Where instructions begin.
    pub(super) steps: Steps,
    /// Address of the block's first byte in the source, and what no address of a reference has of its bits.
    pub(super) address: u32,
    pub(super) alignment: u32,
}

/// What a copy remembers from cover to cover.
#[derive(Debug, Default)]
pub(super) struct CopyMemory {
    /// What instructions put into registers.
    pub(super) halves: Halves,
    /// Target minus source at the last misses, by what the next byte was like.
    pub(super) near: [u8; NEAR],
    /// The reference found last.
    pub(super) site: Site,
}

// A reference is found and coded in the same step.
state!(CopyMemory: halves, near; fixed site);

impl State for PageKind {
    fn transfer<T: Transfer>(&mut self, transfer: &mut T) -> Result<(), Error> {
        let mut number = self.number();
        number.transfer(transfer)?;
        *self = Self::from_number(number)?;
        Ok(())
    }
}

state!(
    CopyState: source, start, length, target, done, block, at, clean, kind, page, index, changes, steps, previous,
    history, blocks, address, alignment
);

impl CopyState {
    /// Begins to copy a cover to `target`; `address` is that of its first byte in the source.
    pub(super) fn begin(&mut self, cover: Cover, target: u32, address: u32) {
        self.target = target;
        self.source = cover.source;
        self.start = cover.start;
        self.length = cover.length;
        self.done = 0;
        self.block = 0;
        self.at = 0;
        self.previous = 0;
        self.history = 0;
        self.steps.begin(address);
    }

    /// Bytes that are left of a copy that was loaded, if it can be one of this cover at this position of the target.
    #[cfg(feature = "flash")]
    pub(super) fn left(&self, cover: Option<Cover>, position: u32) -> Option<u64> {
        let copied = Cover { source: self.source, start: self.start, length: self.length };
        let done = u64::from(self.done) + self.at as u64;
        let left = u64::from(self.length).checked_sub(done)?;
        let placed = u64::from(self.target) + done == u64::from(position);
        // A reference may hang over the end of a block.
        let in_block = self.block <= WINDOW && self.at <= WINDOW;
        (cover == Some(copied) && placed && in_block).then_some(left)
    }
}

impl Walker<'_> {
    /// Codes a part of the current cover; true when the cover is complete.
    pub(super) fn copy_step<C: Coder, O: Oracle, I: Io>(
        &mut self,
        coder: &mut C,
        oracle: &O,
        io: &mut I,
    ) -> Result<bool, I::Error> {
        if self.copy.at >= self.copy.block {
            self.copy.done += self.copy.at as u32;
            self.copy.block = 0;
            self.copy.at = 0;
            if self.copy.done >= self.copy.length {
                return Ok(true);
            }
            let over = coder.skips_copies(self.position).min(self.copy.length - self.copy.done);
            if over > 0 {
                self.pass_over(over, io)?;
                return Ok(false);
            }
            self.begin_block(coder, oracle, io)?;
        }
        let from = self.copy.at;
        let found = loop {
            // Encoders know from a table where references are.
            if self.copy.clean && !O::KNOWS {
                self.skip();
                if self.copy.at >= self.copy.block {
                    break false;
                }
            }
            if self.reference(oracle) {
                break true;
            }
            if !self.copy.clean {
                break false;
            }
            // Nothing that `pass` looks at begins inside.
            self.pass();
            self.copy.at += self.reference_free();
            if self.copy.at >= self.copy.block {
                break false;
            }
        };
        if self.copy.at > from {
            self.emit_run(from, self.copy.at - from, io)?;
        }
        if found {
            self.copy_reference(coder, oracle, io)?;
        } else if !self.copy.clean {
            self.copy_byte(coder, oracle, io)?;
        }
        Ok(false)
    }

    /// Trials only: goes past bytes of the cover as if it began after them.
    fn pass_over<I: Io>(&mut self, count: u32, io: &mut I) -> Result<(), I::Error> {
        self.flush(io)?;
        self.position += count;
        self.copy.done += count;
        self.copy.previous = 0;
        self.copy.steps.begin(self.base_address.wrapping_add(self.copy.start + self.copy.done));
        self.memory.halves.clear();
        Ok(())
    }

    #[cfg_attr(not(feature = "std"), inline(never))]
    fn begin_block<C: Coder, O: Oracle, I: Io>(
        &mut self,
        coder: &mut C,
        oracle: &O,
        io: &mut I,
    ) -> Result<(), I::Error> {
        let left = self.copy.length - self.copy.done;
        let block = (1u32 << (self.block_log & 7)).min(left) as usize;
        let start = self.copy.start + self.copy.done;
        // A reference may hang over the block's end, and each byte's successor is a context.
        let count = left.min((block + VIEW) as u32) as usize;
        self.read_source(io, self.copy.source, start, count)?;
        self.copy.block = block;
        let kind = self.page_kind(coder, oracle)?;
        self.copy.kind = match self.copy.source {
            Source::Base => kind,
            Source::Target => kind.of_repeats(),
        };
        self.copy.address = self.base_address.wrapping_add(start);
        // Without references, it is all the same.
        let free = self.copy.kind == PageKind::Bytes;
        self.copy.alignment = if free { 0xFFF } else { self.predictor.space.alignment(self.copy.kind) - 1 };
        coder.category(Category::Unchanged);
        let clean = O::KNOWS && self.is_clean(oracle);
        let context = BlockContext {
            kind: self.copy.kind.number(),
            from_target: self.copy.source == Source::Target,
            history: self.copy.blocks,
            done: self.copy.done,
            length: self.copy.length,
        };
        let clean = self.model.clean(coder, &context, clean);
        self.copy.clean = clean;
        self.copy.blocks = context.history << 1 | u8::from(!clean);
        Ok(())
    }

    /// The kind of the page that the position is in; it is coded where the first block begins in it.
    fn page_kind<C: Coder, O: Oracle>(&mut self, coder: &mut C, oracle: &O) -> Result<PageKind, Error> {
        let page = self.position >> PAGE_LOG;
        if self.copy.page != page + 1 && self.kinds.as_slice().len() > 1 {
            self.copy.page = page + 1;
            coder.category(Category::Control);
            let wanted = oracle.kind(page);
            let context = KIND_FLAGS.start + (self.copy.changes & 1);
            let another = self.model.control_flag(coder, context, wanted != self.copy.index);
            self.copy.changes = usize::from(another);
            if another {
                self.copy.index = (0..3).rev().fold(0, |index, place| {
                    index << 1 | usize::from(coder.code(0x8000, wanted >> place & 1 != 0))
                });
            }
        }
        self.kinds.get(self.copy.index).ok_or(Error::Corrupt)
    }

    /// Encoders only: whether every byte of the block outside of references equals its source.
    fn is_clean<O: Oracle>(&mut self, oracle: &O) -> bool {
        let start = self.copy.target + self.copy.done;
        let mut bytes = self.window.iter().take(self.copy.block).zip(start..);
        if bytes.all(|(&byte, offset)| oracle.byte(offset) == byte) {
            return true;
        }
        let (at, halves, previous, steps) =
            (self.copy.at, self.memory.halves, self.copy.previous, self.copy.steps);
        let mut clean = true;
        while clean && self.copy.at < self.copy.block {
            if self.reference(oracle) {
                let actual = self.actual(oracle);
                self.finish_reference(actual);
            } else {
                let offset = self.copy.done + self.copy.at as u32;
                self.pass();
                self.copy.previous = self.window[self.copy.at % WINDOW];
                clean = oracle.byte(self.copy.target + offset) == self.copy.previous;
                self.copy.at += 1;
            }
        }
        (self.copy.at, self.memory.halves, self.copy.previous, self.copy.steps) =
            (at, halves, previous, steps);
        clean
    }

    /// Goes past what is no reference at a glance.
    fn skip(&mut self) {
        let copy = &mut self.copy;
        let left = (copy.length - copy.done) as usize;
        let bytes = self.window.get(copy.at..left.min(WINDOW)).unwrap_or(&[]);
        let address = copy.address.wrapping_add(copy.at as u32);
        let space = &self.predictor.space;
        copy.at += skip(copy.kind, (bytes, copy.block - copy.at), address, space, &mut copy.steps);
    }

    /// Keeps step with instructions while the current byte of the source passes.
    pub(super) fn pass(&mut self) {
        let address = self.copy.address.wrapping_add(self.copy.at as u32);
        if !self.copy.steps.inside(address) && address & self.copy.alignment == 0 {
            let byte = |ahead: usize| self.window[(self.copy.at + ahead) % WINDOW];
            self.copy.steps.byte(self.copy.kind, address, byte(0), byte(1));
        }
    }

    /// Codes one byte of the cover.
    pub(super) fn copy_byte<C: Coder, O: Oracle, I: Io>(
        &mut self,
        coder: &mut C,
        oracle: &O,
        io: &mut I,
    ) -> Result<(), I::Error> {
        let at = self.copy.at;
        let source = self.window[at % WINDOW];
        let next = self.window[(at + 1) % WINDOW];
        // The high byte of a halfword names the instruction.
        let like = usize::from(next >> 3);
        let context = CopyContext {
            source,
            previous: self.copy.previous,
            next,
            offset: self.copy.start.wrapping_add(self.copy.done + at as u32),
            history: self.copy.history,
            near: self.memory.near[like],
        };
        let mut byte = oracle.byte(self.position);
        coder.category(Category::Unchanged);
        let same = self.model.unchanged(coder, &context, byte == source);
        if same {
            byte = source;
        } else {
            coder.category(Category::Changed);
            byte = self.model.changed(coder, &context, byte);
            let difference = byte.wrapping_sub(source);
            self.memory.near[like] = difference;
        }
        self.copy.history = self.copy.history << 1 | u8::from(!same);
        self.copy.previous = source;
        self.pass();
        self.copy.at = at + 1;
        self.emit(byte, io)
    }
}
