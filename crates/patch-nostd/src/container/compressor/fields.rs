//! Parameters of compressors as recipes have them, and their bounds (`docs/format.md`, section 14.7).

use crate::Error;
use crate::wire::Reader;

/// A library with the parameters under which it makes a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compressor {
    /// LZMA2, as in a block of .xz.
    Xz(Xz),
    /// A file of .lzma.
    Lzma(Lzma),
    /// A frame of zstd.
    Zstd(Zstd),
    /// A block of lz4.
    Lz4(Lz4),
}

/// What liblzma is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lzma {
    /// The size of the dictionary, as .xz writes it: see [`dictionary`].
    pub dictionary: u8,
    /// `(pb * 5 + lp) * 9 + lc`.
    pub properties: u8,
    /// 1: fast; 2: normal.
    pub mode: u8,
    /// The match finder's number in liblzma.
    pub finder: u8,
    /// A match of this length is taken at once.
    pub nice: u16,
    /// How far the finder goes; 0 for what follows from the others.
    pub depth: u16,
}

/// LZMA2, and what is around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Xz {
    /// Its encoder.
    pub lzma: Lzma,
    /// The branch filter before it, by its number in .xz; 0 for none.
    pub filter: u8,
    /// The check of the plain bytes, by its number in .xz.
    pub check: u8,
    /// Bytes of the block header before it, if the end is that of a file.
    pub header: u16,
    /// What is foretold behind it.
    pub end: End,
}

/// What is foretold behind LZMA2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// Nothing.
    None,
    /// Padding and check of a block.
    Block,
    /// The same, and index and footer of a file of one block.
    File,
}

/// What libzstd is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Zstd {
    /// 1 to 22.
    pub level: u8,
    /// Logarithm of the largest window.
    pub window: u8,
    /// A checksum ends the frame.
    pub checksum: bool,
    /// The size of the contents is known when the frame begins.
    pub content_size: bool,
    /// The contents are cut into jobs, as for threads.
    pub jobs: bool,
    /// All of the contents are given at once.
    pub whole: bool,
}

/// What liblz4 is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lz4 {
    /// 0: the fast search; else the level of the thorough one.
    pub level: u8,
}

/// Numbers of checks in .xz.
pub const CRC32_CHECK: u8 = 1;
/// That of the other one.
pub const CRC64_CHECK: u8 = 4;
/// The largest dictionary: 64 MiB.
pub const DICTIONARY_MOST: u8 = 28;
const HEADER_MOST: u32 = 1024;
const DEPTH_MOST: u32 = 1000;

/// Bytes of a dictionary by its number.
#[must_use]
pub const fn dictionary(number: u8) -> u32 {
    (2 | number as u32 & 1) << (number / 2 + 11)
}

impl Compressor {
    /// Reads kind and fields.
    ///
    /// # Errors
    /// [`Error::Corrupt`] for what is beyond their bounds.
    pub(in super::super) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(match reader.byte()? {
            1 => Self::Xz(Xz::read(reader)?),
            2 => Self::Lzma(Lzma::read(reader)?),
            3 => Self::Zstd(Zstd::read(reader)?),
            4 => Self::Lz4(Lz4::read(reader)?),
            _ => return Err(Error::Corrupt),
        })
    }

    #[cfg(feature = "encode")]
    pub(in super::super) fn write(&self, writer: &mut crate::wire::Writer) {
        let mut fields = |kind: u8, fields: &[u32]| {
            writer.byte(kind);
            fields.iter().for_each(|&field| writer.varint(field));
        };
        match self {
            Self::Xz(xz) => {
                let own = [xz.filter.into(), xz.check.into(), xz.header.into(), xz.end as u32];
                fields(1, &xz.lzma.fields());
                own.into_iter().for_each(|field| writer.varint(field));
            }
            Self::Lzma(lzma) => fields(2, &lzma.fields()),
            Self::Zstd(zstd) => fields(3, &[zstd.level.into(), zstd.window.into(), zstd.flags()]),
            Self::Lz4(lz4) => fields(4, &[lz4.level.into()]),
        }
    }
}

impl Lzma {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let dictionary = within(reader, 0, DICTIONARY_MOST.into())? as u8;
        let properties = within(reader, 0, 224)? as u8;
        let mode = within(reader, 1, 2)? as u8;
        let finder = within(reader, 3, 20)? as u8;
        let nice = within(reader, 2, 273)? as u16;
        let depth = within(reader, 0, DEPTH_MOST)? as u16;
        // Bytes that a finder hashes.
        let least = match finder {
            3 | 4 | 18..=20 => u16::from(finder & 15),
            _ => return Err(Error::Corrupt),
        };
        let (literal, position) = (properties % 9, properties / 9 % 5);
        let is_possible = literal + position <= 4 && nice >= least;
        let lzma = Self { dictionary, properties, mode, finder, nice, depth };
        if is_possible { Ok(lzma) } else { Err(Error::Corrupt) }
    }

    #[cfg(feature = "encode")]
    fn fields(&self) -> [u32; 6] {
        let Self { dictionary, properties, mode, finder, nice, depth } = *self;
        [dictionary.into(), properties.into(), mode.into(), finder.into(), nice.into(), depth.into()]
    }
}

