//! Motorola S-records: lines of bytes with addresses of 16, 24 or 32 bits.

use super::Format;
use super::digits::{big_endian, decode};
use super::flat::Contents;
use super::lines::first_word;
use super::records::Records;
use super::segments::wraps;

const FORMAT: Format = Format::Srec;
/// Digits of the shortest record after the S and its digit: count, address and checksum.
const SHORTEST: usize = 8;

/// A record whose length and checksum are right.
struct Record<'a> {
    /// The digit after the S.
    kind: u8,
    /// The address, or in S5 and S6 a number of records.
    number: u64,
    data: &'a [u8],
}

pub(super) struct Reader {
    contents: Contents<'static>,
    /// Records of data.
    records: u64,
    /// How many of them the last count was of, if there was one.
    counted: Option<u64>,
    ended: bool,
}

impl Default for Reader {
    fn default() -> Self {
        Self { contents: Contents::new(FORMAT), records: 0, counted: None, ended: false }
    }
}

impl Records for Reader {
    const FORMAT: Format = FORMAT;
    const BEGIN: u8 = b'S';
    const DAMAGED: &'static str =
        "a record begins with S and a digit; this line has the bytes of one, but does not begin so";

    /// Words such as "S12X" are none.
    fn is_meant(line: &[u8]) -> bool {
        let word = first_word(line);
        let [b'S' | b's', b'0'..=b'9', digits @ ..] = word else { return false };
        digits.len() >= SHORTEST || digits.iter().all(u8::is_ascii_hexdigit)
    }

    fn is_record(line: &[u8]) -> bool {
        Self::is_meant(line) && record(line, &mut Vec::new()).is_ok()
    }

    fn is_whole(rest: &[u8]) -> bool {
        let Some((b'0'..=b'9', digits)) = rest.split_first() else { return false };
        let mut bytes = Vec::new();
        decode(digits, &mut bytes).is_ok()
            && bytes.first().is_some_and(|&length| length >= 3 && bytes.len() == 1 + usize::from(length))
    }

    fn take(&mut self, line: &[u8], bytes: &mut Vec<u8>) -> Result<(), String> {
        record(line, bytes).and_then(|record| self.take_record(&record))
    }

    /// A file ends with a record that says where to start, or with the number of its records: one that does not was cut off.
    fn finish(self) -> Result<Contents<'static>, String> {
        if self.ended || self.counted == Some(self.records) {
            return Ok(self.contents);
        }
        let missing = "the last record (S7, S8 or S9) is missing, and so is a count (S5 or S6) of all records: the file was cut off";
        Err(missing.to_owned())
    }
}

fn record<'a>(line: &[u8], bytes: &'a mut Vec<u8>) -> Result<Record<'a>, String> {
    let [b'S' | b's', kind @ b'0'..=b'9', digits @ ..] = first_word(line) else {
        return Err("a record begins with S and a digit".to_owned());
    };
    let kind = kind - b'0';
    decode(digits, bytes)?;
    let width = width(kind).ok_or_else(|| format!("there is no record S{kind}"))?;
    let length = bytes.first().map_or(0, |&length| usize::from(length));
    if bytes.len() != length + 1 || length < width + 1 {
        let found = bytes.len().saturating_sub(1);
        return Err(format!("the record says that {length} bytes follow; there are {found}"));
    }
    // The checksum is the complement of the sum of everything before.
    let sum = bytes.iter().fold(0u8, |sum, &byte| sum.wrapping_add(byte));
    if sum != 0xFF {
        let stated = bytes[length];
        let right = stated.wrapping_add(0xFFu8.wrapping_sub(sum));
        return Err(format!("the checksum is {stated:02X}; it should be {right:02X}"));
    }
    let (number, data) = bytes[1..length].split_at(width);
    Ok(Record { kind, number: big_endian(number), data })
}

/// Bytes of a record's address.
const fn width(kind: u8) -> Option<usize> {
    match kind {
        0 | 1 | 5 | 9 => Some(2),
        2 | 6 | 8 => Some(3),
        3 | 7 => Some(4),
        _ => None,
    }
}

impl Reader {
    fn take_record(&mut self, record: &Record) -> Result<(), String> {
        if self.ended {
            return Err("there is more after the last record".to_owned());
        }
        match record.kind {
            0 => Ok(()),
            1..=3 => self.data(record),
            5 | 6 => self.check_count(record.number),
            _ => {
                self.ended = true;
                self.contents.entry = Some(record.number);
                Ok(())
            }
        }
    }

    fn data(&mut self, record: &Record) -> Result<(), String> {
        self.records += 1;
        let bits = 8 * (u32::from(record.kind) + 1);
        let size = record.data.len();
        if record.number + size as u64 > 1 << bits {
            return Err(wraps(record.number, size));
        }
        self.contents.segments.add(record.number, record.data.to_vec())
    }

    fn check_count(&mut self, stated: u64) -> Result<(), String> {
        let found = self.records;
        self.counted = Some(found);
        if stated == found {
            return Ok(());
        }
        Err(format!(
            "it says that there are {stated} records of data before it; there are {found}: some are missing"
        ))
    }
}
