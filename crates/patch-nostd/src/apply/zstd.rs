//! The `zstd` body: operations through one zstd frame (`docs/format.md`, section 10).

use core::fmt;
use std::boxed::Box;
use std::vec;

use zstd::stream::raw::{DParameter, Decoder, Operation as _};

use super::io::Io;
use super::operation::{Cover, Operation, Source};
use crate::Error;
use crate::wire::{Header, Reader};

/// Bytes of each of the two buffers: small enough for a first-level cache, large enough that calls cost nothing.
pub(super) const SLICE: usize = 16 << 10;
/// How a zstd frame begins.
const MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
/// The bits of the frame header's descriptor that stand for a dictionary, a checksum and nothing yet.
const REFUSED_FLAGS: u8 = 0x0F;
/// The longest frame header, in bytes.
const FRAME_HEADER: u32 = 18;

/// Decodes a `zstd` body that arrives in pieces.
pub struct ZstdBody {
    decoder: Decoder<'static>,
    /// What the frame decompresses to, a slice at a time.
    stream: Box<[u8]>,
    operations: Operations,
    /// Bytes of body that have been taken, and that there are.
    taken: u32,
    length: u32,
    /// The frame is over.
    ended: bool,
}

/// Carries out the operations of the decompressed stream.
#[derive(Debug)]
struct Operations {
    base_size: u32,
    /// Bytes of target that no operation has laid claim to.
    unclaimed: u32,
    /// Where the next byte of the base is read: in or after the last cover.
    base: u32,
    /// Literals of the operation that has begun.
    literals: u32,
    expected: Expected,
    number: Number,
    output: Output,
}

/// What the stream goes on with. Bytes left are never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    LiteralCount,
    Literals { left: u32 },
    Seek,
    CoverLength,
    Differences { left: u32 },
    Nothing,
}

/// An integer of which some bytes are there.
#[derive(Debug, Default)]
struct Number {
    bytes: [u8; 5],
    count: usize,
}

/// Gathers target bytes, so that short operations do not make short writes.
#[derive(Debug)]
struct Output {
    buffer: Box<[u8]>,
    used: usize,
}

impl ZstdBody {
    /// A decoder for the body that follows `header`. The frame's window must not exceed 2^`window_log` bytes.
    ///
    /// Takes most of its memory from the heap when the frame's header is there; see [`Header::requirements`].
    ///
    /// # Errors
    /// [`Error::WorkspaceTooSmall`] if there is no memory, [`Error::Corrupt`] if libzstd refuses the window.
    pub fn new(header: &Header, window_log: u8) -> Result<Self, Error> {
        let mut decoder = Decoder::new().map_err(|_| Error::WorkspaceTooSmall)?;
        let limit = DParameter::WindowLogMax(u32::from(window_log));
        decoder.set_parameter(limit).map_err(|_| Error::Corrupt)?;
        Ok(Self {
            decoder,
            stream: slice(),
            operations: Operations::new(header.base_size, header.target_size),
            taken: 0,
            length: header.body_length,
            ended: false,
        })
    }

    /// Takes the next piece of the body, all of it, and writes all that can be restored.
    ///
    /// # Errors
    /// [`Error::Corrupt`] for what is not a frame or not an operation, [`Error::Truncated`] if the frame ends before
    /// the target is complete, [`Error::TrailingData`] if either goes on after its end, and those of `io`.
    pub fn push<I: Io>(&mut self, piece: &[u8], io: &mut I) -> Result<(), I::Error> {
        let left = (self.length - self.taken) as usize;
        let (mut piece, excess) = piece.split_at_checked(left).unwrap_or((piece, &[]));
        while !piece.is_empty() {
            let (part, rest) = piece.split_at_checked(self.stride(piece)?).ok_or(Error::Corrupt)?;
            self.taken += part.len() as u32;
            self.decompress(part, io)?;
            piece = rest;
        }
        self.operations.output.flush(io)?;
        if excess.is_empty() { Ok(()) } else { Err(Error::TrailingData.into()) }
    }

    /// The body has been pushed.
    ///
    /// # Errors
    /// [`Error::Truncated`] if it is not complete.
    pub fn finish(&self) -> Result<(), Error> {
        let complete = self.ended && self.taken == self.length;
        if complete { Ok(()) } else { Err(Error::Truncated) }
    }

    /// Bytes of body that have been pushed.
    pub(super) const fn taken(&self) -> u32 {
        self.taken
    }

    /// How many bytes to give to libzstd at once. It takes another path, which does not look at the window, when it
    /// sees a whole frame; with the frame header in single bytes, what is accepted does not depend on the pieces.
    fn stride(&self, piece: &[u8]) -> Result<usize, Error> {
        if self.taken >= FRAME_HEADER {
            return Ok(piece.len());
        }
        let byte = piece.first().copied().unwrap_or(0);
        let good = match MAGIC.get(self.taken as usize) {
            Some(&expected) => byte == expected,
            None => self.taken as usize > MAGIC.len() || byte & REFUSED_FLAGS == 0,
        };
        if good { Ok(1) } else { Err(Error::Corrupt) }
    }

    fn decompress<I: Io>(&mut self, mut part: &[u8], io: &mut I) -> Result<(), I::Error> {
        loop {
            if self.ended {
                return Err(Error::TrailingData.into());
            }
            let status = self.decoder.run_on_buffers(part, &mut self.stream).map_err(|_| Error::Corrupt)?;
            part = part.get(status.bytes_read..).unwrap_or(&[]);
            let bytes = self.stream.get(..status.bytes_written).unwrap_or(&[]);
            self.operations.take(bytes, io)?;
            self.ended = status.remaining == 0;
            if self.ended && !self.operations.complete() {
                return Err(Error::Truncated.into());
            }
            // A full buffer may have left something inside libzstd.
            let full = bytes.len() == self.stream.len() && !self.ended;
            if part.is_empty() && !full {
                return Ok(());
            }
        }
    }
}

