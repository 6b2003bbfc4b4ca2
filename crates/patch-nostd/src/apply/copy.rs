//! Copying a cover block by block: references predicted, bytes confirmed or replaced (`docs/format.md`, section 4.3).

use super::io::Io;
use super::layout::WINDOW;
use super::operation::{Cover, Oracle, Source};
use super::walker::Walker;
use crate::Error;
use crate::entropy::{Category, Coder, CopyContext};
use crate::refs::{REFERENCE_LENGTH, ReferenceKind, Site};
use crate::wire::RegionKind;

/// Weight set of the flag for a whole block.
const BLOCK_SET: usize = 20;

/// Differences are remembered apart for bytes whose neighbours differ, in this many classes.
const NEAR: usize = 32;

/// Where a copy stands.
#[derive(Debug)]
pub(super) struct CopyState {
    source: Source,
    /// The cover's range in the source.
    start: u32,
    length: u32,
    /// Where the cover begins in the target.
    target: u32,
    /// Bytes of the cover before the current block.
    done: u32,
    /// Bytes of the current block, and how many of them are done.
    block: usize,
    at: usize,
    clean: bool,
    kind: RegionKind,
    /// The source's byte before.
    previous: u8,
    /// Target minus source at the last misses, by what the next byte was like, and by the byte before.
    near: [[u8; NEAR]; 2],
    /// Hits (0) and misses (1) of the last bytes, and of the last blocks.
    history: u8,
    blocks: u8,
}

impl Default for CopyState {
    fn default() -> Self {
        Self {
            source: Source::Base,
            start: 0,
            length: 0,
            target: 0,
            done: 0,
            block: 0,
            at: 0,
            clean: false,
            kind: RegionKind::Bytes,
            previous: 0,
            near: [[0; NEAR]; 2],
            history: 0,
            blocks: 0,
        }
    }
}

impl CopyState {
    pub(super) fn begin(&mut self, cover: Cover, target: u32) {
        self.target = target;
        self.source = cover.source;
        self.start = cover.start;
        self.length = cover.length;
        self.done = 0;
        self.block = 0;
        self.at = 0;
        self.previous = 0;
        self.history = 0;
    }
}

