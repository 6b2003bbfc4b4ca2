//! Blocks of lz4 by liblz4 (`docs/format.md`, section 14.7).

use std::boxed::Box;
use std::vec;
use std::vec::Vec;

use lz4::block::{CompressionMode, compress, decompress_to_buffer};

use super::memory::LZ4_MOST;
use super::{Coder, Step};
use crate::Error;

/// The most that a byte of a block stands for.
const MOST_OF_BYTE: usize = 255;

/// All of a block is gathered, then coded, then given.
pub(super) struct Block {
    direction: Direction,
    gathered: Vec<u8>,
    /// Bytes that are to come.
    missing: usize,
    coded: Option<Vec<u8>>,
    given: usize,
}

enum Direction {
    Encode { level: u8 },
    Decode,
}

impl Block {
    /// Makes a block of `length` plain bytes.
    pub(super) fn encoder(level: u8, length: u32) -> Box<dyn Coder> {
        Self::boxed(Direction::Encode { level }, length)
    }

    /// Takes a block of `packed` bytes apart.
    pub(super) fn decoder(packed: u32) -> Box<dyn Coder> {
        Self::boxed(Direction::Decode, packed)
    }

    fn boxed(direction: Direction, size: u32) -> Box<dyn Coder> {
        Box::new(Self { direction, gathered: Vec::new(), missing: size as usize, coded: None, given: 0 })
    }

    fn coded(&mut self) -> Result<Vec<u8>, Error> {
        match self.direction {
            Direction::Encode { level } => {
                let mode = match level {
                    0 => CompressionMode::DEFAULT,
                    level => CompressionMode::HIGHCOMPRESSION(level.into()),
                };
                compress(&self.gathered, Some(mode), false).map_err(|_| Error::Corrupt)
            }
            Direction::Decode => {
                let most = (MOST_OF_BYTE * self.gathered.len()).min(LZ4_MOST as usize);
                let mut plain = vec![0; most];
                let count = decompress_to_buffer(&self.gathered, Some(most as i32), &mut plain);
                plain.truncate(count.map_err(|_| Error::Corrupt)?);
                Ok(plain)
            }
        }
    }
}

impl Coder for Block {
    fn step(&mut self, input: &[u8], _: bool, output: &mut [u8]) -> Result<Step, Error> {
        let taken = input.len().min(self.missing);
        if self.gathered.is_empty() {
            self.gathered.try_reserve_exact(self.missing).map_err(|_| Error::Corrupt)?;
        }
        self.gathered.extend_from_slice(input.get(..taken).unwrap_or(&[]));
        self.missing -= taken;
        if self.missing > 0 {
            return Ok(Step { taken, given: 0, has_ended: false });
        }
        if self.coded.is_none() {
            self.coded = Some(self.coded()?);
        }
        let rest = self.coded.as_deref().and_then(|coded| coded.get(self.given..)).unwrap_or(&[]);
        output.iter_mut().zip(rest).for_each(|(to, &from)| *to = from);
        let (given, has_ended) = (rest.len().min(output.len()), rest.len() <= output.len());
        self.given += given;
        Ok(Step { taken, given, has_ended })
    }
}
