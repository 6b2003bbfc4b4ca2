//! Where the directory of a zip archive is: by the record at its end, whatever is before and behind the archive.

use std::ops::Range;

use super::super::foreign::SPLIT;
use super::super::zip::{CENTRAL, short};
use super::{PayloadError, begins, damaged};
use crate::bytes::{long, word};

const END: &[u8] = b"PK\x05\x06";
const END64: &[u8] = b"PK\x06\x06";
const LOCATOR64: &[u8] = b"PK\x06\x07";
/// Bytes of the end without its comment, of its variant for large archives, and of what tells where that is.
const END_SIZE: usize = 22;
const END64_SIZE: usize = 56;
const LOCATOR64_SIZE: usize = 20;
/// The longest comment.
const COMMENT: usize = 0xFFFF;
/// Ends that are tried: a comment may hold the mark of one.
const TRIED: usize = 16;
/// How programs begin that extract the archive behind them: of Windows and scripts, behind which anything may follow (such
/// as a signature), and of Linux.
const PROGRAMS: [&[u8]; 2] = [b"MZ", b"#!"];
const ELF: &[u8] = b"\x7FELF";
/// What transfers and editors leave behind a file: zeros, line ends and ^Z.
const FILLER: [u8; 4] = [0, b'\n', b'\r', 0x1A];

pub(super) struct Directory {
    /// Its records.
    pub(super) records: Range<usize>,
    /// How many they are, of which this mask is known.
    pub(super) count: u64,
    pub(super) count_mask: u64,
    /// Bytes before the archive, which its offsets do not count.
    pub(super) front: u64,
    /// The byte behind the archive and its comment.
    end: usize,
}

/// Finds the directory; `None` if the file is no archive. One that does not begin like an archive must be meant as one, or
/// begin like a program that extracts it: else it is firmware that holds one, such as the pages of a web server.
pub(super) fn find(file: &[u8], is_meant: bool) -> Result<Option<Directory>, PayloadError> {
    let begins = begins(file);
    let is_one = is_meant || begins || PROGRAMS.iter().any(|program| file.starts_with(program));
    if !is_one && !file.starts_with(ELF) {
        return Ok(None);
    }
    let reach = file.len().saturating_sub(COMMENT + END_SIZE);
    let marks = file[reach..].windows(END_SIZE).enumerate().rev();
    let ends = marks.filter(|(_, end)| end.starts_with(END)).map(|(at, end)| (reach + at, short(end, 20)));
    let mut tried: Vec<_> = ends.take(TRIED).collect();
    // The one whose comment ends where the file ends comes first.
    tried.sort_by_key(|&(at, comment)| at + END_SIZE + comment != file.len());
    let mut is_part = false;
    for (at, comment) in tried {
        let end = at + END_SIZE + comment;
        if !is_one && !file.get(end..).unwrap_or_default().iter().all(|byte| FILLER.contains(byte)) {
            continue;
        }
        if !matches!(short(file, at + 4), 0 | 0xFFFF) {
            // Or the mark of an end is in a comment, or in a program.
            is_part |= begins || end == file.len();
            continue;
        }
        // A program with no more than the mark of an end has no archive.
        let found = Directory::at(file, at, end.min(file.len())).filter(|found| begins || found.count > 0);
        if found.is_some() {
            return Ok(found);
        }
    }
    match (is_part, begins) {
        (true, _) => Err(PayloadError::NotOpened { what: SPLIT.what, command: SPLIT.command }),
        (_, true) => Err(damaged("the directory at its end is missing")),
        _ => Ok(None),
    }
}

impl Directory {
    /// The directory by the end at this place, if it is right.
    fn at(file: &[u8], at: usize, end: usize) -> Option<Self> {
        let (mut behind, count) = (at, short(file, at + 10) as u64);
        let (mut size, mut offset) = (u64::from(word(file, at + 12)?), u64::from(word(file, at + 16)?));
        let (mut count, mut count_mask) = (count, 0xFFFF);
        if let Some(large) = end64(file, at) {
            (behind, count_mask) = (large, u64::MAX);
            (count, size, offset) =
                (long(file, large + 32)?, long(file, large + 40)?, long(file, large + 48)?);
        }
        let is_start = |start: usize| {
            count == 0 || file.get(start..).is_some_and(|records| records.starts_with(&CENTRAL))
        };
        let (size, offset) = (usize::try_from(size).ok()?, usize::try_from(offset).ok()?);
        // It is just before its end, or, if something is between them, where its offset says.
        let start = behind.checked_sub(size).filter(|&start| start >= offset && is_start(start));
        let start = start.or_else(|| Some(offset).filter(|&start| start <= behind && is_start(start)))?;
        let records = start..start.checked_add(size).filter(|&end| end <= behind)?;
        Some(Self { records, count, count_mask, front: (start - offset) as u64, end })
    }

    /// What the user should know about it.
    pub(super) fn notes(&self, file: &[u8]) -> Vec<String> {
        let mut notes = Vec::new();
        if self.front > 0 || !begins(file) {
            let what =
                "the archive follows something else, such as a program that extracts it, or another archive";
            notes.push(what.to_owned());
        }
        let behind = file.len() - self.end;
        if file[self.end..].iter().any(|&byte| byte != 0) {
            notes.push(format!("the {behind} bytes behind the archive are ignored"));
        }
        notes
    }
}

/// Where the end for large archives is, if the end at this place has one.
fn end64(file: &[u8], at: usize) -> Option<usize> {
    let locator = at.checked_sub(LOCATOR64_SIZE)?;
    if !file[locator..].starts_with(LOCATOR64) {
        return None;
    }
    let is_one = |place: &usize| file.get(*place..locator).is_some_and(|bytes| bytes.starts_with(END64));
    // What it says does not count what is before the archive.
    let before = locator.checked_sub(END64_SIZE).filter(is_one);
    before.or_else(|| usize::try_from(long(file, locator + 8)?).ok().filter(is_one))
}
