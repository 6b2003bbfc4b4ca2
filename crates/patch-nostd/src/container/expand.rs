//! From a file to its expanded form (`docs/format.md`, section 14.3).

use core::cell::Cell;
use std::vec::Vec;

use super::deflate::Trace;
use super::inflate::Inflater;
use super::recipe::{Item, Level};
use super::record::plain_limit;
use super::source::{Source, pass};
use super::totals::Totals;
use super::walk::{Direction, differences, walk};
use super::{ALIGNMENT, padding};
use crate::Error;

/// Expands a file by its recipe, a buffer at a time, to at most `limit` bytes; returns how many there are. All streams
/// together may have four times as many plain bytes, so that streams in streams cost no more than what they expand to.
///
/// # Errors
/// [`Error::Corrupt`] if the file is not what the recipe says, [`Error::Truncated`] if it ends before the recipe does,
/// and those of `out`.
pub fn expand(
    file: &mut dyn Source,
    recipe: &Level,
    limit: u32,
    out: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
) -> Result<u32, Error> {
    trace(file, recipe, limit, out, &mut Vec::new())
}

/// The same, with the decisions in streams that the recipe keeps, in the order of their items.
pub(super) fn trace(
    file: &mut dyn Source,
    recipe: &Level,
    limit: u32,
    out: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    traces: &mut Vec<Trace>,
) -> Result<u32, Error> {
    let mut output = Output { out, written: 0, limit, traces };
    let room = Cell::new(plain_limit(limit));
    walk(&mut Expansion { source: file, output: &mut output, room: &room }, recipe)?;
    Ok(output.written)
}

/// Where the expanded form goes; it never grows beyond its limit.
struct Output<'o> {
    out: &'o mut dyn FnMut(&[u8]) -> Result<(), Error>,
    written: u32,
    limit: u32,
    traces: &'o mut Vec<Trace>,
}

impl Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if bytes.len() > (self.limit - self.written) as usize {
            return Err(Error::Corrupt);
        }
        self.written += bytes.len() as u32;
        (self.out)(bytes)
    }
}

struct Expansion<'e, 'o> {
    source: &'e mut dyn Source,
    output: &'e mut Output<'o>,
    /// Plain bytes that the streams of all levels may still have.
    room: &'e Cell<u64>,
}

impl Direction for Expansion<'_, '_> {
    fn pass(&mut self, count: u32) -> Result<(), Error> {
        pass(self.source, count, &mut |bytes| self.output.write(bytes))
    }

    fn rest(&mut self) -> Result<(), Error> {
        loop {
            let bytes = self.source.fill()?;
            let count = bytes.len();
            if count == 0 {
                return Ok(());
            }
            self.output.write(bytes)?;
            self.source.consume(count);
        }
    }

    fn foretold<const N: usize>(&mut self, likely: &[u8; N]) -> Result<[u8; N], Error> {
        let bytes = array(self.source)?;
        self.output.write(&differences(&bytes, likely))?;
        Ok(bytes)
    }

    fn stream(&mut self, item: &Item) -> Result<Totals, Error> {
        let zeros = [0; ALIGNMENT as usize];
        self.output.write(zeros.get(..padding(self.output.written) as usize).unwrap_or(&[]))?;
        let room = self.room;
        let mut inflater = match item.frame.compressor() {
            None => Inflater::new(self.source, room),
            Some(compressor) => Inflater::with(compressor.decoder(item.packed)?, self.source, room)
                .counting(Totals::of(&compressor)),
        };
        // Streams in this one come after it.
        let place = self.output.traces.len();
        if let Some(kept) = &item.kept {
            inflater = inflater.copying(kept.packed)?;
            self.output.traces.push(Trace::default());
        }
        walk(&mut Expansion { source: &mut inflater, output: self.output, room }, &item.inside)?;
        let (totals, copy) = inflater.finish()?;
        if let (Some(kept), Some(trace)) = (&item.kept, self.output.traces.get_mut(place)) {
            *trace = Trace::read(&copy, kept.tokens).ok_or(Error::Corrupt)?;
        }
        Ok(totals)
    }
}

/// The next bytes of a source.
pub(super) fn array<const N: usize>(source: &mut dyn Source) -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    let mut places = bytes.iter_mut();
    pass(source, N as u32, &mut |part| {
        places.by_ref().zip(part).for_each(|(to, &from)| *to = from);
        Ok(())
    })?;
    Ok(bytes)
}
