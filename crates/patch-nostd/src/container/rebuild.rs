//! From the expanded form back to the file (`docs/format.md`, section 14.3).

use super::expand::array;
use std::vec;

use super::compress::Compression;
use super::deflate::{Trace, room};
use super::padding;
use super::recipe::{Item, Level};
use super::recreate::Recreation;
use super::sink::Sink;
use super::source::{Source, pass};
use super::totals::Totals;
use super::walk::{Direction, differences, walk};
use crate::Error;

/// Makes a file of `size` bytes of its expanded form, all of which must be used.
pub(super) fn rebuild(
    expanded: &mut dyn Source,
    recipe: &Level,
    size: u32,
    traces: &[Trace],
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    let mut input = Input { source: expanded, position: 0 };
    walk(&mut Rebuilding { input: &mut input, traces, sink, left: size }, recipe)?;
    if expanded.fill()?.is_empty() { Ok(()) } else { Err(Error::Corrupt) }
}

/// The expanded form, and how much of it has been used.
struct Input<'i> {
    source: &'i mut dyn Source,
    position: u32,
}

impl Source for Input<'_> {
    fn fill(&mut self) -> Result<&[u8], Error> {
        self.source.fill()
    }

    fn consume(&mut self, count: usize) {
        self.position = self.position.wrapping_add(count as u32);
        self.source.consume(count);
    }
}

struct Rebuilding<'r, 'i> {
    input: &'r mut Input<'i>,
    traces: &'r [Trace],
    sink: &'r mut dyn Sink,
    /// Bytes of the file, or plain bytes of the stream, that are missing.
    left: u32,
}

impl Rebuilding<'_, '_> {
    fn claim(&mut self, count: u32) -> Result<(), Error> {
        self.left = self.left.checked_sub(count).ok_or(Error::Corrupt)?;
        Ok(())
    }
}

impl Direction for Rebuilding<'_, '_> {
    fn pass(&mut self, count: u32) -> Result<(), Error> {
        self.claim(count)?;
        pass(self.input, count, &mut |bytes| self.sink.write(bytes))
    }

    fn rest(&mut self) -> Result<(), Error> {
        self.pass(self.left)
    }

    fn foretold<const N: usize>(&mut self, likely: &[u8; N]) -> Result<[u8; N], Error> {
        self.claim(N as u32)?;
        let bytes = differences(&array(self.input)?, likely);
        self.sink.write(&bytes)?;
        Ok(bytes)
    }

    fn stream(&mut self, item: &Item) -> Result<Totals, Error> {
        let position = self.input.position;
        pass(self.input, padding(position), &mut |_| Ok(()))?;
        let making = item.making.as_ref().ok_or(Error::Corrupt)?;
        let (length, traces) = (making.length, self.traces);
        let totals = if let Some(compressor) = item.frame.compressor() {
            let mut compression = Compression::new(&compressor, length, self.sink, self.left)?;
            let sink = &mut compression;
            walk(&mut Rebuilding { input: self.input, traces, sink, left: length }, &item.inside)?;
            compression.finish()?
        } else {
            let mut buffer = vec![0; room(&making.corrections)];
            let mut recreator = Recreation::new(making, traces, &mut buffer, self.sink, self.left)?;
            let sink = &mut recreator;
            walk(&mut Rebuilding { input: self.input, traces, sink, left: length }, &item.inside)?;
            recreator.finish()?
        };
        self.claim(totals.packed)?;
        Ok(totals)
    }
}
