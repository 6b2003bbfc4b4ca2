//! Frames of zstd by libzstd (`docs/format.md`, section 14.7).

use std::boxed::Box;
use std::vec::Vec;

use zstd::zstd_safe::zstd_sys::ZSTD_EndDirective;
use zstd::zstd_safe::{CCtx, CParameter, DCtx, DParameter, InBuffer, OutBuffer, compress_bound};

use super::fields::Zstd;
use super::{Coder, Step};
use crate::Error;

/// Bytes that are given to libzstd together: the most that a block has.
const PIECE: usize = 128 << 10;

pub(super) fn encoder(zstd: &Zstd, length: u32) -> Result<Box<dyn Coder>, Error> {
    let mut context = CCtx::try_create().ok_or(Error::Corrupt)?;
    let parameters = [
        CParameter::CompressionLevel(zstd.level.into()),
        CParameter::ChecksumFlag(zstd.checksum),
        CParameter::ContentSizeFlag(zstd.content_size),
        CParameter::NbWorkers(zstd.jobs.into()),
    ];
    parameters.into_iter().try_for_each(|parameter| taken(context.set_parameter(parameter)))?;
    if zstd.content_size {
        taken(context.set_pledged_src_size(Some(length.into())))?;
    }
    Ok(if zstd.whole {
        let (plain, frame) = (with_room(length as usize)?, Vec::new());
        Box::new(Whole { context, plain, frame, given: 0, has_begun: false })
    } else {
        Box::new(Pieces {
            context,
            piece: with_room(PIECE)?,
            sent: 0,
            is_last: false,
            has_size: zstd.content_size,
        })
    })
}

pub(super) fn decoder(zstd: &Zstd) -> Result<Box<dyn Coder>, Error> {
    let mut context = DCtx::try_create().ok_or(Error::Corrupt)?;
    taken(context.set_parameter(DParameter::WindowLogMax(zstd.window.into())))?;
    Ok(Box::new(Decoder { context }))
}

/// A frame of plain bytes that come a piece at a time.
struct Pieces {
    context: CCtx<'static>,
    piece: Vec<u8>,
    /// Bytes of it that libzstd has.
    sent: usize,
    /// Whether it is the last one.
    is_last: bool,
    /// Whether libzstd knows the size of the contents.
    has_size: bool,
}

impl Coder for Pieces {
    fn step(&mut self, input: &[u8], is_last: bool, output: &mut [u8]) -> Result<Step, Error> {
        let mut taken = 0;
        if self.sent == 0 && !self.is_last {
            taken = input.len().min(PIECE - self.piece.len());
            self.piece.extend_from_slice(input.get(..taken).unwrap_or(&[]));
            self.is_last = is_last && taken == input.len();
            // A full piece waits until it is known not to be the last one.
            let is_full = self.piece.len() == PIECE && taken < input.len();
            if !is_full && !self.is_last {
                return Ok(Step { taken, given: 0, has_ended: false });
            }
        }
        let mut from = InBuffer::around(&self.piece);
        from.set_pos(self.sent);
        let mut to = OutBuffer::around(output);
        // Where the size is not known when the frame begins, nothing may come with the end: libzstd would know it then.
        let is_end = self.is_last && (self.has_size || self.sent == self.piece.len());
        let directive =
            if is_end { ZSTD_EndDirective::ZSTD_e_end } else { ZSTD_EndDirective::ZSTD_e_continue };
        let left =
            self.context.compress_stream2(&mut to, &mut from, directive).map_err(|_| Error::Corrupt)?;
        let given = to.pos();
        self.sent = from.pos();
        if self.sent == self.piece.len() && !self.is_last {
            self.piece.clear();
            self.sent = 0;
        }
        Ok(Step { taken, given, has_ended: is_end && left == 0 })
    }
}

/// A frame of plain bytes that are given at once.
struct Whole {
    context: CCtx<'static>,
    plain: Vec<u8>,
    frame: Vec<u8>,
    given: usize,
    has_begun: bool,
}

impl Coder for Whole {
    fn step(&mut self, input: &[u8], is_last: bool, output: &mut [u8]) -> Result<Step, Error> {
        self.plain.extend_from_slice(input);
        if is_last && !self.has_begun {
            self.has_begun = true;
            self.frame = with_room(compress_bound(self.plain.len()))?;
            taken(self.context.compress2(&mut self.frame, &self.plain))?;
        }
        let rest = self.frame.get(self.given..).unwrap_or(&[]);
        let given = give(rest, output);
        self.given += given;
        Ok(Step { taken: input.len(), given, has_ended: self.has_begun && self.given == self.frame.len() })
    }
}

struct Decoder {
    context: DCtx<'static>,
}

impl Coder for Decoder {
    fn step(&mut self, input: &[u8], _: bool, output: &mut [u8]) -> Result<Step, Error> {
        let (mut from, mut to) = (InBuffer::around(input), OutBuffer::around(output));
        let hint = self.context.decompress_stream(&mut to, &mut from).map_err(|_| Error::Corrupt)?;
        Ok(Step { taken: from.pos(), given: to.pos(), has_ended: hint == 0 })
    }
}

/// Copies as much as there is room for.
pub(super) fn give(bytes: &[u8], output: &mut [u8]) -> usize {
    output.iter_mut().zip(bytes).for_each(|(to, &from)| *to = from);
    bytes.len().min(output.len())
}

fn with_room(size: usize) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(size).map_err(|_| Error::Corrupt)?;
    Ok(bytes)
}

fn taken(result: Result<usize, usize>) -> Result<(), Error> {
    result.map(drop).map_err(|_| Error::Corrupt)
}
