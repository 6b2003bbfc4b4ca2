//! A flattened image: the bytes that the device flashes, from the lowest address to the highest, and what they were.

use std::borrow::Cow;

use super::segments::Segments;
use super::{Format, InputError, Provenance, Reading, Stretch};
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
    /// Whether plain bytes are a text, which is seldom meant to be flashed.
    pub is_text: bool,
    /// Why a file that resembles another format or an archive is taken as it is.
    pub notes: Vec<String>,
}

/// What a file of addressed pieces holds.
pub(super) struct Contents<'a> {
    pub(super) format: Format,
    pub(super) segments: Segments<'a>,
    pub(super) entry: Option<u64>,
    pub(super) architecture: Option<String>,
    pub(super) family: Option<u32>,
    /// The digests in it that were checked, and are right.
    pub(super) checked: Vec<String>,
    /// Remarks for the user.
    pub(super) notes: Vec<String>,
}

/// The longest gap that is filled without a remark.
const USUAL_GAP: u64 = 64 << 10;
/// The most gaps that are remarked on.
const MOST_REMARKS: usize = 4;

impl<'a> Contents<'a> {
    pub(super) const fn new(format: Format) -> Self {
        Self {
            format,
            segments: Segments::new(format),
            entry: None,
            architecture: None,
            family: None,
            checked: Vec::new(),
            notes: Vec::new(),
        }
    }
}

impl<'a> Flat<'a> {
    pub(super) const fn plain(file: &'a [u8]) -> Self {
        Self {
            bytes: Cow::Borrowed(file),
            record: None,
            resembles: None,
            packing: None,
            is_text: false,
            notes: Vec::new(),
        }
    }

    /// An image that is flashed as it is.
    pub(super) fn as_it_is(file: &'a [u8], record: Provenance) -> Self {
        Self { record: Some(record), ..Self::plain(file) }
    }

    pub(super) fn of(contents: Contents<'_>, file: &[u8], reading: &Reading) -> Result<Self, InputError> {
        let joined = contents.segments.join(reading)?;
        let mut notes = contents.notes;
        let long = |gap: &&Stretch| gap.size > USUAL_GAP;
        notes.extend(joined.gaps.iter().filter(long).take(MOST_REMARKS).map(|gap| {
            format!("the gap from {gap} is filled: if there is another memory behind it, take one of the two by its range")
        }));
        let record = Provenance {
            base_address: Some(joined.base),
            fill: (!joined.gaps.is_empty()).then_some(reading.fill),
            ranges: joined.ranges,
            gaps: joined.gaps,
            architecture: contents.architecture,
            entry: contents.entry,
            family: contents.family,
            checked: contents.checked,
            notes,
            ..Provenance::new(contents.format, file)
        };
        Ok(Self { bytes: Cow::Owned(joined.bytes), record: Some(record), ..Self::plain(&[]) })
    }
}
