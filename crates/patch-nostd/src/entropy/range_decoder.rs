//! The range decoder and its input buffer (`docs/format.md`, section 4).
//!
//! Martin, "Range encoding" (1979), in the binary form with carry propagation that LZMA made common: a 32-bit
//! range, renormalised a byte at a time, but with 16-bit probabilities.

use super::Coder;
use crate::Error;
use core::cell::Cell;
use zerocopy::IntoBytes;

/// Zeros that are read after the end of a body: an encoder never leaves out more.
const ZEROS: usize = 4;

/// No single step of the decoder consumes more bytes than this.
pub const LOOKAHEAD: usize = 128;

/// Decodes events from bytes that arrive in pieces.
#[derive(Debug)]
pub struct RangeDecoder<'w> {
    buffer: &'w mut [u8],
    /// Beyond the tail by as many zeros as were read after the body's end.
    head: usize,
    tail: usize,
    /// Body bytes that have not arrived yet.
    missing: u32,
    range: u32,
    code: u32,
    started: bool,
}

crate::state::state!(RangeDecoder<'_>: buffer, head, tail, missing, range, code, started);

impl<'w> RangeDecoder<'w> {
    /// A decoder of a body of `length` bytes; `buffer` must be at least twice [`LOOKAHEAD`].
    #[inline(always)]
    pub fn new(buffer: &'w mut [u8], length: u32) -> Self {
        Self { buffer, head: 0, tail: 0, missing: length, range: u32::MAX, code: 0, started: false }
    }

    /// Begins with another body, of `length` bytes, when the one before has been used up.
    #[cfg(feature = "lanes")]
    pub(crate) fn restart(&mut self, length: u32) {
        (self.head, self.tail, self.missing) = (0, 0, length);
        (self.range, self.code, self.started) = (u32::MAX, 0, false);
    }

    /// Takes what fits of `piece` and returns how much that was.
    pub fn fill(&mut self, piece: &[u8]) -> usize {
        self.move_down();
        let room = self.buffer.get_mut(self.tail..).unwrap_or_default();
        let taken = room.len().min(piece.len()).min(self.missing as usize);
        let piece = piece.get(..taken).unwrap_or(&[]);
        if piece.write_to_prefix(room).is_err() {
            return 0;
        }
        self.tail += taken;
        self.missing -= taken as u32;
        if !self.started && self.ready() {
            self.started = true;
            for _ in 0..4 {
                self.code = self.code << 8 | u32::from(self.next());
            }
        }
        taken
    }

    /// Whether a state that was loaded can be one that was saved when `missing` bytes of the body had not arrived.
    #[cfg(feature = "flash")]
    pub(crate) const fn is_sound(&self, missing: u32) -> bool {
        // With a range of nothing, the decoder would renormalise for ever.
        self.range >= 1 << 24
            && self.head <= self.tail + ZEROS
            && self.tail <= self.buffer.len()
            && self.missing == missing
    }

    /// After the last event: the body must have been used to its last byte.
    ///
    /// # Errors
    /// [`Error::Truncated`] if it was overrun, [`Error::TrailingData`] if bytes are left.
    pub fn finish(&self) -> Result<(), Error> {
        if self.is_overrun() {
            return Err(Error::Truncated);
        }
        if self.head < self.tail || self.missing > 0 { Err(Error::TrailingData) } else { Ok(()) }
    }

    /// Body bytes that have not arrived yet.
    pub(crate) const fn missing(&self) -> u32 {
        self.missing
    }

    /// Moves what is held to the front of the buffer. Cell by cell, since `copy_within` has checks that can panic.
    fn move_down(&mut self) {
        let cells = Cell::from_mut(&mut *self.buffer).as_slice_of_cells();
        let held = cells.get(self.head..self.tail).unwrap_or(&[]);
        cells.iter().zip(held).for_each(|(to, from)| to.set(from.get()));
        let tail = core::mem::replace(&mut self.tail, held.len());
        self.head = self.head.saturating_sub(tail);
    }

    fn next(&mut self) -> u8 {
        // After the end come the zeros that an encoder leaves out. What one step reads of them is far from wrapping.
        let held = self.buffer.get(..self.tail).unwrap_or_default();
        let byte = held.get(self.head).copied().unwrap_or(0);
        self.head = self.head.wrapping_add(1);
        byte
    }
}

impl Coder for RangeDecoder<'_> {
    fn code(&mut self, probability: u16, _bit: bool) -> bool {
        let bound = ((u64::from(self.range) * u64::from(probability)) >> 16) as u32;
        let bit = self.code < bound;
        if bit {
            self.range = bound;
        } else {
            self.code = self.code.wrapping_sub(bound);
            self.range = self.range.wrapping_sub(bound);
        }
        while self.range < 1 << 24 {
            self.range <<= 8;
            self.code = self.code << 8 | u32::from(self.next());
        }
        bit
    }

    fn ready(&self) -> bool {
        self.missing == 0 || self.tail.saturating_sub(self.head) >= LOOKAHEAD
    }

    fn is_overrun(&self) -> bool {
        self.head > self.tail + ZEROS
    }
}
