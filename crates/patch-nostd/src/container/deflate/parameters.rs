//! What is said about a stream's encoder as a whole (`docs/format.md`, section 14.5.1).

use crate::Error;
use crate::wire::Reader;

/// How matches are searched: zlib's configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finder {
    /// zlib's level, 1 to 9.
    pub level: u8,
    /// Bits of a hash: zlib's memory level plus seven.
    pub hash_bits: u8,
    /// After a match of at least this length, a better one is searched with a quarter of the steps.
    pub(super) good: u16,
    /// A match of this length is not improved (levels 4 to 9), or its inside is not entered (1 to 3).
    pub(super) lazy: u16,
    /// The search ends with a match of this length.
    pub(super) nice: u16,
    /// Steps of a search.
    pub(super) chain: u32,
}

/// Where blocks are expected to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Border {
    /// At the end of the stream.
    End,
    /// After this many tokens.
    Tokens(u32),
    /// After 32767 tokens, or where gzip's estimate says so.
    Gzip,
}

/// The parameters of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// How matches are searched.
    pub finder: Finder,
    /// Where blocks end.
    pub border: Border,
}

impl Finder {
    /// The search of one of zlib's levels, with a hash of 8 to 16 bits.
    #[must_use]
    pub const fn new(level: u8, hash_bits: u8) -> Self {
        let (good, lazy, nice, chain) = match level {
            0 | 1 => (4, 4, 8, 4),
            2 => (4, 5, 16, 8),
            3 => (4, 6, 32, 32),
            4 => (4, 4, 16, 16),
            5 => (8, 16, 32, 32),
            6 => (8, 16, 128, 128),
            7 => (8, 32, 128, 256),
            8 => (32, 128, 258, 1024),
            _ => (32, 258, 258, 4096),
        };
        Self { level, hash_bits, good, lazy, nice, chain }
    }

    /// Whether a match is taken as soon as it is found.
    pub(super) const fn is_greedy(&self) -> bool {
        self.level < 4
    }
}

impl Parameters {
    /// Reads them from the start of corrections.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let finder = match reader.byte()? {
            byte if (1..=9).contains(&(byte & 15)) && byte >> 4 <= 8 => {
                Finder::new(byte & 15, (byte >> 4) + 8)
            }
            _ => return Err(Error::Corrupt),
        };
        let border = match reader.varint()? {
            0 => Border::End,
            1 => Border::Gzip,
            count => Border::Tokens(count),
        };
        Ok(Self { finder, border })
    }

    /// The bytes that [`Parameters::read`] reads.
    #[cfg(feature = "encode")]
    pub(super) fn write(&self, writer: &mut crate::wire::Writer) {
        writer.byte(self.finder.level | (self.finder.hash_bits - 8) << 4);
        writer.varint(match self.border {
            Border::End => 0,
            Border::Gzip => 1,
            Border::Tokens(count) => count,
        });
    }
}
