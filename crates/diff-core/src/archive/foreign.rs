//! Formats of compressed files and archives that are recognised, but not opened.

use smidgen_patch::header::IMAGE_LIMIT;

use super::inflate::inflate;
use crate::bytes::{long, word};

/// A format that is not opened.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Foreign {
    /// Its short name.
    pub(crate) name: &'static str,
    /// A file of it, with an article.
    pub(crate) what: &'static str,
    /// The command that unpacks it.
    pub(crate) command: &'static str,
}

const fn format(name: &'static str, what: &'static str, command: &'static str) -> Foreign {
    Foreign { name, what, command }
}

/// Formats by the bytes that their files begin with.
const MARKS: [(&[u8], Foreign); 20] = [
    (b"\xFD7zXZ\0", format("xz", "an xz file", "xz -d")),
    (b"7z\xBC\xAF\x27\x1C", format("7z", "a 7z archive", "7z x")),
    (b"Rar!\x1A\x07", format("rar", "a rar archive", "unrar x")),
    (b"\x04\x22\x4D\x18", format("lz4", "an lz4 file", "lz4 -d")),
    (b"\x02\x21\x4C\x18", format("lz4", "an lz4 file", "lz4 -d")),
    (b"\x89LZO\0\r\n\x1A\n", format("lzop", "an lzop file", "lzop -d")),
    (b"LZIP\x01", format("lzip", "an lzip file", "lzip -d")),
    (b"070701", CPIO),
    (b"070702", CPIO),
    (b"070707", CPIO),
    (b"!<arch>\n", format("ar", "an ar archive or a Debian package", "ar x")),
    (b"\xED\xAB\xEE\xDB", format("rpm", "an RPM package", "rpm2cpio, then cpio -i")),
    (b"MSCF\0\0\0\0", format("cab", "a cabinet file", "cabextract")),
    (b"xar!", format("xar", "a xar archive", "xar -x")),
    (b"PK00PK", SPLIT),
    (b"PK\x07\x08PK", SPLIT),
    (b"Salted__", format("openssl", "a file that OpenSSL encrypted", "openssl enc -d")),
    (b"age-encryption.org/", format("age", "a file that age encrypted", "age -d")),
    (b"-----BEGIN PGP MESSAGE", format("pgp", "a file that PGP encrypted", "gpg -d")),
    (b"begin-base64 ", format("base64", "a file written as text", "uudecode")),
];
const CPIO: Foreign = format("cpio", "a cpio archive", "cpio -i");
pub(super) const SPLIT: Foreign = format("zip", "a part of a zip archive in several files", "zip -s 0");
pub(super) const SCRIPT: Foreign =
    format("script", "a script with an archive that it extracts", "see what its --help says");
const BZIP2: Foreign = format("bzip2", "a bzip2 file", "bzip2 -d");
const ZSTD: Foreign = format("zstd", "a zstd file", "zstd -d");
const COMPRESS: Foreign = format("compress", "a .Z file", "gzip -d");
const LZMA: Foreign = format("lzma", "an lzma file", "xz -d --format=lzma");
const ZLIB: Foreign = format("zlib", "a zlib stream", "pigz -d");

/// The format that a file is in, if it is one of these.
pub(crate) fn foreign(file: &[u8]) -> Option<&'static Foreign> {
    marked(file)
        .or_else(|| is_packed_script(file).then_some(&SCRIPT))
        .or_else(|| is_lzma(file).then_some(&LZMA))
        .or_else(|| is_zlib(file).then_some(&ZLIB))
}

/// Whether a script has something behind it that is no text, as archives that extract themselves have.
fn is_packed_script(file: &[u8]) -> bool {
    (file.starts_with(b"#!/") || file.starts_with(b"#! /")) && str::from_utf8(file).is_err()
}

