//! Intel HEX: lines of bytes with addresses of 16 bits, and records that move them within 20 or 32 bits.

use super::Format;
use super::digits::{big_endian, decode};
use super::flat::Contents;
use super::lines::first_word;
use super::records::Records;
use super::segments::wraps;

const FORMAT: Format = Format::Hex;
/// Bytes of a record without its data: length, address, type and checksum.
const FRAME: usize = 5;
/// The address after the last of 32 bits.
const MEMORY: u64 = 1 << 32;
const SEGMENT: u64 = 1 << 16;

/// A record whose length and checksum are right.
struct Record<'a> {
    offset: u16,
    kind: u8,
    data: &'a [u8],
}

/// What offsets are added to.
#[derive(Clone, Copy)]
enum Base {
    /// Addresses of 32 bits.
    Linear(u64),
    /// Addresses of 20 bits, in a segment of 64 KiB.
    Segment(u64),
}

pub(super) struct Reader {
    contents: Contents<'static>,
    base: Base,
    ended: bool,
}

impl Default for Reader {
    fn default() -> Self {
        Self { contents: Contents::new(FORMAT), base: Base::Linear(0), ended: false }
    }
}

impl Records for Reader {
    const FORMAT: Format = FORMAT;
    const BEGIN: u8 = b':';
    const DAMAGED: &'static str =
        "a record begins with a colon; this line has the bytes of one, but does not begin so";

    fn is_meant(line: &[u8]) -> bool {
        line.starts_with(b":")
    }

    fn is_record(line: &[u8]) -> bool {
        Self::is_meant(line) && record(line, &mut Vec::new()).is_ok()
    }

    fn is_whole(rest: &[u8]) -> bool {
        let mut bytes = Vec::new();
        decode(rest, &mut bytes).is_ok()
            && bytes.first().is_some_and(|&length| bytes.len() == FRAME + usize::from(length))
    }

    fn take(&mut self, line: &[u8], bytes: &mut Vec<u8>) -> Result<(), String> {
        record(line, bytes).and_then(|record| self.take_record(&record))
    }

    /// A file ends with its end record: one that does not was cut off.
    fn finish(self) -> Result<Contents<'static>, String> {
        if self.ended {
            Ok(self.contents)
        } else {
            Err("the end record is missing: the file was cut off".to_owned())
        }
    }
}

fn record<'a>(line: &[u8], bytes: &'a mut Vec<u8>) -> Result<Record<'a>, String> {
    let digits = first_word(line).strip_prefix(b":").ok_or("a record begins with a colon")?;
    decode(digits, bytes)?;
    let [length, high, low, kind, ..] = **bytes else {
        return Err(format!("a record has {FRAME} bytes at least, this one {}", bytes.len()));
    };
    let data = usize::from(length);
    if bytes.len() != FRAME + data {
        let found = bytes.len();
        return Err(format!("a record of {data} bytes of data has {} in all, not {found}", FRAME + data));
    }
    let sum = bytes.iter().fold(0u8, |sum, &byte| sum.wrapping_add(byte));
    if sum != 0 {
        let stated = bytes[FRAME + data - 1];
        return Err(format!("the checksum is {stated:02X}; it should be {:02X}", stated.wrapping_sub(sum)));
    }
    Ok(Record { offset: u16::from_be_bytes([high, low]), kind, data: &bytes[4..4 + data] })
}

impl Reader {
    fn take_record(&mut self, record: &Record) -> Result<(), String> {
        if self.ended {
            return Err("there is more after the end record".to_owned());
        }
        match record.kind {
            0 => return self.data(record),
            1 => {
                self.ended = true;
                expect(record, 0)?;
            }
            2 => self.base = Base::Segment(expect(record, 2)? << 4),
            4 => self.base = Base::Linear(expect(record, 2)? << 16),
            3 => {
                let start = expect(record, 4)?;
                self.contents.entry = Some((start >> 16 << 4) + (start & 0xFFFF));
            }
            5 => self.contents.entry = Some(expect(record, 4)?),
            kind @ 0x0A..=0x0E => {
                return Err(format!(
                    "records of type {kind:02X} are those of a universal file for several boards: take the file of one"
                ));
            }
            kind => return Err(format!("there is no record of type {kind:02X}")),
        }
        Ok(())
    }

    fn data(&mut self, record: &Record) -> Result<(), String> {
        let (offset, size) = (u64::from(record.offset), record.data.len() as u64);
        let (base, end, space) = match self.base {
            Base::Linear(base) => (base, base + offset + size, MEMORY),
            Base::Segment(base) => (base, offset + size, SEGMENT),
        };
        if end > space {
            return Err(wraps(base + offset, record.data.len()));
        }
        self.contents.segments.add(base + offset, record.data.to_vec())
    }
}

/// The number that a record of `size` bytes of data holds.
fn expect(record: &Record, size: usize) -> Result<u64, String> {
    let (kind, found) = (record.kind, record.data.len());
    if found != size {
        return Err(format!("a record of type {kind:02X} has {size} bytes of data, not {found}"));
    }
    Ok(big_endian(record.data))
}
