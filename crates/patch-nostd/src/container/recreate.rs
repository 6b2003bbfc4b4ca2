//! Makes a deflate stream again, to the bit, of its plain bytes (`docs/format.md`, section 14.5).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::vec::Vec;

use preflate_rs::RecreateStreamProcessor;

use super::rebuild::Sink;
use super::recipe::Piece;
use super::totals::Totals;
use crate::Error;

/// Gathers plain bytes and passes the stream on, piece by piece.
pub(super) struct Recreator<'r> {
    pieces: core::slice::Iter<'r, Piece>,
    piece: Option<&'r Piece>,
    plain: Vec<u8>,
    processor: RecreateStreamProcessor,
    sink: &'r mut dyn Sink,
    totals: Totals,
}

impl<'r> Recreator<'r> {
    pub(super) fn new(pieces: &'r [Piece], sink: &'r mut dyn Sink) -> Self {
        let mut pieces = pieces.iter();
        let piece = pieces.next();
        let processor = RecreateStreamProcessor::new();
        Self { pieces, piece, plain: Vec::new(), processor, sink, totals: Totals::new() }
    }

    /// Makes sure that the stream is over, and tells about it.
    pub(super) fn finish(self) -> Result<Totals, Error> {
        if self.piece.is_none() { Ok(self.totals) } else { Err(Error::Corrupt) }
    }

    fn recreate(&mut self, piece: &Piece) -> Result<(), Error> {
        let (processor, plain) = (&mut self.processor, &mut self.plain.as_slice());
        // Corrections that were tampered with may make it panic.
        let made = catch_unwind(AssertUnwindSafe(|| processor.recompress(plain, &piece.corrections)));
        let (stream, _) = made.map_err(|_| Error::Corrupt)?.map_err(|_| Error::Corrupt)?;
        self.plain.clear();
        self.totals.packed = self.totals.packed.wrapping_add(stream.len() as u32);
        self.sink.write(&stream)
    }
}

impl Sink for Recreator<'_> {
    fn write(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        self.totals.add(bytes);
        while !bytes.is_empty() {
            let piece = self.piece.ok_or(Error::Corrupt)?;
            if self.plain.is_empty() {
                // A buffer that grows by doubling takes up to twice as much. If there is not as much, that will show.
                let _ = self.plain.try_reserve_exact(piece.length as usize);
            }
            let missing = (piece.length as usize).saturating_sub(self.plain.len());
            let (now, later) = bytes.split_at(missing.min(bytes.len()));
            self.plain.extend_from_slice(now);
            bytes = later;
            if self.plain.len() == piece.length as usize {
                self.recreate(piece)?;
                self.piece = self.pieces.next();
            }
        }
        Ok(())
    }
}
