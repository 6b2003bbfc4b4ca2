//! The files in a zip archive, by its directory (APPNOTE.TXT, sections 4.3.12 and 4.5.3).

use smidgen_patch::header::IMAGE_LIMIT;

use super::super::inflate::inflate;
use super::super::zip::{CENTRAL, Local, short};
use super::PayloadError;
use crate::bytes::{long, word};

const END: &[u8] = b"PK\x05\x06";
/// The longest comment, and the end before it.
const END_REACH: usize = 65_535 + 22;
/// A length or an offset that is in the extra field of zip64.
const ELSEWHERE: u32 = 0xFFFF_FFFF;
const STORED: usize = 0;
const DEFLATED: usize = 8;

pub(super) struct Entry {
    pub(super) name: String,
    method: usize,
    encrypted: bool,
    crc: u32,
    packed: u64,
    plain: u64,
    offset: u64,
}

/// The files of an archive, without its folders; `None` if it is not one.
pub(super) fn entries(file: &[u8]) -> Option<Vec<Entry>> {
    if !file.starts_with(b"PK") {
        return None;
    }
    let reach = file.len().saturating_sub(END_REACH);
    let end = reach + file[reach..].windows(4).rposition(|four| four == END)?;
    let mut at = directory(file, end)?;
    let mut entries = Vec::new();
    while let Some(record) = file.get(at..).filter(|rest| rest.starts_with(&CENTRAL) && rest.len() >= 46) {
        let size = 46 + short(record, 28) + short(record, 30) + short(record, 32);
        entries.push(Entry::new(record.get(..size)?)?);
        at += size;
    }
    entries.retain(|entry| !entry.name.ends_with('/'));
    Some(entries)
}

/// Where the directory begins, by its end, or the end of zip64 before that.
fn directory(file: &[u8], end: usize) -> Option<usize> {
    let offset = word(file, end + 16)?;
    if offset != ELSEWHERE {
        return Some(offset as usize);
    }
    let locator = end.checked_sub(20)?;
    let end64 = usize::try_from(long(file, locator + 8)?).ok()?;
    usize::try_from(long(file, end64.checked_add(48)?)?).ok()
}

impl Entry {
    fn new(record: &[u8]) -> Option<Self> {
        let name = 46..46 + short(record, 28);
        let extra = record.get(name.end..name.end + short(record, 30))?;
        let mut wide = zip64(extra);
        // They are there for those fields only that have no room, in this order.
        let mut field = |at: usize| match word(record, at)? {
            ELSEWHERE => {
                let value = long(wide, 0)?;
                wide = &wide[8..];
                Some(value)
            }
            value => Some(u64::from(value)),
        };
        let (plain, packed, offset) = (field(24)?, field(20)?, field(42)?);
        Some(Self {
            name: String::from_utf8_lossy(record.get(name)?).into_owned(),
            method: short(record, 10),
            encrypted: short(record, 8) & 1 != 0,
            crc: word(record, 16)?,
            packed,
            plain,
            offset,
        })
    }

    fn contents(&self, file: &[u8]) -> Option<Vec<u8>> {
        let local = file.get(usize::try_from(self.offset).ok()?..)?;
        let data = local.get(Local::read(local)?.size..)?;
        let plain = if self.method == STORED {
            data.get(..usize::try_from(self.packed).ok()?)?.to_vec()
        } else {
            inflate(data, (IMAGE_LIMIT as usize).min(usize::try_from(self.plain).ok()?))?.plain
        };
        (plain.len() as u64 == self.plain && crc32fast::hash(&plain) == self.crc).then_some(plain)
    }

    pub(super) fn read(&self, file: &[u8]) -> Result<Vec<u8>, PayloadError> {
        if self.encrypted || !matches!(self.method, STORED | DEFLATED) {
            return Err(PayloadError::Unsupported(self.name.clone()));
        }
        self.contents(file).ok_or_else(|| PayloadError::Damaged(format!("the entry {:?}", self.name)))
    }
}

/// The extra field of zip64, without its header.
fn zip64(mut extra: &[u8]) -> &[u8] {
    while extra.len() >= 4 {
        let end = (4 + short(extra, 2)).min(extra.len());
        if short(extra, 0) == 1 {
            return &extra[4..end];
        }
        extra = &extra[end..];
    }
    &[]
}
