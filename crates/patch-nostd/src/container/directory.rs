//! The directory of a zip, foretold from the entries before it (`docs/format.md`, section 14.4).

use std::vec::Vec;

use super::totals::Totals;

/// Bytes of a local header, a record of the directory and its end, without names and other fields of their own length.
pub(super) const LOCAL: usize = 30;
pub(super) const CENTRAL: usize = 46;
pub(super) const END: usize = 22;

/// The entries so far.
#[derive(Debug, Default)]
pub(super) struct Entries {
    entries: Vec<Entry>,
}

/// Those of one directory.
#[derive(Debug)]
pub(super) struct Directory {
    entries: Vec<Entry>,
    /// How many it has had.
    taken: usize,
    /// Where the archive begins.
    start: u32,
}

/// From "version needed" to "uncompressed size" of a local header, and where that is. A record of the directory has the
/// same fields in the same order.
#[derive(Debug)]
struct Entry {
    fields: [u8; 22],
    offset: u32,
}

impl Entries {
    /// Notes an entry by its local header at `offset`.
    pub(super) fn add(&mut self, local: &[u8; LOCAL], offset: u32) {
        let mut fields = [0; 22];
        fields.iter_mut().zip(local.iter().skip(4)).for_each(|(to, &from)| *to = from);
        self.entries.push(Entry { fields, offset });
    }

    /// Corrects the last entry by its stream, for local headers that leave that to a data descriptor.
    pub(super) fn describe(&mut self, totals: &Totals) {
        if let Some(entry) = self.entries.last_mut() {
            put(&mut entry.fields, 10, totals.crc());
            put(&mut entry.fields, 14, totals.packed);
            put(&mut entry.fields, 18, totals.plain);
        }
    }

    /// The last `count` entries are the next directory's: those of an archive inside another have gone before.
    pub(super) fn directory(&mut self, count: u32) -> Directory {
        let first = self.entries.len().saturating_sub(count as usize);
        let entries = self.entries.split_off(first);
        let start = entries.first().map_or(0, |entry| entry.offset);
        Directory { entries, taken: 0, start }
    }
}

impl Directory {
    /// What the next record most likely holds: zero where it is not known.
    pub(super) fn next(&mut self) -> [u8; CENTRAL] {
        let mut record = [0; CENTRAL];
        if let Some(entry) = self.entries.get(self.taken) {
            record.iter_mut().skip(6).zip(entry.fields).for_each(|(to, from)| *to = from);
            put(&mut record, 42, entry.offset.wrapping_sub(self.start));
        }
        self.taken += 1;
        record
    }

    /// What the end of a directory at `position`, of `size` bytes, most likely holds.
    pub(super) fn end(&self, position: u32, size: u32) -> [u8; END] {
        let mut end = [0; END];
        put(&mut end, 12, size);
        put(&mut end, 16, position.wrapping_sub(self.start));
        end
    }
}

/// The data descriptor of a stream.
pub(super) fn descriptor(totals: &Totals) -> [u8; 16] {
    let mut descriptor = [0; 16];
    put(&mut descriptor, 0, u32::from_le_bytes(*b"PK\x07\x08"));
    put(&mut descriptor, 4, totals.crc());
    put(&mut descriptor, 8, totals.packed);
    put(&mut descriptor, 12, totals.plain);
    descriptor
}

/// The trailer of a gzip member.
pub(super) fn trailer(totals: &Totals) -> [u8; 8] {
    let mut trailer = [0; 8];
    put(&mut trailer, 0, totals.crc());
    put(&mut trailer, 4, totals.plain);
    trailer
}

/// The two bytes at `offset` of a header.
pub(super) fn short(bytes: &[u8], offset: usize) -> u32 {
    bytes.iter().skip(offset).take(2).rev().fold(0, |value, &byte| value << 8 | u32::from(byte))
}

fn put(bytes: &mut [u8], offset: usize, value: u32) {
    bytes.iter_mut().skip(offset).zip(value.to_le_bytes()).for_each(|(to, from)| *to = from);
}
