//! The contents of gzip files (RFC 1952).

use smidgen_patch::header::IMAGE_LIMIT;

use super::PayloadError;
use super::inflate::inflate;
use super::zip::short;
use crate::bytes::word;

/// The first bytes of a deflated member.
pub(super) const MARK: &[u8] = &[0x1F, 0x8B, 8];
/// What errors call it.
const WHAT: &str = "the gzip file is damaged or truncated";

/// The contents of all members, one after the other, and the bytes behind the last one, which gzip ignores too.
/// Zeros there are padding, and not counted.
pub(super) fn gunzip(file: &[u8]) -> Result<(Vec<u8>, usize), PayloadError> {
    let (mut rest, mut plain) = (file, Vec::new());
    while rest.starts_with(MARK) {
        rest = member(rest, &mut plain)?;
    }
    if !rest.is_empty() && MARK.starts_with(rest) {
        return Err(damaged("a member begins where the file ends"));
    }
    let behind = if rest.iter().all(|&byte| byte == 0) { 0 } else { rest.len() };
    Ok((plain, behind))
}

/// Adds the contents of the member that these bytes begin with, and returns what is behind it.
fn member<'f>(bytes: &'f [u8], plain: &mut Vec<u8>) -> Result<&'f [u8], PayloadError> {
    let start = header(bytes).ok_or_else(|| damaged("the header of a member is wrong"))?;
    let stream = bytes.get(start..).ok_or_else(|| damaged("it ends in a header"))?;
    let room = IMAGE_LIMIT as usize - plain.len();
    let inflated = inflate(stream, room).map_err(|error| {
        if error.too_large {
            PayloadError::TooLarge { what: "the gzip file".to_owned(), limit: IMAGE_LIMIT }
        } else {
            damaged("its deflate stream is wrong, or its end is missing")
        }
    })?;
    let trailer = &stream[inflated.packed..];
    let (Some(crc), Some(size)) = (word(trailer, 0), word(trailer, 4)) else {
        return Err(damaged("the checksum at its end is missing"));
    };
    if crc != crc32fast::hash(&inflated.plain) || size as usize != inflated.plain.len() {
        return Err(damaged("the checksum or the length at its end is not that of the contents"));
    }
    plain.extend_from_slice(&inflated.plain);
    Ok(&trailer[8..])
}

fn damaged(reason: &'static str) -> PayloadError {
    PayloadError::damaged(WHAT, reason)
}

/// Bytes of the header of a member (section 2.3).
pub(crate) fn header(bytes: &[u8]) -> Option<usize> {
    let flags = *bytes.get(3)?;
    if flags & 0xE0 != 0 {
        return None;
    }
    let mut size = 10;
    if flags & 4 != 0 {
        bytes.get(size + 1)?;
        size += 2 + short(bytes, size);
    }
    for text in [8, 16] {
        if flags & text != 0 {
            size += 1 + bytes.get(size..)?.iter().position(|&byte| byte == 0)?;
        }
    }
    Some(if flags & 2 == 0 { size } else { size + 2 })
}