impl fmt::Debug for ZstdBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("ZstdBody");
        fields.field("taken", &self.taken).field("ended", &self.ended).finish_non_exhaustive()
    }
}

impl Operations {
    fn new(base_size: u32, target_size: u32) -> Self {
        let expected = if target_size == 0 { Expected::Nothing } else { Expected::LiteralCount };
        let output = Output { buffer: slice(), used: 0 };
        let number = Number::default();
        Self { base_size, unclaimed: target_size, base: 0, literals: 0, expected, number, output }
    }

    fn complete(&self) -> bool {
        self.expected == Expected::Nothing
    }

    fn take<I: Io>(&mut self, mut bytes: &[u8], io: &mut I) -> Result<(), I::Error> {
        while let Some(&first) = bytes.first() {
            let used = match self.expected {
                Expected::Literals { left } => self.copy_literals(bytes, left, io)?,
                Expected::Differences { left } => self.add_differences(bytes, left, io)?,
                Expected::Nothing => return Err(Error::TrailingData.into()),
                Expected::LiteralCount | Expected::Seek | Expected::CoverLength => {
                    if let Some(value) = self.number.push(first)? {
                        self.expected = self.field(value, io)?;
                    }
                    1
                }
            };
            bytes = bytes.get(used..).unwrap_or(&[]);
        }
        Ok(())
    }

    fn copy_literals<I: Io>(&mut self, bytes: &[u8], left: u32, io: &mut I) -> Result<usize, I::Error> {
        let place = self.output.place(left, bytes.len(), io)?;
        place.iter_mut().zip(bytes).for_each(|(place, &literal)| *place = literal);
        let count = place.len();
        self.expected = match left - count as u32 {
            0 => self.after_literals(io),
            left => Expected::Literals { left },
        };
        Ok(count)
    }

    fn add_differences<I: Io>(&mut self, bytes: &[u8], left: u32, io: &mut I) -> Result<usize, I::Error> {
        let place = self.output.place(left, bytes.len(), io)?;
        io.read_base(self.base, place)?;
        place.iter_mut().zip(bytes).for_each(|(place, &difference)| *place = place.wrapping_add(difference));
        let count = place.len();
        self.base += count as u32;
        self.expected = match left - count as u32 {
            0 if self.unclaimed == 0 => Expected::Nothing,
            0 => Expected::LiteralCount,
            left => Expected::Differences { left },
        };
        Ok(count)
    }

    /// Checks a number and says what follows it.
    fn field(&mut self, value: u32, io: &mut impl Io) -> Result<Expected, Error> {
        match self.expected {
            Expected::LiteralCount => {
                self.claim(value)?;
                self.literals = value;
                Ok(if value == 0 { self.after_literals(io) } else { Expected::Literals { left: value } })
            }
            Expected::Seek => {
                let start = self.base.checked_add_signed(signed(value)).ok_or(Error::Corrupt)?;
                self.base = start;
                Ok(Expected::CoverLength)
            }
            _ => self.begin_cover(value, io),
        }
    }

    fn after_literals(&self, io: &mut impl Io) -> Expected {
        if self.unclaimed > 0 {
            return Expected::Seek;
        }
        io.announce(Operation { literals: self.literals, cover: None });
        Expected::Nothing
    }

    fn begin_cover(&mut self, length: u32, io: &mut impl Io) -> Result<Expected, Error> {
        self.claim(length)?;
        let end = self.base.checked_add(length).ok_or(Error::Corrupt)?;
        if length == 0 || end > self.base_size {
            return Err(Error::Corrupt);
        }
        let cover = Cover { source: Source::Base, start: self.base, length };
        io.announce(Operation { literals: self.literals, cover: Some(cover) });
        Ok(Expected::Differences { left: length })
    }

    fn claim(&mut self, count: u32) -> Result<(), Error> {
        self.unclaimed = self.unclaimed.checked_sub(count).ok_or(Error::Corrupt)?;
        Ok(())
    }
}

impl Number {
    /// Takes a byte; the value, if that was the last. The form is that of the header's integers.
    fn push(&mut self, byte: u8) -> Result<Option<u32>, Error> {
        *self.bytes.get_mut(self.count).ok_or(Error::Corrupt)? = byte;
        self.count += 1;
        if byte >= 0x80 {
            return Ok(None);
        }
        let bytes = self.bytes.get(..self.count).unwrap_or(&[]);
        self.count = 0;
        Reader::new(bytes).varint().map(Some).map_err(|_| Error::Corrupt)
    }
}

impl Output {
    /// Room for some of `left` bytes, of which `there` can be made: at least one.
    fn place<I: Io>(&mut self, left: u32, there: usize, io: &mut I) -> Result<&mut [u8], I::Error> {
        if self.used == self.buffer.len() {
            self.flush(io)?;
        }
        let start = self.used;
        let count = (left as usize).min(there).min(self.buffer.len() - start);
        self.used += count;
        Ok(self.buffer.get_mut(start..self.used).ok_or(Error::Corrupt)?)
    }

    fn flush<I: Io>(&mut self, io: &mut I) -> Result<(), I::Error> {
        let bytes = self.buffer.get(..self.used).unwrap_or(&[]);
        self.used = 0;
        if bytes.is_empty() { Ok(()) } else { io.write(bytes) }
    }
}

fn slice() -> Box<[u8]> {
    vec![0; SLICE].into_boxed_slice()
}

/// 0, -1, 1, -2, 2 and so on.
fn signed(value: u32) -> i32 {
    (value >> 1) as i32 ^ -((value & 1) as i32)
}
