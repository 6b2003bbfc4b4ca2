//! A compressed stream as a source of plain bytes (`docs/format.md`, section 14.3).

use core::cell::Cell;
use std::boxed::Box;
use std::vec;
use std::vec::Vec;

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};

use super::compressor::{Coder, Step};
use super::source::{BUFFER, Source};
use super::totals::Totals;
use crate::Error;

/// Takes exactly the stream's bytes from its source.
pub struct Inflater<'s> {
    source: &'s mut dyn Source,
    coder: Box<dyn Coder>,
    buffer: Box<[u8]>,
    /// Bytes of the buffer that wait.
    start: usize,
    end: usize,
    ended: bool,
    totals: Totals,
    room: &'s Cell<u64>,
    /// The bytes of the stream so far, and how many there may be, if they are asked for.
    copy: Option<(Vec<u8>, usize)>,
}

impl<'s> Inflater<'s> {
    /// The deflate stream that begins at the next byte of `source`. It takes its plain bytes from `room`, which other streams
    /// may share; where that has not as many left, the stream is [`Error::Corrupt`].
    pub fn new(source: &'s mut dyn Source, room: &'s Cell<u64>) -> Self {
        Self::with(Box::new(Deflate(InflateState::new_boxed(DataFormat::Raw))), source, room)
    }

    /// The same for a stream that another coder takes apart.
    pub fn with(coder: Box<dyn Coder>, source: &'s mut dyn Source, room: &'s Cell<u64>) -> Self {
        Self {
            source,
            room,
            coder,
            buffer: vec![0; BUFFER].into(),
            start: 0,
            end: 0,
            ended: false,
            totals: Totals::new(),
            copy: None,
        }
    }

    /// Counts a CRC-64 of the plain bytes too.
    pub(super) fn counting(self, totals: Totals) -> Self {
        Self { totals, ..self }
    }

    /// Keeps the bytes of the stream, which is [`Error::Corrupt`] if there are more than `most`.
    pub(super) fn copying(self, most: u32) -> Result<Self, Error> {
        let mut copy = Vec::new();
        copy.try_reserve_exact(most as usize).map_err(|_| Error::Corrupt)?;
        Ok(Self { copy: Some((copy, most as usize)), ..self })
    }

    /// Whether all of the stream has been read; how many bytes it has, and how many plain ones, so far.
    #[must_use]
    pub const fn progress(&self) -> (bool, u32, u32) {
        (self.ended && self.start == self.end, self.totals.packed, self.totals.plain)
    }

    /// Checks that the stream is over; returns its totals, and its bytes if they were kept.
    pub(super) fn finish(self) -> Result<(Totals, Vec<u8>), Error> {
        let copy = self.copy.map(|(copy, _)| copy).unwrap_or_default();
        if self.ended && self.start == self.end { Ok((self.totals, copy)) } else { Err(Error::Corrupt) }
    }

    fn refill(&mut self) -> Result<(), Error> {
        while !self.ended && self.start == self.end {
            let input = self.source.fill()?;
            let step = self.coder.step(input, false, &mut self.buffer)?;
            if let Some((copy, most)) = &mut self.copy {
                copy.extend_from_slice(input.get(..step.taken).unwrap_or(&[]));
                if copy.len() > *most {
                    return Err(Error::Corrupt);
                }
            }
            self.source.consume(step.taken);
            let packed = self.totals.packed.checked_add(step.taken as u32);
            self.totals.packed = packed.ok_or(Error::Corrupt)?;
            let room = self.room.get().checked_sub(step.given as u64);
            self.room.set(room.ok_or(Error::Corrupt)?);
            (self.start, self.end) = (0, step.given);
            self.totals.add(self.buffer.get(..self.end).unwrap_or(&[]));
            self.ended = step.has_ended;
            if step == STUCK {
                return Err(Error::Corrupt);
            }
        }
        Ok(())
    }
}

/// What a coder does that lacks input, or cannot go on.
const STUCK: Step = Step { taken: 0, given: 0, has_ended: false };

/// miniz_oxide at work.
struct Deflate(Box<InflateState>);

impl Coder for Deflate {
    fn step(&mut self, input: &[u8], _: bool, output: &mut [u8]) -> Result<Step, Error> {
        let result = inflate(&mut self.0, input, output, MZFlush::None);
        let (taken, given) = (result.bytes_consumed, result.bytes_written);
        match result.status {
            Ok(status) => Ok(Step { taken, given, has_ended: status == MZStatus::StreamEnd }),
            Err(MZError::Buf) => Ok(Step { taken, given, has_ended: false }),
            Err(_) => Err(Error::Corrupt),
        }
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
    use super::*;

    #[test]
    fn exactly_the_stream_is_taken_and_counted() {
        for length in [1, 100, 9_000, BUFFER, 100_000] {
            let plain: Vec<u8> = (0..length as u32).map(|n| (n.wrapping_mul(n) >> 5) as u8).collect();
            let stream = miniz_oxide::deflate::compress_to_vec(&plain, 6);
            let file = [&stream[..], b"what follows"].concat();
            let mut source = &file[..];
            let room = Cell::new(length as u64);
            let mut inflater = Inflater::new(&mut source, &room);
            let mut found = Vec::new();
            while let Some(count) = Some(inflater.fill().unwrap().len()).filter(|&count| count > 0) {
                found.extend_from_slice(inflater.fill().unwrap());
                inflater.consume(count);
            }
            assert!(inflater.fill().unwrap().is_empty());
            let (totals, _) = inflater.finish().unwrap();
            assert_eq!((totals.packed as usize, totals.plain as usize), (stream.len(), length));
            assert_eq!(totals.crc(), crc32fast::hash(&plain));
            assert_eq!((found, source), (plain, &b"what follows"[..]));
            assert_eq!(room.get(), 0);
        }
    }

    #[test]
    fn no_more_is_made_than_there_is_room_for() {
        let stream = miniz_oxide::deflate::compress_to_vec(&[7; 100_000], 6);
        let (mut source, room) = (&stream[..], Cell::new(99_999));
        let mut inflater = Inflater::new(&mut source, &room);
        let mut made = 0;
        let error = loop {
            match inflater.fill().map(<[u8]>::len) {
                Ok(count) => made += count,
                Err(error) => break error,
            }
            inflater.consume(inflater.end);
        };
        assert!(error == Error::Corrupt && made < 100_000);
    }

    /// Gives empty stored blocks for ever.
    struct Endless([u8; BUFFER / 5 * 5]);

    impl Source for Endless {
        fn fill(&mut self) -> Result<&[u8], Error> {
            Ok(&self.0)
        }

        fn consume(&mut self, count: usize) {
            // A whole buffer at a time, or in the middle of a block.
            self.0.rotate_left(count);
        }
    }

    #[test]
    fn a_stream_longer_than_its_count_is_refused() {
        let mut source = Endless([0; BUFFER / 5 * 5]);
        source.0.chunks_exact_mut(5).for_each(|block| block.copy_from_slice(&[0, 0, 0, 255, 255]));
        let room = Cell::new(0);
        let mut inflater = Inflater::new(&mut source, &room);
        inflater.totals.packed = u32::MAX - 1_000_000;
        assert_eq!(inflater.fill().unwrap_err(), Error::Corrupt);
    }
}
