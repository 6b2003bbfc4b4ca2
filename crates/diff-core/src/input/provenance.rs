//! Provenance: the file that a build left, and how the bytes that the device flashes follow from it.

use super::{Format, InputError, Stretch};
use crate::digest::{hex, sha256_hex};

/// What a file that is not plain bytes was, and how it was flattened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "release", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Provenance {
    /// The format of the file.
    pub format: Format,
    /// Bytes of the file.
    pub file_size: u64,
    /// SHA-256 of the file in hexadecimal digits.
    pub file_sha256: String,
    /// The address of the image's first byte, if the file says.
    #[cfg_attr(feature = "release", serde(default, skip_serializing_if = "Option::is_none"))]
    pub base_address: Option<u64>,
    /// The addresses that the file has bytes for, of files that were flattened.
    #[cfg_attr(feature = "release", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub ranges: Vec<Stretch>,
    /// The addresses between them.
    #[cfg_attr(feature = "release", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub gaps: Vec<Stretch>,
    /// What the gaps were filled with; absent without gaps.
    #[cfg_attr(feature = "release", serde(default, skip_serializing_if = "Option::is_none"))]
    pub fill: Option<u8>,
    /// The processor, as the format calls it.
    #[cfg_attr(feature = "release", serde(default, skip_serializing_if = "Option::is_none"))]
    pub architecture: Option<String>,
    /// Where execution begins.
    #[cfg_attr(feature = "release", serde(default, skip_serializing_if = "Option::is_none"))]
    pub entry: Option<u64>,
    /// The family of devices that a UF2 file is for.
    #[cfg_attr(feature = "release", serde(default, skip_serializing_if = "Option::is_none"))]
    pub family: Option<u32>,
    /// The version that the image says it is.
    #[cfg_attr(feature = "release", serde(default, skip_serializing_if = "Option::is_none"))]
    pub version: Option<String>,
    /// What an image that is flashed as it is consists of, in ascending order.
    #[cfg_attr(feature = "release", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub parts: Vec<Part>,
    /// The digests and checksums in it that were checked, and are right.
    #[cfg_attr(feature = "release", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub checked: Vec<String>,
    /// Remarks for the user.
    #[cfg_attr(feature = "release", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub notes: Vec<String>,
}

/// A part of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "release", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Part {
    /// What it is.
    pub name: String,
    /// Where it begins in the image, in bytes.
    pub offset: u64,
    /// Its bytes.
    pub size: u64,
    /// Where it is loaded to, if the image says.
    #[cfg_attr(feature = "release", serde(default, skip_serializing_if = "Option::is_none"))]
    pub address: Option<u64>,
}

impl Provenance {
    /// The format, size and digest of a file; other fields are empty, and can be set.
    #[must_use]
    pub fn new(format: Format, file: &[u8]) -> Self {
        Self { format, file_size: file.len() as u64, file_sha256: sha256_hex(file), ..Self::default() }
    }

    /// Checks a digest or checksum that the file states.
    pub(super) fn check(
        &mut self,
        what: &'static str,
        stated: &[u8],
        found: &[u8],
    ) -> Result<(), InputError> {
        if stated != found {
            let (format, stated, found) = (self.format, hex(stated), hex(found));
            return Err(InputError::Digest { format, what, stated, found });
        }
        self.checked.push(what.to_owned());
        Ok(())
    }

    pub(super) fn part(&mut self, name: impl Into<String>, offset: usize, size: usize) {
        self.parts.push(Part::new(name, offset as u64, size as u64));
    }
}

impl Part {
    /// A part without an address.
    #[must_use]
    pub fn new(name: impl Into<String>, offset: u64, size: u64) -> Self {
        Self { name: name.into(), offset, size, address: None }
    }
}