/// The format that these bytes begin like, of those that a few bytes are enough for.
pub(crate) fn marked(bytes: &[u8]) -> Option<&'static Foreign> {
    match bytes {
        [b'B', b'Z', b'h', b'1'..=b'9', b'1', b'A', b'Y', b'&', b'S', b'Y', ..] => Some(&BZIP2),
        // One without contents.
        [b'B', b'Z', b'h', b'1'..=b'9', 0x17, b'r', b'E', b'8', b'P', 0x90, ..] => Some(&BZIP2),
        // The reserved bit of the descriptor is zero.
        [0x28, 0xB5, 0x2F, 0xFD, descriptor, ..] if descriptor & 8 == 0 => Some(&ZSTD),
        // A frame that decoders skip, such as the table of a seekable file.
        [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => Some(&ZSTD),
        [0x1F, 0x9D, flags, ..] if flags & 0x60 == 0 && matches!(flags & 0x1F, 9..=16) => Some(&COMPRESS),
        _ => MARKS.iter().find(|(mark, _)| bytes.starts_with(mark)).map(|(_, format)| format),
    }
}

/// Files of the old lzma tools have no mark: their usual properties, a dictionary of a usual size, a length that is
/// unknown or small, and the zero that every such stream begins with.
fn is_lzma(file: &[u8]) -> bool {
    let (Some(0x5D), Some(dictionary), Some(size), Some(0)) =
        (file.first(), word(file, 1), long(file, 5), file.get(13))
    else {
        return false;
    };
    let usual = (12..=30).any(|log| dictionary == 1 << log || dictionary == 3 << (log - 1));
    usual && (size == u64::MAX || size < 1 << 38)
}

/// The mark of zlib is short: the whole file must be a stream with the right checksum.
fn is_zlib(file: &[u8]) -> bool {
    let [0x78, flags, stream @ ..] = file else { return false };
    if !(0x7800 | u16::from(*flags)).is_multiple_of(31) || flags & 0x20 != 0 {
        return false;
    }
    let inflated = inflate(stream, IMAGE_LIMIT as usize);
    inflated.is_ok_and(|inflated| stream[inflated.packed..] == adler(&inflated.plain).to_be_bytes())
}

/// The checksum of zlib (RFC 1950, section 8.2).
pub(crate) fn adler(bytes: &[u8]) -> u32 {
    let (low, high) = bytes.chunks(5552).fold((1u32, 0u32), |(mut low, mut high), chunk| {
        for &byte in chunk {
            low += u32::from(byte);
            high += low;
        }
        (low % 65521, high % 65521)
    });
    high << 16 | low
}

#[cfg(test)]
mod tests {
    use miniz_oxide::deflate::compress_to_vec_zlib;

    use super::*;

    fn name(file: &[u8]) -> Option<&'static str> {
        foreign(file).map(|format| format.name)
    }

    #[test]
    fn formats_are_known_by_what_they_begin_with() {
        assert_eq!(name(b"\xFD7zXZ\0\0\x04"), Some("xz"));
        assert_eq!(name(b"BZh91AY&SY\x01"), Some("bzip2"));
        assert_eq!(name(b"\x28\xB5\x2F\xFD\x04"), Some("zstd"));
        assert_eq!(name(b"\x1F\x9D\x90a"), Some("compress"));
        assert_eq!(name(b"PK\x07\x08PK\x03\x04"), Some("zip"));
        assert_eq!(name(b"\x5D\0\0\x80\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0\x21"), Some("lzma"));
        let zlib = compress_to_vec_zlib(b"a stream, a stream, a stream", 6);
        assert_eq!(name(&zlib), Some("zlib"));
        assert_eq!(name(&zlib[..zlib.len() - 1]), None);
        assert_eq!(name(&[&zlib[..], b"x"].concat()), None);
    }

    #[test]
    fn firmware_is_in_no_format() {
        // The first two vectors of a Cortex-M with its stack in ordinary memory, whatever they are.
        for stack in [0x2000_785D, 0x2000_5D78, 0x2002_0000u32, 0x2000_9C78] {
            let image = [&stack.to_le_bytes()[..], &0x0800_0101u32.to_le_bytes(), &[0; 100]].concat();
            assert_eq!(name(&image), None, "{stack:x}");
        }
        assert_eq!(name(&[]), None);
    }
}
