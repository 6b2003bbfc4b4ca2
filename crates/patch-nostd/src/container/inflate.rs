//! A deflate stream as a source of plain bytes.

use std::boxed::Box;
use std::vec;

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};

use super::source::{BUFFER, Source};
use super::totals::Totals;
use crate::Error;

/// Takes exactly the stream's bytes from its source.
pub struct Inflater<'s> {
    source: &'s mut dyn Source,
    state: Box<InflateState>,
    buffer: Box<[u8]>,
    /// Bytes of the buffer that wait.
    start: usize,
    end: usize,
    ended: bool,
    totals: Totals,
}

impl<'s> Inflater<'s> {
    /// The stream that begins at the next byte of `source`.
    pub fn new(source: &'s mut dyn Source) -> Self {
        Self {
            source,
            state: InflateState::new_boxed(DataFormat::Raw),
            buffer: vec![0; BUFFER].into(),
            start: 0,
            end: 0,
            ended: false,
            totals: Totals::new(),
        }
    }

    /// Whether all of the stream has been read; how many bytes it has, and how many plain ones, so far.
    #[must_use]
    pub const fn progress(&self) -> (bool, u32, u32) {
        (self.ended && self.start == self.end, self.totals.packed, self.totals.plain)
    }

    /// Makes sure that the stream is over, and tells about it.
    pub(super) fn finish(self) -> Result<Totals, Error> {
        if self.ended && self.start == self.end { Ok(self.totals) } else { Err(Error::Corrupt) }
    }

    fn refill(&mut self) -> Result<(), Error> {
        while !self.ended && self.start == self.end {
            let input = self.source.fill()?;
            let result = inflate(&mut self.state, input, &mut self.buffer, MZFlush::None);
            let stuck = result.bytes_consumed == 0 && result.bytes_written == 0;
            self.source.consume(result.bytes_consumed);
            self.totals.packed += result.bytes_consumed as u32;
            (self.start, self.end) = (0, result.bytes_written);
            self.totals.add(self.buffer.get(..self.end).unwrap_or(&[]));
            match result.status {
                Ok(MZStatus::StreamEnd) => self.ended = true,
                Ok(_) | Err(MZError::Buf) if !stuck => {}
                _ => return Err(Error::Corrupt),
            }
        }
        Ok(())
    }
}

impl Source for Inflater<'_> {
    fn fill(&mut self) -> Result<&[u8], Error> {
        if self.start == self.end {
            self.refill()?;
        }
        Ok(self.buffer.get(self.start..self.end).unwrap_or(&[]))
    }

    fn consume(&mut self, count: usize) {
        self.start += count;
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    #[test]
    fn exactly_the_stream_is_taken_and_counted() {
        for length in [1, 100, 9_000, BUFFER, 100_000] {
            let plain: Vec<u8> = (0..length as u32).map(|n| (n.wrapping_mul(n) >> 5) as u8).collect();
            let stream = miniz_oxide::deflate::compress_to_vec(&plain, 6);
            let file = [&stream[..], b"what follows"].concat();
            let mut source = &file[..];
            let mut inflater = Inflater::new(&mut source);
            let mut found = Vec::new();
            while let Some(count) = Some(inflater.fill().unwrap().len()).filter(|&count| count > 0) {
                found.extend_from_slice(inflater.fill().unwrap());
                inflater.consume(count);
            }
            assert!(inflater.fill().unwrap().is_empty());
            let totals = inflater.finish().unwrap();
            assert_eq!((totals.packed as usize, totals.plain as usize), (stream.len(), length));
            assert_eq!(totals.crc(), crc32fast::hash(&plain));
            assert_eq!((found, source), (plain, &b"what follows"[..]));
        }
    }
}
