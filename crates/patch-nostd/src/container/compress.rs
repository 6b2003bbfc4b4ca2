//! Passes on the stream that another compressor makes of plain bytes (`docs/format.md`, section 14.7).

use std::boxed::Box;
use std::vec;

use super::compressor::{Coder, Compressor};
use super::recreate::Output;
use super::sink::Sink;
use super::source::BUFFER;
use super::totals::Totals;
use crate::Error;

/// Takes the plain bytes of a stream and passes the stream on.
pub(super) struct Compression<'r> {
    coder: Box<dyn Coder>,
    /// Plain bytes that are missing.
    left: u32,
    has_ended: bool,
    buffer: Box<[u8]>,
    output: Output<'r>,
}

impl<'r> Compression<'r> {
    /// A stream of `length` plain bytes, one at least, which has at most `room` bytes.
    pub(super) fn new(
        compressor: &Compressor,
        length: u32,
        sink: &'r mut dyn Sink,
        room: u32,
    ) -> Result<Self, Error> {
        let output = Output::new(sink, room, Totals::of(compressor));
        let buffer = vec![0; BUFFER].into();
        Ok(Self { coder: compressor.encoder(length)?, left: length, has_ended: false, buffer, output })
    }

    /// Checks that the stream is over; returns its totals.
    pub(super) fn finish(self) -> Result<Totals, Error> {
        if self.has_ended { Ok(self.output.totals) } else { Err(Error::Corrupt) }
    }
}

impl Sink for Compression<'_> {
    fn write(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        self.left = u32::try_from(bytes.len())
            .ok()
            .and_then(|count| self.left.checked_sub(count))
            .ok_or(Error::Corrupt)?;
        self.output.totals.add(bytes);
        let is_last = self.left == 0;
        while !self.has_ended && (is_last || !bytes.is_empty()) {
            let step = self.coder.step(bytes, is_last, &mut self.buffer)?;
            bytes = bytes.get(step.taken..).unwrap_or(&[]);
            self.output.write(self.buffer.get(..step.given).unwrap_or(&[]))?;
            self.has_ended = step.has_ended;
        }
        Ok(())
    }
}
