//! The members of a tar archive: POSIX.1-1988 (ustar), POSIX.1-2001 (pax), and GNU's.

mod header;
mod pax;
mod sparse;

use smidgen_patch::header::IMAGE_LIMIT;

use super::PayloadError;
use super::members::{Kind, Member, check_count, plain, text};
use crate::escaped::Escaped;
use header::{BLOCK, Header};
use pax::Attributes;
use sparse::Sparse;

/// What errors call an archive.
const WHAT: &str = "the tar archive is damaged or truncated";

pub(super) struct Archive<'f> {
    pub(super) members: Vec<Member<Contents<'f>>>,
    pub(super) note: Option<String>,
}

/// The contents of a member.
#[derive(Debug)]
pub(super) struct Contents<'f> {
    stored: &'f [u8],
    sparse: Option<Sparse<'f>>,
}

/// What the headers before that of a member say about it.
#[derive(Default)]
struct Before<'f> {
    /// Whether there are any, so that a member must follow.
    any: bool,
    name: Option<String>,
    link: Option<String>,
    attributes: Attributes<'f>,
}

/// Whether a file begins like an archive.
pub(super) fn begins(file: &[u8]) -> bool {
    file.first_chunk().is_some_and(|block| Header(block).is_right()) || file.get(257..262) == Some(b"ustar")
}

/// The members of an archive; `None` if the file is not one.
///
/// # Errors
/// Damaged and truncated archives.
pub(super) fn read(file: &[u8]) -> Result<Option<Archive<'_>>, PayloadError> {
    if !begins(file) {
        return Ok(None);
    }
    let global = Attributes::default();
    let mut reader = Reader { file, at: 0, members: Vec::new(), names: 0, global };
    let mut before = Before::default();
    while let Some(header) = reader.header()? {
        before = reader.member(header, before)?;
        check_count(reader.members.len())?;
    }
    if before.any {
        return Err(damaged("the member of its last header is missing"));
    }
    let rest = file.get(reader.at..).unwrap_or_default();
    let note = if rest.is_empty() {
        Some("the archive has no mark of its end: it may be truncated".to_owned())
    } else if rest.iter().all(|&byte| byte == 0) {
        None
    } else {
        Some("what is behind the end of the archive is ignored".to_owned())
    };
    Ok(Some(Archive { members: reader.members, note }))
}

struct Reader<'f> {
    file: &'f [u8],
    at: usize,
    members: Vec<Member<Contents<'f>>>,
    /// Bytes of their names and links.
    names: usize,
    /// Attributes of all members that follow.
    global: Attributes<'f>,
}

impl<'f> Reader<'f> {
    /// The next header; `None` at the end of the archive.
    fn header(&self) -> Result<Option<Header<'f>>, PayloadError> {
        let rest = self.file.get(self.at..).unwrap_or_default();
        if rest.iter().take(BLOCK).all(|&byte| byte == 0) {
            return Ok(None);
        }
        let header = Header(rest.first_chunk().ok_or_else(|| damaged("it ends in a header"))?);
        if header.is_right() { Ok(Some(header)) } else { Err(damaged("the checksum of a header is wrong")) }
    }

    /// Reads what a header is about, and passes over it; returns what it says about the next one.
    fn member(&mut self, header: Header<'f>, mut before: Before<'f>) -> Result<Before<'f>, PayloadError> {
        let (kind, wrong) = (header.kind(), || damaged("the size of a member is wrong"));
        let size = match kind {
            // What is no file has no contents, whatever its size says.
            b'1'..=b'6' => 0,
            b'L' | b'K' | b'x' | b'X' | b'g' => header.size().ok_or_else(wrong)?,
            _ => before.attributes.size.or(self.global.size).or(header.size()).ok_or_else(wrong)?,
        };
        let bytes = &self.file[self.at + BLOCK..];
        let more = if kind == b'S' { sparse::more_blocks(bytes, &header)? } else { &[] };
        let stored =
            bytes[more.len()..].get(..size).ok_or_else(|| damaged("the end of a member is missing"))?;
        self.at += BLOCK + more.len() + size.next_multiple_of(BLOCK);
        before.any = kind != b'g';
        match kind {
            b'L' => before.name = Some(text(until_zero(stored))),
            b'K' => before.link = Some(text(until_zero(stored))),
            b'x' | b'X' => before.attributes = Attributes::read(stored)?,
            b'g' => self.global = Attributes::read(stored)?,
            _ => {
                let attributes = before.attributes.over(&self.global);
                let name = attributes.name().map(text).or(before.name).unwrap_or_else(|| header.name());
                let link = attributes.link.map(text).or(before.link).unwrap_or_else(|| header.link());
                self.names += name.len() + link.len();
                // Each is in the file, in which a byte may be half a character. A name for all members could be any number
                // of times as long.
                if self.names > 2 * self.file.len() {
                    return Err(damaged("it gives many members the same long name"));
                }
                // A file that was given to tar twice is a hard link to itself: the file is there.
                let is_itself = kind == b'1' && plain(&link) == plain(&name);
                let kind = kind_of(kind, &name, &link);
                let sparse = Sparse::of(header, more, &attributes)?;
                if !is_itself {
                    self.members.push(Member { name, kind, contents: Contents { stored, sparse } });
                }
                before = Before::default();
            }
        }
        Ok(before)
    }
}

impl Contents<'_> {
    /// The bytes of the member, which has this name.
    pub(super) fn read(&self, name: &str) -> Result<Vec<u8>, PayloadError> {
        let Some(sparse) = &self.sparse else { return Ok(self.stored.to_vec()) };
        let what = || format!("the entry \"{name}\"");
        if sparse.size > IMAGE_LIMIT.into() {
            return Err(PayloadError::TooLarge { what: what(), limit: IMAGE_LIMIT });
        }
        let bytes = sparse.expand(self.stored);
        bytes.ok_or_else(|| PayloadError::damaged(what() + " is damaged", "its map of holes is wrong"))
    }
}

fn kind_of(kind: u8, name: &str, link: &str) -> Kind {
    let what = match kind {
        // Archives before POSIX.
        0 if name.ends_with('/') => "a folder",
        0 | b'0' | b'7' | b'S' => return Kind::File,
        b'1' | b'2' => return Kind::Other(format!("a link to \"{}\"", Escaped(link))),
        b'3' | b'4' => "a device",
        b'5' | b'D' => "a folder",
        b'6' => "a pipe",
        b'M' => "the rest of a file that begins in another archive",
        _ => "of an unknown kind",
    };
    Kind::Other(what.to_owned())
}

fn until_zero(field: &[u8]) -> &[u8] {
    field.split(|&byte| byte == 0).next().unwrap_or_default()
}

fn damaged(reason: &'static str) -> PayloadError {
    PayloadError::damaged(WHAT, reason)
}
