//! The payload of a compressed file: what a microcontroller stores of it.

mod tar;
mod unzip;

use std::borrow::Cow;

use smidgen_patch::header::IMAGE_LIMIT;
use thiserror::Error;

use super::inflate::inflate;
use super::scan::gzip_header;

/// Why a file has no such payload.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// A gzip member, or an entry, is damaged, or expands beyond the limit for images.
    #[error("{0} is damaged, or too large")]
    Damaged(String),
    /// There is no entry of this name.
    #[error("there is no entry {name:?}; there are: {entries}")]
    NoEntry {
        /// The name asked for.
        name: String,
        /// The names in the archive.
        entries: String,
    },
    /// An archive has several, and none was asked for.
    #[error("the archive has {count} entries: name one of them: {entries}")]
    WhichEntry {
        /// How many.
        count: usize,
        /// Their names.
        entries: String,
    },
    /// The entry is encrypted, or its method is neither "stored" nor "deflated".
    #[error("the entry {0:?} is encrypted, or compressed by another method than deflate")]
    Unsupported(String),
    /// An entry was asked for, but the file is no archive.
    #[error("the file is neither .zip nor .tar nor .tar.gz: it has no entries")]
    NoArchive,
}

/// The payload of a file: of a .gz what it holds, of an archive (.zip, .tar, .tar.gz) the entry that is named, or the
/// only one. A file that is none of these is its own payload.
///
/// # Errors
/// A damaged file, or a choice of entries that `entry` does not make or that the file does not have.
pub fn payload<'f>(file: &'f [u8], entry: Option<&str>) -> Result<Cow<'f, [u8]>, PayloadError> {
    if let Some(entries) = unzip::entries(file) {
        let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        return entries[choose(&names, entry)?].read(file).map(Cow::Owned);
    }
    let plain = if file.starts_with(GZIP) { Cow::Owned(gunzip(file)?) } else { Cow::Borrowed(file) };
    match (tar::entries(&plain), entry) {
        (Some(entries), _) => {
            let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
            let place = entries[choose(&names, entry)?].place.clone();
            Ok(match plain {
                Cow::Borrowed(file) => Cow::Borrowed(&file[place]),
                Cow::Owned(plain) => Cow::Owned(plain[place].to_vec()),
            })
        }
        (None, None) => Ok(plain),
        (None, Some(_)) => Err(PayloadError::NoArchive),
    }
}

/// The first bytes of a deflated gzip member.
const GZIP: &[u8] = &[0x1F, 0x8B, 8];
const LISTED: usize = 8;

/// The contents of all members of a gzip file, one after the other; zeros may follow them, as gzip allows.
fn gunzip(file: &[u8]) -> Result<Vec<u8>, PayloadError> {
    let (mut rest, mut plain) = (file, Vec::new());
    while rest.starts_with(GZIP) {
        let damaged = || PayloadError::Damaged("the gzip stream".to_owned());
        let start = gzip_header(rest).ok_or_else(damaged)?;
        let room = IMAGE_LIMIT as usize - plain.len();
        let member = rest.get(start..).and_then(|stream| inflate(stream, room)).ok_or_else(damaged)?;
        let end = start + member.packed;
        let trailer = rest.get(end..end + 8).ok_or_else(damaged)?;
        if trailer[..4] != crc32fast::hash(&member.plain).to_le_bytes() {
            return Err(damaged());
        }
        plain.extend_from_slice(&member.plain);
        rest = &rest[end + 8..];
    }
    if rest.iter().all(|&byte| byte == 0) {
        Ok(plain)
    } else {
        Err(PayloadError::Damaged("what follows the gzip stream".to_owned()))
    }
}

/// The index of the chosen entry.
fn choose(names: &[&str], entry: Option<&str>) -> Result<usize, PayloadError> {
    let listed = || {
        let more = if names.len() > LISTED { ", ..." } else { "" };
        names[..names.len().min(LISTED)].join(", ") + more
    };
    match (entry, names) {
        (None, [_]) => Ok(0),
        (None, _) => Err(PayloadError::WhichEntry { count: names.len(), entries: listed() }),
        (Some(wanted), _) => {
            let plain = |name: &str| name.trim_start_matches("./").to_owned();
            let place = names.iter().position(|name| plain(name) == plain(wanted));
            place.ok_or_else(|| PayloadError::NoEntry { name: wanted.to_owned(), entries: listed() })
        }
    }
}

#[cfg(test)]
mod tests {
    use miniz_oxide::deflate::compress_to_vec;

    use super::*;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut file = vec![0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3];
        file.extend(compress_to_vec(plain, 6));
        file.extend(crc32fast::hash(plain).to_le_bytes());
        file.extend((plain.len() as u32).to_le_bytes());
        file
    }

    #[test]
    fn members_are_joined_and_zeros_are_no_junk() {
        let file = [gzip(b"one, "), gzip(b"two"), vec![0; 9]].concat();
        assert_eq!(*payload(&file, None).unwrap(), *b"one, two");
        let file = [gzip(b"one"), b"junk".to_vec()].concat();
        assert!(matches!(payload(&file, None), Err(PayloadError::Damaged(_))));
    }

    #[test]
    fn damage_is_noticed() {
        let mut file = gzip(b"some bytes of firmware");
        let crc = file.len() - 6;
        file[crc] ^= 1;
        assert!(matches!(payload(&file, None), Err(PayloadError::Damaged(_))));
        assert!(payload(&file[..15], None).is_err());
    }

    #[test]
    fn a_plain_file_is_its_own_payload() {
        assert_eq!(*payload(b"plain", None).unwrap(), *b"plain");
        assert!(matches!(payload(b"plain", Some("x")), Err(PayloadError::NoArchive)));
    }

    #[test]
    fn entries_are_named_or_alone() {
        let error = choose(&["a", "b"], None).unwrap_err().to_string();
        assert!(error.contains("2 entries") && error.contains("a, b"), "{error}");
        assert_eq!(choose(&["./dir/a", "b"], Some("dir/a")).unwrap(), 0);
        assert!(choose(&["a"], Some("c")).is_err());
        assert_eq!(choose(&["a"], None).unwrap(), 0);
    }
}
