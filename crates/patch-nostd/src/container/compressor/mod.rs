//! Other compressors than deflate: streams are made again by the library and the parameters that made them
//! (`docs/format.md`, section 14.7).

mod ending;
mod fields;
#[cfg(feature = "containers-lz4")]
mod lz4;
#[cfg(feature = "containers-xz")]
mod lzma;
mod memory;
#[cfg(feature = "containers-zstd")]
mod zstd;

use std::boxed::Box;

pub(super) use ending::ending;
#[cfg(feature = "encode")]
pub use ending::ending_of;
pub use fields::{
    CRC32_CHECK, CRC64_CHECK, Compressor, DICTIONARY_MOST, End, Lz4, Lzma, Xz, Zstd, dictionary,
};
pub(super) use memory::plain_memory;
pub use memory::{LZ4_MOST, WHOLE_MOST, level_window, possible, stream_memory};

use crate::Error;

/// A library at work on one stream, in one direction.
pub trait Coder {
    /// Takes bytes of `input` and gives bytes into `output`, as many as it can; `is_last` if there are none to come behind
    /// these. It takes all of them in the end, and does something each time unless it lacks input.
    ///
    /// # Errors
    /// [`Error::Corrupt`] for what the library does not take.
    fn step(&mut self, input: &[u8], is_last: bool, output: &mut [u8]) -> Result<Step, Error>;
}

/// What a step has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Bytes of input that it took.
    pub taken: usize,
    /// Bytes of output that it gave.
    pub given: usize,
    /// Whether all has been given.
    pub has_ended: bool,
}

impl Compressor {
    /// Whether this decoder was built with its library, and the machine is one that it makes the same bits on.
    #[must_use]
    pub const fn is_available(&self) -> bool {
        match self {
            Self::Xz(_) | Self::Lzma(_) => cfg!(feature = "containers-xz"),
            Self::Zstd(_) => cfg!(feature = "containers-zstd"),
            Self::Lz4(lz4) => {
                let is_usual = cfg!(all(target_pointer_width = "64", target_endian = "little"));
                cfg!(feature = "containers-lz4") && (is_usual || lz4.level > 0)
            }
        }
    }

    /// What makes a stream of `length` plain bytes.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the library does not take the parameters, [`Error::Container`] if it is not there.
    #[allow(unused_variables, reason = "depends on the features")]
    pub fn encoder(&self, length: u32) -> Result<Box<dyn Coder>, Error> {
        match self {
            #[cfg(feature = "containers-xz")]
            Self::Xz(xz) => lzma::Lzma2::encoder(xz),
            #[cfg(feature = "containers-xz")]
            Self::Lzma(lzma) => lzma::Lzma2::alone_encoder(lzma),
            #[cfg(feature = "containers-zstd")]
            Self::Zstd(zstd) => zstd::encoder(zstd, length),
            #[cfg(feature = "containers-lz4")]
            Self::Lz4(lz4) => Ok(lz4::Block::encoder(lz4.level, length)),
            #[allow(unreachable_patterns, reason = "depends on the features")]
            _ => Err(Error::Container),
        }
    }

    /// What takes a stream apart; a block of lz4 has `packed` bytes, others end by themselves.
    ///
    /// # Errors
    /// As [`Compressor::encoder`].
    #[allow(unused_variables, reason = "depends on the features")]
    pub fn decoder(&self, packed: u32) -> Result<Box<dyn Coder>, Error> {
        match self {
            #[cfg(feature = "containers-xz")]
            Self::Xz(xz) => lzma::Lzma2::decoder(xz),
            #[cfg(feature = "containers-xz")]
            Self::Lzma(lzma) => lzma::Lzma2::alone_decoder(lzma),
            #[cfg(feature = "containers-zstd")]
            Self::Zstd(zstd) => zstd::decoder(zstd),
            #[cfg(feature = "containers-lz4")]
            Self::Lz4(_) => Ok(lz4::Block::decoder(packed)),
            #[allow(unreachable_patterns, reason = "depends on the features")]
            _ => Err(Error::Container),
        }
    }
}
