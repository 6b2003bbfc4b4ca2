//! Images of ESP-IDF: segments for the memories of the chip, a checksum, a SHA-256, and a description of the program.

use super::provenance::Part;
use super::{Flat, Format, InputError, Provenance};
use crate::bytes::word;
use crate::digest::sha256;

const FORMAT: Format = Format::Esp;
const MAGIC: u8 = 0xE9;
/// Bytes of the header with its extension, and of a segment's header.
const HEADER: usize = 24;
const SEGMENT: usize = 8;
/// The most segments that the bootloader takes.
const MOST: u8 = 16;
/// Where the checksum begins.
const SEED: u8 = 0xEF;
/// The checksum is the last byte of a block of this many bytes.
const BLOCK: usize = 16;
/// Where the first segment's data, which begins with the description, is, and what the description begins with.
const DESCRIPTION: usize = HEADER + SEGMENT;
const DESCRIPTION_MAGIC: u32 = 0xABCD_5432;
/// Where the description has the version, and how many bytes.
const VERSION: std::ops::Range<usize> = DESCRIPTION + 16..DESCRIPTION + 48;

/// Whether a file is certainly an image: it describes itself, or its checksum is right.
pub(super) fn begins(file: &[u8]) -> bool {
    let Some(header) = Header::parse(file) else { return false };
    let adds_up = || header.body(file).is_ok_and(|body| file.get(body.end - 1) == Some(&body.checksum));
    is_described(file) || adds_up()
}

/// Reads an image. Its bytes are what is flashed; checksum and SHA-256 must be right.
pub(super) fn read(file: &[u8]) -> Result<Flat<'_>, InputError> {
    let header =
        Header::parse(file).ok_or_else(|| wrong("it does not begin with the header of a known chip"))?;
    let body = header.body(file)?;
    let mut record = Provenance::new(FORMAT, file);
    record.architecture = Some(header.architecture.to_owned());
    record.entry = Some(header.entry.into());
    record.version = version(file);
    record.part("header", 0, HEADER);
    record.parts.extend(body.segments.iter().cloned());
    let stated = *file.get(body.end - 1).ok_or_else(|| cut(body.end, file))?;
    record.part("checksum", body.end - 1, 1);
    record.check("checksum", &[stated], &[body.checksum])?;
    let end = if header.has_digest { check_digest(file, body.end, &mut record)? } else { body.end };
    if end < file.len() {
        record.part("what follows the image", end, file.len() - end);
    }
    Ok(Flat::as_it_is(file, record))
}

fn wrong(reason: impl ToString) -> InputError {
    InputError::Structure { format: FORMAT, reason: reason.to_string() }
}

fn cut(end: usize, file: &[u8]) -> InputError {
    wrong(format!("the image ends at byte {end} at the earliest; the file has {}", file.len()))
}

struct Header {
    segments: u8,
    entry: u32,
    architecture: &'static str,
    has_digest: bool,
}

struct Body {
    segments: Vec<Part>,
    /// The checksum of all segments, which is the last byte.
    checksum: u8,
    /// Where the checksum ends.
    end: usize,
}

impl Header {
    fn parse(file: &[u8]) -> Option<Self> {
        let header: &[u8; HEADER] = file.first_chunk()?;
        let segments = header[1];
        let known = header[0] == MAGIC && (1..=MOST).contains(&segments) && header[23] <= 1;
        let architecture = architecture(u16::from_le_bytes([header[12], header[13]])).filter(|_| known)?;
        Some(Self { segments, entry: word(header, 4)?, architecture, has_digest: header[23] == 1 })
    }

    fn body(&self, file: &[u8]) -> Result<Body, InputError> {
        let mut body = Body { segments: Vec::new(), checksum: SEED, end: HEADER };
        for number in 0..self.segments {
            body.segment(number, file)?;
        }
        body.end += BLOCK - body.end % BLOCK;
        Ok(body)
    }
}

impl Body {
    fn segment(&mut self, number: u8, file: &[u8]) -> Result<(), InputError> {
        let header = word(file, self.end).zip(word(file, self.end + 4));
        let count = || wrong(format!("the header of segment {number} is missing: the file was cut off"));
        let (address, size) = header.ok_or_else(count)?;
        let start = self.end + SEGMENT;
        let end = start.checked_add(size as usize).filter(|&end| end <= file.len()).ok_or_else(|| {
            wrong(format!("segment {number} has {size} bytes from byte {start}; the file has {}", file.len()))
        })?;
        self.checksum = file[start..end].iter().fold(self.checksum, |sum, byte| sum ^ byte);
        let (offset, size) = (start as u64, size.into());
        self.segments.push(Part {
            name: format!("segment {number}"),
            offset,
            size,
            address: Some(address.into()),
        });
        self.end = end;
        Ok(())
    }
}

/// Where the SHA-256 ends.
fn check_digest(file: &[u8], at: usize, record: &mut Provenance) -> Result<usize, InputError> {
    let stated: &[u8; 32] = file.get(at..).and_then(<[u8]>::first_chunk).ok_or_else(|| cut(at + 32, file))?;
    record.part("SHA-256", at, stated.len());
    record.check("SHA-256", stated, &sha256(&file[..at]))?;
    Ok(at + stated.len())
}

fn is_described(file: &[u8]) -> bool {
    word(file, DESCRIPTION) == Some(DESCRIPTION_MAGIC)
}

/// The version of the description, if there is one: text that a zero ends.
fn version(file: &[u8]) -> Option<String> {
    let field = file.get(VERSION).filter(|_| is_described(file))?;
    let text = field.split(|&byte| byte == 0).next()?;
    let text = std::str::from_utf8(text).ok()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// By the chip's number: ESP32, S2 and S3; then C3, C2, C6, H2, P4, C61, C5 and its samples, H21, H4, E22 and S31.
const fn architecture(chip: u16) -> Option<&'static str> {
    match chip {
        0x00 | 0x02 | 0x09 => Some("xtensa"),
        0x05 | 0x0C | 0x0D | 0x10 | 0x12 | 0x14 | 0x16 | 0x17 | 0x19 | 0x1C | 0x1F | 0x20 => Some("riscv"),
        _ => None,
    }
}
