//! The way through a file and its recipe, the same in both directions (`docs/format.md`, section 14.3).

use super::compressor::{Compressor, ending};
use super::directory::{self, CENTRAL, END, Entries, LOCAL, short};
use super::recipe::{Frame, Item, Level};
use super::totals::Totals;
use crate::Error;

/// A direction: expanding a file, or making it again.
pub(super) trait Direction {
    /// Passes plain bytes on.
    fn pass(&mut self, count: u32) -> Result<(), Error>;
    /// Passes everything on that is left.
    fn rest(&mut self) -> Result<(), Error>;
    /// Passes bytes on that `likely` foretells: the expanded form has the exclusive-or. Returns those of the file.
    fn foretold<const N: usize>(&mut self, likely: &[u8; N]) -> Result<[u8; N], Error>;
    /// Expands a stream, or makes it again.
    fn stream(&mut self, item: &Item) -> Result<Totals, Error>;
}

/// Goes through a level from its start to its end.
pub(super) fn walk(direction: &mut impl Direction, level: &Level) -> Result<(), Error> {
    let mut walk = Walk { direction, position: 0, entries: Entries::default() };
    level.items.iter().try_for_each(|item| walk.item(item))?;
    walk.direction.rest()
}

struct Walk<'d, D> {
    direction: &'d mut D,
    /// Offset in the file, or in the plain bytes of the stream around.
    position: u32,
    entries: Entries,
}

impl<D: Direction> Walk<'_, D> {
    fn item(&mut self, item: &Item) -> Result<(), Error> {
        self.pass(item.gap)?;
        match item.frame {
            Frame::Deflate => self.stream(item).map(drop),
            Frame::Gzip => {
                let totals = self.stream(item)?;
                self.foretold(&directory::trailer(&totals)).map(drop)
            }
            Frame::Zlib => {
                let totals = self.stream(item)?;
                self.foretold(&totals.adler().to_be_bytes()).map(drop)
            }
            Frame::Entry => {
                self.local_header()?;
                self.stream(item).map(drop)
            }
            Frame::Described => {
                self.local_header()?;
                let totals = self.stream(item)?;
                self.entries.describe(&totals);
                self.foretold(&directory::descriptor(&totals)).map(drop)
            }
            Frame::Stored => self.local_header(),
            Frame::Directory(count) => self.directory(count),
            Frame::Compressed(compressor) => self.compressed(&compressor, item),
        }
    }

    fn compressed(&mut self, compressor: &Compressor, item: &Item) -> Result<(), Error> {
        let totals = self.stream(item)?;
        let Compressor::Xz(xz) = compressor else { return Ok(()) };
        ending(xz, &totals).into_iter().try_for_each(|byte| self.foretold(&[byte]).map(drop))
    }

    fn local_header(&mut self) -> Result<(), Error> {
        let offset = self.position;
        let header: [u8; LOCAL] = self.foretold(&[0; LOCAL])?;
        self.entries.add(&header, offset);
        self.pass(short(&header, 26) + short(&header, 28))
    }

    fn directory(&mut self, count: u32) -> Result<(), Error> {
        let mut directory = self.entries.directory(count);
        let start = self.position;
        for _ in 0..count {
            let likely = directory.next();
            let record: [u8; CENTRAL] = self.foretold(&likely)?;
            self.pass(short(&record, 28) + short(&record, 30) + short(&record, 32))?;
        }
        let end: [u8; END] = directory.end(start, self.position.wrapping_sub(start));
        self.foretold(&end).map(drop)
    }

    fn pass(&mut self, count: u32) -> Result<(), Error> {
        self.direction.pass(count)?;
        self.position = self.position.wrapping_add(count);
        Ok(())
    }

    fn foretold<const N: usize>(&mut self, likely: &[u8; N]) -> Result<[u8; N], Error> {
        self.position = self.position.wrapping_add(N as u32);
        self.direction.foretold(likely)
    }

    fn stream(&mut self, item: &Item) -> Result<Totals, Error> {
        let totals = self.direction.stream(item)?;
        self.position = self.position.wrapping_add(totals.packed);
        Ok(totals)
    }
}

/// The exclusive-or of two arrays.
pub(super) fn differences<const N: usize>(bytes: &[u8; N], likely: &[u8; N]) -> [u8; N] {
    let mut result = *bytes;
    result.iter_mut().zip(likely).for_each(|(byte, likely)| *byte ^= likely);
    result
}
