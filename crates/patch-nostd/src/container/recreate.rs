//! Passes on the deflate stream that is made of plain bytes (`docs/format.md`, section 14.5).

use super::deflate::{Recreator, Trace, remake};
use super::recipe::Making;
use super::sink::Sink;
use super::totals::Totals;
use crate::Error;
use crate::entropy::RangeDecoder;

/// Takes the plain bytes of a stream and passes the stream on.
pub(super) struct Recreation<'r> {
    recreator: Recreator<'r, RangeDecoder<'r>>,
    output: Output<'r>,
}

/// Where the stream goes.
pub(super) struct Output<'r> {
    sink: &'r mut dyn Sink,
    /// Bytes that the stream may still have.
    room: u32,
    pub(super) totals: Totals,
}

impl<'r> Recreation<'r> {
    /// A stream of at most `room` bytes; `buffer` has room for the corrections.
    pub(super) fn new(
        making: &Making,
        traces: &'r [Trace],
        buffer: &'r mut [u8],
        sink: &'r mut dyn Sink,
        room: u32,
    ) -> Result<Self, Error> {
        let trace = match making.follows.checked_sub(1) {
            None => None,
            Some(number) => Some(traces.get(number as usize).ok_or(Error::Corrupt)?),
        };
        let recreator = remake(&making.corrections, buffer, making.length, making.most, trace)?;
        Ok(Self { recreator, output: Output::new(sink, room, Totals::new()) })
    }

    /// Checks that the stream is over; returns its totals.
    pub(super) fn finish(mut self) -> Result<Totals, Error> {
        let coder = self.recreator.finish(&mut |bytes| self.output.write(bytes))?;
        coder.finish().map_err(|_| Error::Corrupt)?;
        Ok(self.output.totals)
    }
}

impl<'r> Output<'r> {
    /// Room for `room` bytes.
    pub(super) fn new(sink: &'r mut dyn Sink, room: u32, totals: Totals) -> Self {
        Self { sink, room, totals }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        // Nothing is passed on that has no room.
        let length = u32::try_from(bytes.len()).map_err(|_| Error::Corrupt)?;
        self.room = self.room.checked_sub(length).ok_or(Error::Corrupt)?;
        self.totals.packed = self.totals.packed.checked_add(length).ok_or(Error::Corrupt)?;
        self.sink.write(bytes)
    }
}

impl Sink for Recreation<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.output.totals.add(bytes);
        self.recreator.push(bytes, &mut |bytes| self.output.write(bytes))
    }
}
