//! Streams of other compressors than deflate's: where they are in a file, and the parameters that make them again
//! (`docs/format.md`, section 14.7).

mod lz4;
mod lzma;
mod settings;
mod squashfs;
mod xz;
mod zstd;

use smidgen_patch::internals::container::compressor::{Compressor, End, Xz, ending_of};

pub(super) use settings::Settings;

use crate::archive::{Inflated, inflate, unpack};

/// A stream that may be at a place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    pub(super) start: usize,
    /// What takes it apart; the parameters that make it are only likely.
    pub(super) compressor: Compressor,
    /// Bytes of the stream, of a block of lz4; others end by themselves.
    pub(super) packed: usize,
}

impl Block {
    /// Where it ends in a file of `size` bytes, or later.
    pub(super) fn most(&self, size: usize) -> usize {
        if self.packed == 0 { size } else { self.start + self.packed }
    }
}

/// The streams of a file of a compressor, or of a file system, from its mark on.
pub(super) enum Blocks {
    /// One stream.
    One(Option<Block>),
    /// Blocks of .xz.
    Xz(xz::Blocks),
    /// Blocks of lz4.
    Lz4(lz4::Blocks),
    /// Those of a file system, the last one first.
    Listed(Vec<Block>),
}

/// Whether a file of a compressor may begin like this; a cheap test of four bytes.
pub(super) fn may_begin(four: &[u8]) -> bool {
    match four[0] {
        0xFD => four[1..] == *b"7zX",
        0x28 => four[1..] == [0xB5, 0x2F, 0xFD],
        0x04 => four[1..] == [0x22, 0x4D, 0x18],
        0x02 => four[1..] == [0x21, 0x4C, 0x18],
        // The usual properties, and a dictionary of a usual size.
        0x5D => four[1..3] == [0, 0],
        b'h' => four[1..] == *b"sqs",
        _ => false,
    }
}

impl Blocks {
    /// What begins at `at`, if it is what it seems to be; and how many bytes were looked at for that.
    pub(super) fn open(file: &[u8], at: usize) -> (Option<Self>, usize) {
        let cost = squashfs::block_size(&file[at..]).map_or(0, |_| file.len() - at);
        (Self::of(file, at), cost)
    }

    fn of(file: &[u8], at: usize) -> Option<Self> {
        match file.get(at..at + 4)?[0] {
            0xFD => xz::Blocks::open(file, at).map(Self::Xz),
            0x28 => Some(Self::One(Some(zstd::frame(file, at)?))),
            0x5D => Some(Self::One(Some(lzma::file(file, at)?))),
            0x04 | 0x02 => lz4::Blocks::open(file, at).map(Self::Lz4),
            b'h' => squashfs::blocks(&file[at..]).map(|mut blocks| {
                blocks.iter_mut().for_each(|block| block.start += at);
                blocks.reverse();
                Self::Listed(blocks)
            }),
            _ => None,
        }
    }

    /// The next stream.
    pub(super) fn next(&mut self, file: &[u8]) -> Option<Block> {
        match self {
            Self::One(block) => block.take(),
            Self::Xz(blocks) => blocks.next(file),
            Self::Lz4(blocks) => blocks.next(file),
            Self::Listed(blocks) => blocks.pop(),
        }
    }

    /// Says how the last stream came out; returns its compressor, and where it ends with what is foretold behind it.
    pub(super) fn ended(&mut self, file: &[u8], block: &Block, unpacked: &Inflated) -> (Compressor, usize) {
        let end = block.start + unpacked.packed;
        match (self, block.compressor) {
            (Self::Xz(blocks), Compressor::Xz(xz)) => {
                blocks.passed(end);
                let (xz, end) = with_end(file, &xz, blocks.header(), end, unpacked);
                (Compressor::Xz(xz), end)
            }
            (_, compressor) => (compressor, end),
        }
    }
}

/// The most that is foretold behind a block of .xz, and where it ends.
fn with_end(file: &[u8], xz: &Xz, header: Option<u16>, end: usize, unpacked: &Inflated) -> (Xz, usize) {
    let of_file = header.map(|header| Xz { end: End::File, header, ..*xz });
    let of_block = Xz { end: End::Block, header: 0, ..*xz };
    for xz in of_file.into_iter().chain([of_block]) {
        let foretold = ending_of(&xz, unpacked.packed as u32, &unpacked.plain);
        if file[end..].starts_with(&foretold) {
            return (xz, end + foretold.len());
        }
    }
    (Xz { end: End::None, check: 0, ..of_block }, end)
}

/// The plain bytes of a stream that is known to be one; none if it is not.
pub(super) fn plain(stream: &[u8], size: usize, compressor: Option<Compressor>) -> Vec<u8> {
    let unpacked = match compressor {
        None => inflate(stream, size).ok(),
        Some(compressor) => {
            compressor.decoder(stream.len() as u32).ok().and_then(|coder| unpack(coder, stream, size).ok())
        }
    };
    unpacked.map(|unpacked| unpacked.plain).unwrap_or_default()
}

/// A number of two bytes, little-endian.
fn short(bytes: &[u8], at: usize) -> Option<usize> {
    bytes.get(at..at + 2)?.try_into().ok().map(|bytes| usize::from(u16::from_le_bytes(bytes)))
}

/// A number of four bytes, little-endian.
fn word(bytes: &[u8], at: usize) -> Option<usize> {
    bytes.get(at..at + 4)?.try_into().ok().map(|bytes| u32::from_le_bytes(bytes) as usize)
}

/// A number of eight bytes, little-endian.
fn long(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes)
}
