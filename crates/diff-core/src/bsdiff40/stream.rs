//! The bzip2 streams of a BSDIFF40 patch: blocks that are decompressed as they are needed.

use bzip2::{Decompress, Status};

use super::error::{Block, Bsdiff40Error};

/// The bytes of one block, decompressed as they are needed.
pub(super) struct Stream<'a> {
    block: Block,
    input: &'a [u8],
    bzip2: Decompress,
    ended: bool,
    /// Bytes of the whole target, for the error message.
    size: u64,
}

impl<'a> Stream<'a> {
    pub(super) fn new(block: Block, input: &'a [u8], size: u64) -> Self {
        Self { block, input, bzip2: Decompress::new(false), ended: false, size }
    }

    pub(super) fn fill(&mut self, mut output: &mut [u8]) -> Result<(), Bsdiff40Error> {
        while !output.is_empty() {
            let made = self.read(output)?;
            if made == 0 {
                return Err(Bsdiff40Error::BlockTruncated(self.block));
            }
            output = &mut output[made..];
        }
        Ok(())
    }

    /// Checks that this was all, which includes the checksum at the end.
    pub(super) fn finish(mut self) -> Result<(), Bsdiff40Error> {
        let made = self.read(&mut [0])?;
        if made > 0 || !self.input.is_empty() {
            return Err(Bsdiff40Error::TrailingData(self.block));
        }
        Ok(())
    }

    /// Writes some of the next bytes to `output`, which is not empty; returns how many, 0 only after the last.
    fn read(&mut self, output: &mut [u8]) -> Result<usize, Bsdiff40Error> {
        while !self.ended {
            let (taken, made) = self.decompress(output)?;
            if made > 0 {
                return Ok(made);
            }
            if taken == 0 && !self.ended {
                return Err(Bsdiff40Error::BlockTruncated(self.block));
            }
        }
        Ok(0)
    }

    /// Calls bzip2 once; returns how many bytes it took and made.
    fn decompress(&mut self, output: &mut [u8]) -> Result<(usize, usize), Bsdiff40Error> {
        let (taken, made) = (self.bzip2.total_in(), self.bzip2.total_out());
        let result = self.bzip2.decompress(self.input, output);
        match result.map_err(|error| Bsdiff40Error::BlockDamaged(self.block, error))? {
            Status::MemNeeded => return Err(Bsdiff40Error::OutOfMemory(self.size)),
            status => self.ended = status == Status::StreamEnd,
        }
        let (taken, made) = (self.bzip2.total_in() - taken, self.bzip2.total_out() - made);
        // Both are lengths of parts of slices.
        let (taken, made) = (taken as usize, made as usize);
        self.input = &self.input[taken..];
        Ok((taken, made))
    }
}
