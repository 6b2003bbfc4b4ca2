//! The package header: everything a device must know before it touches flash (`docs/format.md`, section 2).

use super::codec::{Codec, is_known};
use super::prefix::{FLAG_SIGNED, FLAGS, HEADER_LIMIT, MAGIC, PREFIX_LENGTH, VERSION};
use super::ram::{Requirements, codec_ram};
use super::signatures::Signatures;
use super::{Extensions, Fields, Forms, PageKinds, crc32};
use crate::Error;

/// The largest base or target image, in bytes.
pub const IMAGE_LIMIT: u32 = 1_000_000_000;
/// How many windows a header may list.
pub const MAX_WINDOWS: usize = 3;

const FLAG_MD5: u8 = 1;
const FLAG_BODY_DIGEST: u8 = 2;
const FLAG_READ_BACK: u8 = 4;
const KNOWN_FLAGS: u8 = FLAG_MD5 | FLAG_BODY_DIGEST | FLAG_READ_BACK | FLAG_SIGNED;

/// A range of addresses, outside the image, that words may point into (RAM, another flash).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(not(feature = "encode"), non_exhaustive)]
pub struct Window {
    /// First address.
    pub start: u32,
    /// Bytes; `start + length` does not exceed 2^32.
    pub length: u32,
}

/// A parsed header but for its [`Extensions`]: plain values, nothing borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
// The encoder makes headers; a device parses them only.
#[cfg_attr(not(feature = "encode"), non_exhaustive)]
pub struct Header {
    /// How the body is coded.
    pub codec: Codec,
    /// Exact size of the base image in bytes.
    pub base_size: u32,
    /// Exact size of the target image in bytes.
    pub target_size: u32,
    /// First 16 bytes of the base image's SHA-256: guards against mistakes. Zero for an empty base.
    pub base_digest: [u8; 16],
    /// SHA-256 of the target image.
    pub target_digest: [u8; 32],
    /// MD5 of the target image, for platforms that ask for it; the decoder does not check it.
    pub target_md5: Option<[u8; 16]>,
    /// Bytes that the decoder needs: of workspace, of heap for `zstd`.
    pub ram: u32,
    /// Address of the image's first byte when it runs: the lower 32 bits.
    pub base_address: u32,
    /// The upper 32 bits of all addresses.
    pub address_high: u32,
    /// Where else words may point.
    pub windows: [Window; MAX_WINDOWS],
    /// The kinds that the target's pages have.
    pub kinds: PageKinds,
    /// The forms of references that the kind `described` stands for.
    pub forms: Forms,
    /// Whether target bytes already written must be readable.
    pub read_back: bool,
    /// Bytes of body that follow the header.
    pub body_length: u32,
    /// SHA-256 of the body, if the package states it.
    pub body_digest: Option<[u8; 32]>,
}

impl Header {
    /// What is known before a header has arrived.
    pub(crate) const NONE: Self = Self {
        codec: Codec::NONE,
        base_size: 0,
        target_size: 0,
        base_digest: [0; 16],
        target_digest: [0; 32],
        target_md5: None,
        ram: 0,
        base_address: 0,
        address_high: 0,
        windows: [Window { start: 0, length: 0 }; MAX_WINDOWS],
        kinds: PageKinds::NONE,
        forms: Forms::NONE,
        read_back: false,
        body_length: 0,
        body_digest: None,
    };

    /// The length of the whole header, from its first [`PREFIX_LENGTH`] bytes.
    ///
    /// # Errors
    /// [`Error::NotAPackage`], [`Error::UnsupportedVersion`], [`Error::UnsupportedCodec`] and [`Error::MalformedHeader`].
    pub fn length(prefix: &[u8]) -> Result<usize, Error> {
        let (magic, rest) = prefix.split_first_chunk().ok_or(Error::NotAPackage)?;
        if *magic != MAGIC {
            return Err(Error::NotAPackage);
        }
        let (&version, rest) = rest.split_first().ok_or(Error::MalformedHeader)?;
        if version != VERSION {
            return Err(Error::UnsupportedVersion);
        }
        let Some(&[codec, _, low, high]) = rest.first_chunk() else { return Err(Error::MalformedHeader) };
        // Of another codec, not even the length may be where this one has it.
        if !is_known(codec) {
            return Err(Error::UnsupportedCodec);
        }
        let length = usize::from(u16::from_le_bytes([low, high]));
        if length.wrapping_sub(PREFIX_LENGTH + 4) <= HEADER_LIMIT - PREFIX_LENGTH - 4 {
            Ok(length)
        } else {
            Err(Error::MalformedHeader)
        }
    }

    /// Parses a header. `bytes` may go on after it; the second value is its length.
    ///
    /// # Errors
    /// Those of the header: numbers 1 to 8, and [`Error::Truncated`].
    pub fn parse(bytes: &[u8]) -> Result<(Self, usize), Error> {
        Self::parse_extended(bytes).map(|(header, _, length)| (header, length))
    }

    /// Parses a header and its extensions. `bytes` may go on after it; the last value is its length.
    ///
    /// # Errors
    /// As [`Header::parse`].
    pub fn parse_extended(bytes: &[u8]) -> Result<(Self, Extensions<'_>, usize), Error> {
        let length = Self::length(bytes)?;
        let mut header = Self::NONE;
        let mut extensions = Extensions::default();
        header.read(bytes.get(..length).ok_or(Error::Truncated)?, &mut extensions)?;
        Ok((header, extensions, length))
    }

