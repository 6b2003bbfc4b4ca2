//! Gathers the plain bytes of a deflate stream and passes on what is made of them (`docs/format.md`, section 14.5).

use std::vec::Vec;

use super::make::Maker;
use super::recipe::Piece;
use super::sink::Sink;
use super::totals::Totals;
use crate::Error;

/// Gathers plain bytes and passes the stream on, piece by piece.
pub(super) struct Recreator<'r> {
    pieces: core::slice::Iter<'r, Piece>,
    piece: Option<&'r Piece>,
    plain: Vec<u8>,
    maker: &'r dyn Maker,
    sink: &'r mut dyn Sink,
    /// Bytes that the stream may still have.
    room: u32,
    totals: Totals,
}

impl<'r> Recreator<'r> {
    /// A stream of at most `room` bytes.
    pub(super) fn new(
        pieces: &'r [Piece],
        maker: &'r dyn Maker,
        sink: &'r mut dyn Sink,
        room: u32,
    ) -> Result<Self, Error> {
        let mut pieces = pieces.iter();
        let piece = pieces.next();
        maker.begin()?;
        Ok(Self { pieces, piece, plain: Vec::new(), maker, sink, room, totals: Totals::new() })
    }

    /// Checks that the stream is over; returns its totals.
    pub(super) fn finish(self) -> Result<Totals, Error> {
        self.maker.end()?;
        if self.piece.is_none() { Ok(self.totals) } else { Err(Error::Corrupt) }
    }

    fn recreate(&mut self, piece: &Piece) -> Result<(), Error> {
        let stream = self.maker.piece(&self.plain, &piece.corrections, self.room)?;
        self.plain.clear();
        // Nothing is passed on that has no room.
        let length = u32::try_from(stream.len()).map_err(|_| Error::Corrupt)?;
        self.room = self.room.checked_sub(length).ok_or(Error::Corrupt)?;
        self.totals.packed = self.totals.packed.checked_add(length).ok_or(Error::Corrupt)?;
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
