//! Streams of LZMA by liblzma (`docs/format.md`, section 14.7).

use std::boxed::Box;

use liblzma::stream::{Action, Filters, LzmaOptions, MatchFinder, Mode, Status, Stream};

use super::fields::{Compressor, Lzma, Xz, dictionary};
use super::memory::stream_memory;
use super::{Coder, Step};
use crate::Error;
use crate::container::recipe::Side;

/// liblzma at work.
pub(super) struct Lzma2 {
    stream: Stream,
}

impl Lzma2 {
    pub(super) fn encoder(xz: &Xz) -> Result<Box<dyn Coder>, Error> {
        boxed(Stream::new_raw_encoder(&filters(xz)?))
    }

    pub(super) fn decoder(xz: &Xz) -> Result<Box<dyn Coder>, Error> {
        boxed(Stream::new_raw_decoder(&filters(xz)?))
    }

    pub(super) fn alone_encoder(lzma: &Lzma) -> Result<Box<dyn Coder>, Error> {
        boxed(Stream::new_lzma_encoder(&options(lzma)))
    }

    pub(super) fn alone_decoder(lzma: &Lzma) -> Result<Box<dyn Coder>, Error> {
        boxed(Stream::new_lzma_decoder(stream_memory(&Compressor::Lzma(*lzma), Side::Base, 0, 0)))
    }
}

impl Coder for Lzma2 {
    fn step(&mut self, input: &[u8], is_last: bool, output: &mut [u8]) -> Result<Step, Error> {
        let (taken, given) = (self.stream.total_in(), self.stream.total_out());
        let action = if is_last { Action::Finish } else { Action::Run };
        let status = self.stream.process(input, output, action).map_err(|_| Error::Corrupt)?;
        Ok(Step {
            taken: (self.stream.total_in() - taken) as usize,
            given: (self.stream.total_out() - given) as usize,
            has_ended: status == Status::StreamEnd,
        })
    }
}

fn boxed(stream: Result<Stream, liblzma::stream::Error>) -> Result<Box<dyn Coder>, Error> {
    // What it refuses is within the bounds of the fields but not within its own; or there is no memory.
    Ok(Box::new(Lzma2 { stream: stream.map_err(|_| Error::Corrupt)? }))
}

fn filters(xz: &Xz) -> Result<Filters, Error> {
    let mut filters = Filters::new();
    match xz.filter {
        0 => &mut filters,
        4 => filters.x86(),
        5 => filters.powerpc(),
        6 => filters.ia64(),
        7 => filters.arm(),
        8 => filters.arm_thumb(),
        9 => filters.sparc(),
        10 => filters.arm64(),
        11 => filters.riscv(),
        _ => return Err(Error::Corrupt),
    };
    filters.lzma2(&options(&xz.lzma));
    Ok(filters)
}

fn options(lzma: &Lzma) -> LzmaOptions {
    let properties = u32::from(lzma.properties);
    let finder = match lzma.finder {
        3 => MatchFinder::HashChain3,
        4 => MatchFinder::HashChain4,
        18 => MatchFinder::BinaryTree2,
        19 => MatchFinder::BinaryTree3,
        _ => MatchFinder::BinaryTree4,
    };
    let mut options = LzmaOptions::new();
    options
        .dict_size(dictionary(lzma.dictionary))
        .literal_context_bits(properties % 9)
        .literal_position_bits(properties / 9 % 5)
        .position_bits(properties / 45)
        .mode(if lzma.mode == 1 { Mode::Fast } else { Mode::Normal })
        .match_finder(finder)
        .nice_len(lzma.nice.into())
        .depth(lzma.depth.into());
    options
}