    /// Reads the whole header in its place: a copy is large.
    #[cfg_attr(not(feature = "std"), inline(never))]
    pub(crate) fn read<'h>(&mut self, bytes: &'h [u8], extensions: &mut Extensions<'h>) -> Result<(), Error> {
        let (fields, checksum) = bytes.split_last_chunk::<4>().ok_or(Error::MalformedHeader)?;
        if crc32(fields) != u32::from_le_bytes(*checksum) {
            return Err(Error::HeaderChecksum);
        }
        if bytes.get(FLAGS).is_none_or(|flags| flags & !KNOWN_FLAGS != 0) {
            return Err(Error::ReservedField);
        }
        let mut fields = Fields::new(Signatures::split(bytes)?.0);
        self.read_fields(&mut fields);
        extensions.read(&mut fields);
        fields.expect(fields.is_empty());
        fields.check(codec_ram(&self.codec) == self.ram, Error::RamMismatch);
        fields.finish()
    }

    /// The signatures of a package, if it has any; whose they are is for [`crate::verify::Verifier`] to say.
    ///
    /// Nothing but the first nine bytes is parsed. `bytes` may go on after the header.
    ///
    /// # Errors
    /// As [`Header::length`], and [`Error::Truncated`].
    pub fn signatures(bytes: &[u8]) -> Result<Option<Signatures<'_>>, Error> {
        let header = bytes.get(..Self::length(bytes)?).ok_or(Error::Truncated)?;
        Signatures::split(header).map(|(_, signatures)| signatures)
    }

    /// What restoring this package takes: a pure function of the header's fields.
    #[must_use]
    pub fn requirements(&self) -> Requirements {
        Requirements::of_codec(&self.codec)
    }

    fn read_fields(&mut self, fields: &mut Fields<'_>) {
        let mut prefix = [0; PREFIX_LENGTH];
        fields.bytes(&mut prefix);
        let [_, _, _, _, _, codec, flags, _, _] = prefix;
        // A signature that leaves the body out would be worth nothing.
        let covered = flags & FLAG_SIGNED == 0 || flags & FLAG_BODY_DIGEST != 0;
        fields.expect(covered);
        self.base_size = fields.bounded(0, IMAGE_LIMIT);
        self.target_size = fields.bounded(0, IMAGE_LIMIT);
        if self.base_size != 0 {
            fields.bytes(&mut self.base_digest);
        }
        fields.bytes(&mut self.target_digest);
        if flags & FLAG_MD5 != 0 {
            fields.bytes(self.target_md5.insert([0; 16]));
        }
        self.ram = fields.varint();
        self.codec = Codec::read(codec, fields);
        self.base_address = fields.varint();
        self.address_high = fields.varint();
        read_windows(&mut self.windows, fields);
        self.kinds.read(fields);
        self.forms.read(&self.kinds, fields);
        self.read_back = flags & FLAG_READ_BACK != 0;
        self.body_length = fields.varint();
        if flags & FLAG_BODY_DIGEST != 0 {
            fields.bytes(self.body_digest.insert([0; 32]));
        }
    }
}

fn read_windows(windows: &mut [Window; MAX_WINDOWS], fields: &mut Fields<'_>) {
    let count = usize::from(fields.byte());
    fields.expect(count <= MAX_WINDOWS);
    for window in windows.iter_mut().take(count) {
        // Windows are cut at multiples of 256 bytes: a byte less each, and no exactness is needed.
        let start = fields.bounded(0, 0xFF_FFFF);
        let length = fields.bounded(1, 0xFF_FFFF);
        fields.expect(start + length <= 1 << 24);
        *window = Window { start: start << 8, length: length << 8 };
    }
}

#[cfg(feature = "encode")]
impl Header {
    /// The bytes that [`Header::parse`] reads, with length and checksum, without extensions.
    #[must_use]
    pub fn to_bytes(&self) -> std::vec::Vec<u8> {
        self.to_bytes_with(&Extensions::default())
    }

    /// The bytes that [`Header::parse_extended`] reads. They may be more than [`HEADER_LIMIT`] if the extensions
    /// say too much.
    #[must_use]
    pub fn to_bytes_with(&self, extensions: &Extensions<'_>) -> std::vec::Vec<u8> {
        let mut writer = super::Writer::default();
        writer.raw(&MAGIC);
        writer.raw(&[VERSION, self.codec.number(), self.flags(), 0, 0]);
        writer.varint(self.base_size);
        writer.varint(self.target_size);
        if self.base_size != 0 {
            writer.raw(&self.base_digest);
        }
        writer.raw(&self.target_digest);
        writer.raw(self.target_md5.as_ref().map_or(&[][..], |digest| digest));
        writer.varint(self.ram);
        self.codec.write(&mut writer);
        writer.varint(self.base_address);
        writer.varint(self.address_high);
        let windows = || self.windows.iter().filter(|window| window.length > 0);
        writer.byte(windows().count() as u8);
        for window in windows() {
            writer.varint(window.start >> 8);
            writer.varint(window.length >> 8);
        }
        self.kinds.write(&mut writer);
        self.forms.write(&self.kinds, &mut writer);
        writer.varint(self.body_length);
        writer.raw(self.body_digest.as_ref().map_or(&[][..], |digest| digest));
        extensions.write(&mut writer);
        let mut bytes = writer.bytes;
        let length = (bytes.len() + 4) as u16;
        bytes[PREFIX_LENGTH - 2..PREFIX_LENGTH].copy_from_slice(&length.to_le_bytes());
        let checksum = crc32(&bytes);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        bytes
    }

    fn flags(&self) -> u8 {
        (if self.target_md5.is_some() { FLAG_MD5 } else { 0 })
            | (if self.body_digest.is_some() { FLAG_BODY_DIGEST } else { 0 })
            | (if self.read_back { FLAG_READ_BACK } else { 0 })
    }
}
