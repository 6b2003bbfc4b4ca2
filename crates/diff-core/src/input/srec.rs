//! Motorola S-records: lines of bytes with addresses of 16, 24 or 32 bits.

use super::digits::{at_line, big_endian, decode, lines};
use super::flat::Contents;
use super::segments::wraps;
use super::{Format, InputError};

const FORMAT: Format = Format::Srec;

/// Whether a file begins with a record; nothing else does by chance, as records have a length and a checksum.
pub(super) fn begins(file: &[u8]) -> bool {
    let mut bytes = Vec::new();
    lines(file).next().is_some_and(|(_, line)| line.len() <= 600 && record(line, &mut bytes).is_ok())
}

/// Reads the whole file. It ends with a record that says where to start: one that does not was cut off.
pub(super) fn read(file: &[u8]) -> Result<Contents<'static>, InputError> {
    let mut reader = Reader { contents: Contents::new(FORMAT), records: 0, ended: false };
    let (mut bytes, mut last) = (Vec::new(), 0);
    for (number, line) in lines(file) {
        let wrong = at_line(FORMAT, number);
        record(line, &mut bytes).and_then(|record| reader.take(&record)).map_err(wrong)?;
        last = number;
    }
    if !reader.ended {
        let reason = "the last record (S7, S8 or S9) is missing: the file was cut off";
        return Err(at_line(FORMAT, last)(reason.to_owned()));
    }
    Ok(reader.contents)
}

/// A record whose length and checksum are right.
struct Record<'a> {
    /// The digit after the S.
    kind: u8,
    /// The address, or in S5 and S6 a number of records.
    number: u64,
    data: &'a [u8],
}

struct Reader {
    contents: Contents<'static>,
    records: u64,
    ended: bool,
}

fn record<'a>(line: &[u8], bytes: &'a mut Vec<u8>) -> Result<Record<'a>, String> {
    let [b'S', kind @ b'0'..=b'9', digits @ ..] = line else {
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
    fn take(&mut self, record: &Record) -> Result<(), String> {
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

    fn check_count(&self, stated: u64) -> Result<(), String> {
        let found = self.records;
        if stated == found {
            return Ok(());
        }
        Err(format!(
            "it says that there are {stated} records of data before it; there are {found}: some are missing"
        ))
    }
}
