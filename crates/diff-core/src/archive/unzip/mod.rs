//! The files in a zip archive, by its directory (APPNOTE.TXT, sections 4.3.12 and 4.5.3).

mod directory;

use smidgen_patch::header::IMAGE_LIMIT;

use super::PayloadError;
use super::inflate::inflate;
use super::members::{Kind, Member, check_count, text};
use super::zip::{CENTRAL, LOCAL, Local, short};
use crate::bytes::{long, word};
use directory::Directory;

/// What errors call an archive.
const WHAT: &str = "the zip archive is damaged or truncated";
/// A length or an offset that is in the extra field of zip64.
const ELSEWHERE: u32 = 0xFFFF_FFFF;
const STORED: usize = 0;
const DEFLATED: usize = 8;
/// Bytes of a record of the directory without its name and other fields of their own length.
const RECORD: usize = 46;
/// Systems whose attributes have the type of a file, as Unix has it.
const UNIX: [u8; 2] = [3, 19];
/// The type of a file in attributes, and some types. What zip read from its standard input was a pipe or a socket.
const TYPE: u32 = 0o17_0000;
const FILES: [u32; 4] = [0, 0o10_0000, 0o01_0000, 0o14_0000];
const LINK: u32 = 0o12_0000;

pub(super) struct Archive<'f> {
    pub(super) members: Vec<Member<Entry<'f>>>,
    pub(super) notes: Vec<String>,
}

/// An entry, by its record in the directory.
#[derive(Debug)]
pub(super) struct Entry<'f> {
    /// The name as it is written.
    name: &'f [u8],
    method: usize,
    encrypted: bool,
    crc: u32,
    packed: u64,
    plain: u64,
    /// Where its local header begins in the file.
    at: u64,
}

/// Whether a file begins like an archive.
pub(super) fn begins(file: &[u8]) -> bool {
    file.starts_with(&LOCAL) || file.starts_with(b"PK\x05\x06")
}

/// The entries of an archive; `None` if the file is not one. Whether it is meant as one, as when an entry is asked for,
/// decides of a file that only ends like one.
///
/// # Errors
/// Damaged and truncated archives, and parts of one.
pub(super) fn read(file: &[u8], is_meant: bool) -> Result<Option<Archive<'_>>, PayloadError> {
    let Some(directory) = directory::find(file, is_meant)? else { return Ok(None) };
    let mut members = Vec::new();
    let mut records = &file[directory.records.clone()];
    while records.starts_with(&CENTRAL) {
        let (member, rest) =
            member(records, &directory).ok_or_else(|| damaged("a record of its directory is wrong"))?;
        members.push(member);
        check_count(members.len())?;
        records = rest;
    }
    if members.len() as u64 & directory.count_mask != directory.count {
        return Err(damaged("its directory has not as many entries as it says"));
    }
    Ok(Some(Archive { members, notes: directory.notes(file) }))
}

/// Whether there is an archive near the end of a file that is not one.
pub(super) fn is_inside(file: &[u8]) -> bool {
    matches!(directory::find(file, true), Ok(Some(_)))
}

/// The member of the record that these bytes begin with, and what is behind that.
fn member<'f>(bytes: &'f [u8], directory: &Directory) -> Option<(Member<Entry<'f>>, &'f [u8])> {
    bytes.get(..RECORD)?;
    let [name, extra, comment] = [28, 30, 32].map(|at| short(bytes, at));
    let (record, rest) = bytes.split_at_checked(RECORD + name + extra + comment)?;
    let (name, extra) = (&record[RECORD..RECORD + name], &record[RECORD + name..RECORD + name + extra]);
    let entry = Entry::new(record, name, extra, directory.front)?;
    // Some programs write names as Windows does.
    let name = text(name).replace('\\', "/");
    let kind = kind_of(record, &name)?;
    Some((Member { name, kind, contents: entry }, rest))
}

fn kind_of(record: &[u8], name: &str) -> Option<Kind> {
    let attributes = word(record, 38)?;
    let of_unix = if UNIX.contains(&record[5]) { attributes >> 16 & TYPE } else { 0 };
    Some(match of_unix {
        _ if name.ends_with('/') => Kind::Other("a folder".to_owned()),
        LINK => Kind::Other("a symbolic link".to_owned()),
        kind if FILES.contains(&kind) => Kind::File,
        _ => Kind::Other("a folder or a device".to_owned()),
    })
}

impl<'f> Entry<'f> {
    /// The entry of a record, where the archive's offsets begin at `front` in the file.
    fn new(record: &[u8], name: &'f [u8], extra: &[u8], front: u64) -> Option<Self> {
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
        let flags = short(record, 8);
        Some(Self {
            name,
            method: short(record, 10),
            // The second one is an encrypted directory, in which local headers say nothing.
            encrypted: flags & 0x2001 != 0,
            crc: word(record, 16)?,
            packed,
            plain,
            at: front.checked_add(offset)?,
        })
    }

    /// The bytes of the entry, which has this name.
    pub(super) fn read(&self, file: &[u8], name: &str) -> Result<Vec<u8>, PayloadError> {
        let how = match self.method {
            _ if self.encrypted => "encrypted".to_owned(),
            STORED | DEFLATED => String::new(),
            method => format!("compressed by {}", method_name(method)),
        };
        if !how.is_empty() {
            return Err(PayloadError::Unsupported { name: name.to_owned(), how });
        }
        let what = || format!("the entry \"{name}\"");
        if self.plain > IMAGE_LIMIT.into() {
            return Err(PayloadError::TooLarge { what: what(), limit: IMAGE_LIMIT });
        }
        let contents = self.contents(file);
        contents.map_err(|reason| PayloadError::damaged(what() + " is damaged", reason))
    }

    fn contents(&self, file: &[u8]) -> Result<Vec<u8>, &'static str> {
        let data = self.data(file).ok_or("it is not where the directory says")?;
        let plain = if self.method == STORED {
            data.to_vec()
        } else {
            // At most as many as an image may have, which was checked.
            let inflated = inflate(data, self.plain as usize);
            inflated.map_err(|_| "its deflate stream is wrong, or larger than it says")?.plain
        };
        let right = plain.len() as u64 == self.plain && crc32fast::hash(&plain) == self.crc;
        if right { Ok(plain) } else { Err("its checksum or its length is wrong") }
    }

    /// What is stored, behind a local header of the same name.
    fn data<'a>(&self, file: &'a [u8]) -> Option<&'a [u8]> {
        let local = file.get(usize::try_from(self.at).ok()?..)?;
        let header = Local::read(local)?;
        let name = local.get(30..30 + short(local, 26))?;
        let data = local.get(header.size..)?.get(..usize::try_from(self.packed).ok()?)?;
        (name == self.name).then_some(data)
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

/// The name of a method (section 4.4.5).
fn method_name(method: usize) -> String {
    match method {
        9 => "deflate64".to_owned(),
        12 => "bzip2".to_owned(),
        14 => "lzma".to_owned(),
        20 | 93 => "zstd".to_owned(),
        95 => "xz".to_owned(),
        98 => "ppmd".to_owned(),
        method => format!("method {method}"),
    }
}

fn damaged(reason: &'static str) -> PayloadError {
    PayloadError::damaged(WHAT, reason)
}