impl Xz {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let lzma = Lzma::read(reader)?;
        let filter = within(reader, 0, 11)? as u8;
        let check = within(reader, 0, 4)? as u8;
        let header = within(reader, 0, HEADER_MOST)? as u16;
        let end = match within(reader, 0, 2)? {
            0 => End::None,
            1 => End::Block,
            _ => End::File,
        };
        let is_possible = !matches!(filter, 1..=3)
            && matches!(check, 0 | CRC32_CHECK | CRC64_CHECK)
            && header.is_multiple_of(4)
            && (header > 0) == (end == End::File);
        if is_possible { Ok(Self { lzma, filter, check, header, end }) } else { Err(Error::Corrupt) }
    }
}

impl Zstd {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let (level, window) = (within(reader, 1, 22)? as u8, within(reader, 10, 27)? as u8);
        let flags = within(reader, 0, 15)?;
        let has = |flag: u32| flags & flag != 0;
        let zstd =
            Self { level, window, checksum: has(1), content_size: has(2), jobs: has(4), whole: has(8) };
        if zstd.jobs && zstd.whole { Err(Error::Corrupt) } else { Ok(zstd) }
    }

    #[cfg(feature = "encode")]
    fn flags(&self) -> u32 {
        let flags = [self.checksum, self.content_size, self.jobs, self.whole];
        flags.into_iter().rev().fold(0, |sum, flag| sum << 1 | u32::from(flag))
    }
}

impl Lz4 {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let level = within(reader, 0, 12)? as u8;
        if level == 1 { Err(Error::Corrupt) } else { Ok(Self { level }) }
    }
}

fn within(reader: &mut Reader<'_>, least: u32, most: u32) -> Result<u32, Error> {
    let value = reader.varint()?;
    if (least..=most).contains(&value) { Ok(value) } else { Err(Error::Corrupt) }
}

#[cfg(all(test, feature = "encode"))]
mod tests {
    use super::*;
    use crate::wire::Writer;

    const LZMA: Lzma = Lzma { dictionary: 22, properties: 93, mode: 2, finder: 20, nice: 64, depth: 0 };

    #[test]
    fn what_is_written_is_read() {
        let xz = Xz { lzma: LZMA, filter: 4, check: 4, header: 12, end: End::File };
        let zstd =
            Zstd { level: 19, window: 23, checksum: true, content_size: false, jobs: true, whole: false };
        let all = [
            Compressor::Xz(xz),
            Compressor::Xz(Xz { header: 0, end: End::Block, ..xz }),
            Compressor::Lzma(LZMA),
            Compressor::Zstd(zstd),
            Compressor::Zstd(Zstd { jobs: false, whole: true, ..zstd }),
            Compressor::Lz4(Lz4 { level: 0 }),
        ];
        for compressor in all {
            let mut writer = Writer::default();
            compressor.write(&mut writer);
            let mut reader = Reader::new(&writer.bytes);
            assert_eq!(Compressor::read(&mut reader), Ok(compressor));
            assert_eq!(reader.remaining(), 0);
        }
    }

    #[test]
    fn what_is_beyond_bounds_is_refused() {
        let refused: [&[u8]; 14] = [
            &[0],
            &[5, 0],
            &[2, 29, 93, 2, 20, 64, 0],
            // lc + lp above 4; pb of 5.
            &[2, 22, 13, 2, 20, 64, 0],
            &[2, 22, 225, 1, 2, 20, 64, 0],
            &[2, 22, 93, 0, 20, 64, 0],
            &[2, 22, 93, 2, 5, 64, 0],
            &[2, 22, 93, 2, 20, 3, 0],
            &[1, 22, 93, 2, 20, 64, 0, 3, 1, 0, 1],
            &[1, 22, 93, 2, 20, 64, 0, 0, 2, 0, 1],
            &[1, 22, 93, 2, 20, 64, 0, 0, 1, 0, 2],
            &[3, 23, 20, 0],
            &[3, 1, 28, 0],
            &[3, 1, 20, 12],
        ];
        for bytes in refused {
            assert_eq!(Compressor::read(&mut Reader::new(bytes)), Err(Error::Corrupt), "{bytes:?}");
        }
        assert_eq!(Compressor::read(&mut Reader::new(&[4, 1])), Err(Error::Corrupt));
    }

    #[test]
    fn dictionaries_have_the_sizes_of_xz() {
        assert_eq!([0, 1, 2, 22, 28].map(dictionary), [4 << 10, 6 << 10, 8 << 10, 8 << 20, 64 << 20]);
    }
}
