//! Where bytes come from: a slice, the base image, a stream, the decoder (`docs/format.md`, section 14).

use std::vec::Vec;

use crate::{Base, Error};

/// Bytes of a buffer: a first-level cache's.
pub(super) const BUFFER: usize = 32 << 10;

/// Bytes in order, at the reader's pace.
pub trait Source {
    /// The next bytes, as many as are at hand; none at the end.
    ///
    /// # Errors
    /// Those of the source.
    fn fill(&mut self) -> Result<&[u8], Error>;
    /// Takes `count` of them, which must be there.
    fn consume(&mut self, count: usize);
}

impl Source for &[u8] {
    fn fill(&mut self) -> Result<&[u8], Error> {
        Ok(self)
    }

    fn consume(&mut self, count: usize) {
        *self = self.get(count..).unwrap_or(&[]);
    }
}

/// Passes exactly `count` bytes on, a stretch at a time.
pub(super) fn pass(
    source: &mut dyn Source,
    mut count: u32,
    out: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    while count > 0 {
        let bytes = source.fill()?;
        let part = bytes.len().min(count as usize);
        if part == 0 {
            return Err(Error::Truncated);
        }
        out(bytes.get(..part).unwrap_or(&[]))?;
        source.consume(part);
        count -= part as u32;
    }
    Ok(())
}

/// The base image, a buffer at a time.
pub(super) struct BaseSource<'b, B: Base> {
    base: &'b mut B,
    offset: u32,
    buffer: Vec<u8>,
    used: usize,
    /// The base's own error, for which [`Error::BaseRead`] stands here.
    pub(super) failure: Option<B::Error>,
}

impl<'b, B: Base> BaseSource<'b, B> {
    pub(super) fn new(base: &'b mut B) -> Self {
        Self { base, offset: 0, buffer: Vec::new(), used: 0, failure: None }
    }
}

impl<B: Base> Source for BaseSource<'_, B> {
    fn fill(&mut self) -> Result<&[u8], Error> {
        if self.used == self.buffer.len() {
            let count = (self.base.size() - self.offset).min(BUFFER as u32);
            self.buffer.resize(count as usize, 0);
            if let Err(failure) = self.base.read(self.offset, &mut self.buffer) {
                self.failure = Some(failure);
                return Err(Error::BaseRead);
            }
            self.offset += count;
            self.used = 0;
        }
        Ok(self.buffer.get(self.used..).unwrap_or(&[]))
    }

    fn consume(&mut self, count: usize) {
        self.used += count;
    }
}
