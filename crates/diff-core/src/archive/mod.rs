//! Compressed files and archives: what a microcontroller stores of them.

mod error;
mod foreign;
mod gzip;
mod inflate;
mod members;
mod tar;
mod unzip;
pub(crate) mod zip;

use std::borrow::Cow;

pub use error::PayloadError;
pub(crate) use foreign::{adler, marked};
pub(crate) use gzip::header as gzip_header;
pub(crate) use inflate::{Inflated, inflate, unpack};

use foreign::{SCRIPT, foreign};
use gzip::gunzip;
use members::choose;

/// What a device stores of a file, and how it was packed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Payload<'f> {
    /// Its bytes. Borrowed if they are the file's.
    pub bytes: Cow<'f, [u8]>,
    /// What it was taken out of; absent if the file is its own payload.
    pub packing: Option<Packing>,
    /// Why a file that may have been an archive is its own payload.
    pub note: Option<String>,
}

/// What a payload was taken out of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "release", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Packing {
    /// "gzip", "tar", "tar.gz" or "zip".
    pub format: &'static str,
    /// The name of the entry, of an archive.
    pub entry: Option<String>,
    /// Remarks for the user.
    pub notes: Vec<String>,
}

/// The payload of a file: of a .gz what it holds, of an archive (.zip, .tar, .tar.gz) the entry that is named, or the
/// only file. A file that is none of these is its own payload, whether an entry is named or not.
///
/// # Errors
/// A damaged or truncated file, one in a format that is not opened, and contents that are packed themselves; a choice of
/// entries that `entry` does not make or that the file does not have.
pub fn payload<'f>(file: &'f [u8], entry: Option<&str>) -> Result<Payload<'f>, PayloadError> {
    // A zip archive may have any program before it.
    let is_zip = || matches!(unzip::read(file, false), Ok(Some(_)));
    if let Some(format) = foreign(file).filter(|format| **format != SCRIPT || !is_zip()) {
        return Err(PayloadError::NotOpened { what: format.what, command: format.command });
    }
    let (bytes, packing) = if file.starts_with(gzip::MARK) {
        let (plain, behind) = gunzip(file)?;
        let notes = (behind > 0).then(|| format!("the {behind} bytes behind the gzip stream are ignored"));
        match from_tar(&plain, entry, "tar.gz")? {
            Some((bytes, mut packing)) => {
                packing.notes.splice(0..0, notes);
                (bytes, packing)
            }
            None => (plain, Packing { format: "gzip", entry: None, notes: notes.into_iter().collect() }),
        }
    } else if let Some(found) = from_tar(file, entry, "tar")? {
        found
    } else if let Some(found) = from_zip(file, entry)? {
        found
    } else {
        let note = "it has a zip archive inside, and is taken as it is: unpack it first if that is meant";
        let note = unzip::is_inside(file).then(|| note.to_owned());
        return Ok(Payload { bytes: Cow::Borrowed(file), packing: None, note });
    };
    if entry.is_some() && packing.entry.is_none() {
        return Err(PayloadError::NoArchive);
    }
    match packed_as(&bytes) {
        Some(what) => Err(PayloadError::Nested { what, entry: packing.entry }),
        None => Ok(Payload { bytes: Cow::Owned(bytes), packing: Some(packing), note: None }),
    }
}

type Found = (Vec<u8>, Packing);

fn from_tar(file: &[u8], entry: Option<&str>, format: &'static str) -> Result<Option<Found>, PayloadError> {
    let Some(archive) = tar::read(file)? else { return Ok(None) };
    let member = choose(archive.members, entry)?;
    let bytes = member.contents.read(&member.name)?;
    let notes = archive.note.into_iter().collect();
    Ok(Some((bytes, Packing { format, entry: Some(member.name), notes })))
}

fn from_zip(file: &[u8], entry: Option<&str>) -> Result<Option<Found>, PayloadError> {
    let Some(archive) = unzip::read(file, entry.is_some())? else { return Ok(None) };
    let member = choose(archive.members, entry)?;
    let bytes = member.contents.read(file, &member.name)?;
    let packing = Packing { format: "zip", entry: Some(member.name), notes: archive.notes };
    Ok(Some((bytes, packing)))
}

/// What a file is, with an article, if it is compressed or an archive.
#[must_use]
pub fn packed_as(file: &[u8]) -> Option<&'static str> {
    match file {
        _ if file.starts_with(gzip::MARK) => Some("a gzip file"),
        _ if unzip::begins(file) => Some("a zip archive"),
        _ if tar::begins(file) => Some("a tar archive"),
        _ => foreign(file).map(|format| format.what),
    }
}
