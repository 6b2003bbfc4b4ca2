//! A flattened image: the bytes that the device flashes, from the lowest address to the highest, and what they were.

use std::borrow::Cow;

use super::segments::Segments;
use super::{Format, InputError, Provenance, Reading};
use crate::archive::Packing;

/// An image, ready to be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Flat<'a> {
    /// What the device flashes. Borrowed if that is the file itself.
    pub bytes: Cow<'a, [u8]>,
    /// What the file was; absent if it was plain bytes.
    pub record: Option<Provenance>,
    /// The format that plain bytes resemble, if one does.
    pub resembles: Option<Format>,
    /// The compressed file or archive that the image was taken out of; absent if it was in none.
    pub packing: Option<Packing>,
}

/// What a file of addressed pieces holds.
pub(super) struct Contents<'a> {
    pub(super) format: Format,
    pub(super) segments: Segments<'a>,
    pub(super) entry: Option<u64>,
    pub(super) architecture: Option<String>,
    pub(super) family: Option<u32>,
}

impl<'a> Contents<'a> {
    pub(super) const fn new(format: Format) -> Self {
        Self { format, segments: Segments::new(format), entry: None, architecture: None, family: None }
    }
}

impl<'a> Flat<'a> {
    pub(super) const fn plain(file: &'a [u8], resembles: Option<Format>) -> Self {
        Self { bytes: Cow::Borrowed(file), record: None, resembles, packing: None }
    }

    /// An image that is flashed as it is.
    pub(super) const fn as_it_is(file: &'a [u8], record: Provenance) -> Self {
        Self { bytes: Cow::Borrowed(file), record: Some(record), resembles: None, packing: None }
    }

    pub(super) fn of(contents: Contents<'_>, file: &[u8], reading: &Reading) -> Result<Self, InputError> {
        let joined = contents.segments.join(reading)?;
        let record = Provenance {
            base_address: Some(joined.base),
            fill: (!joined.gaps.is_empty()).then_some(reading.fill),
            ranges: joined.ranges,
            gaps: joined.gaps,
            architecture: contents.architecture,
            entry: contents.entry,
            family: contents.family,
            ..Provenance::new(contents.format, file)
        };
        Ok(Self { bytes: Cow::Owned(joined.bytes), record: Some(record), resembles: None, packing: None })
    }
}