impl Walker<'_> {
    /// Codes a part of the current cover; true when the cover is complete.
    pub(super) fn copy_step<C: Coder, O: Oracle, I: Io>(
        &mut self,
        coder: &mut C,
        oracle: &O,
        io: &mut I,
    ) -> Result<bool, Error> {
        if self.copy.at >= self.copy.block {
            self.copy.done += self.copy.at as u32;
            self.copy.block = 0;
            self.copy.at = 0;
            if self.copy.done >= self.copy.length {
                return Ok(true);
            }
            self.begin_block(coder, oracle, io)?;
        }
        if self.copy.clean && self.copy.kind == RegionKind::Bytes {
            self.copy_clean(io)?;
        } else if let Some(site) = self.reference() {
            self.copy_reference(coder, oracle, io, &site)?;
        } else {
            let sure = self.copy.clean;
            self.copy_byte(coder, oracle, io, sure)?;
        }
        Ok(false)
    }

    fn begin_block<C: Coder, O: Oracle, I: Io>(
        &mut self,
        coder: &mut C,
        oracle: &O,
        io: &mut I,
    ) -> Result<(), Error> {
        let left = self.copy.length - self.copy.done;
        let block = (1u32 << (self.tuning.block_log & 7)).min(left) as usize;
        let start = self.copy.start + self.copy.done;
        // A reference may hang over the block's end, and each byte's successor is a context.
        let count = (block + REFERENCE_LENGTH).min(WINDOW);
        self.read_source(io, self.copy.source, start, count)?;
        self.copy.block = block;
        self.copy.kind = match self.copy.source {
            Source::Base => self.regions.kind_at(self.position),
            Source::Target => RegionKind::Bytes,
        };
        coder.category(Category::Unchanged);
        let clean = O::KNOWS && self.is_clean(oracle);
        let history = self.copy.blocks;
        let kind = self.copy.kind as u32 | u32::from(self.copy.source == Source::Target) << 4;
        let age = 31 - (self.copy.done + 1).leading_zeros();
        let size = 31 - (self.copy.length + 1).leading_zeros();
        let contexts = [
            (0xE000_0000 | kind | u32::from(history >> 3 & 7) << 8, history),
            (0xE100_0000 | kind | age << 8 | u32::from(history & 1) << 16, history >> 1),
            (0xE200_0000 | kind | size << 8 | u32::from(self.copy.done == 0) << 16, history),
        ];
        let clean = self.model.flag(coder, &contexts, BLOCK_SET, clean);
        self.copy.clean = clean;
        self.copy.blocks = history << 1 | u8::from(!clean);
        Ok(())
    }

    /// Encoders only: whether every byte of the block outside of references equals its source.
    fn is_clean<O: Oracle>(&mut self, oracle: &O) -> bool {
        let at = self.copy.at;
        let mut clean = true;
        while clean && self.copy.at < self.copy.block {
            if self.reference().is_some() {
                self.copy.at += REFERENCE_LENGTH;
            } else {
                let offset = self.copy.done + self.copy.at as u32;
                clean = oracle.byte(self.copy.target + offset) == self.window[self.copy.at % WINDOW];
                self.copy.at += 1;
            }
        }
        self.copy.at = at;
        clean
    }

    /// The reference that begins at the current byte of the source, if one does and lies inside the cover.
    fn reference(&self) -> Option<Site> {
        if self.copy.kind == RegionKind::Bytes {
            return None;
        }
        let offset = self.copy.done + self.copy.at as u32;
        let bytes: &[u8; 4] = self.window.get(self.copy.at..)?.first_chunk()?;
        let base_address = self.base_address.wrapping_add(self.copy.start + offset);
        let kind = ReferenceKind::find(self.copy.kind, *bytes, base_address, &self.predictor.space)?;
        let inside = self.copy.length - offset >= REFERENCE_LENGTH as u32;
        let target = self.copy.target.wrapping_add(offset);
        inside.then_some(Site {
            kind,
            bytes: *bytes,
            base_address,
            target_address: self.base_address.wrapping_add(target),
            cover: (self.base_address.wrapping_add(self.copy.start), self.copy.length),
        })
    }

    /// Copies the rest of a block that has neither references nor changes.
    fn copy_clean<I: Io>(&mut self, io: &mut I) -> Result<(), Error> {
        while self.copy.at < self.copy.block {
            let byte = self.window[self.copy.at % WINDOW];
            self.copy.at += 1;
            self.emit(byte, io)?;
        }
        self.copy.previous = self.before as u8;
        self.copy.history = 0;
        Ok(())
    }

    fn copy_reference<C: Coder, O: Oracle, I: Io>(
        &mut self,
        coder: &mut C,
        oracle: &O,
        io: &mut I,
        site: &Site,
    ) -> Result<(), Error> {
        let actual = [0, 1, 2, 3].map(|place| oracle.byte(self.position + place));
        if let Some(bytes) = self.predictor.predict(coder, &mut self.model, site, actual) {
            for byte in bytes {
                self.emit(byte, io)?;
            }
            self.copy.at += REFERENCE_LENGTH;
            self.copy.previous = site.bytes[3];
            return Ok(());
        }
        for _ in site.bytes {
            self.copy_byte(coder, oracle, io, false)?;
        }
        self.predictor.learn(site, self.before.to_be_bytes());
        Ok(())
    }

    /// Codes one byte of the cover; `sure` says that it is known to equal its source.
    fn copy_byte<C: Coder, O: Oracle, I: Io>(
        &mut self,
        coder: &mut C,
        oracle: &O,
        io: &mut I,
        sure: bool,
    ) -> Result<(), Error> {
        let at = self.copy.at;
        let source = self.window[at % WINDOW];
        let next = self.window[(at + 1) % WINDOW];
        // The high byte of a halfword names the instruction: before or after, depending on its length.
        let (like_next, like_previous) = (usize::from(next >> 3), usize::from(self.copy.previous) % NEAR);
        let context = CopyContext {
            before: self.before as u8,
            source,
            previous: self.copy.previous,
            next,
            offset: self.copy.start.wrapping_add(self.copy.done + at as u32),
            history: self.copy.history,
            near: [self.copy.near[0][like_next], self.copy.near[1][like_previous]],
        };
        let mut byte = oracle.byte(self.position);
        coder.category(Category::Unchanged);
        let same = sure || self.model.unchanged(coder, &context, byte == source);
        if same {
            byte = source;
        } else {
            coder.category(Category::Changed);
            byte = self.model.changed(coder, &context, byte);
            let difference = byte.wrapping_sub(source);
            self.copy.near[0][like_next] = difference;
            self.copy.near[1][like_previous] = difference;
        }
        self.copy.history = self.copy.history << 1 | u8::from(!same);
        self.copy.previous = source;
        self.copy.at = at + 1;
        self.emit(byte, io)
    }
}
