//! Where covers can copy from: the images, the index over the masked base, the target's repeats.

use patch_nostd::internals::wire::InPlacePlan;

use super::repeats::Repeats;
use crate::images::Images;
use crate::search::Index;

/// Where matches come from.
pub(crate) struct Sources<'a> {
    /// The index over the masked base.
    pub(crate) index: &'a Index<'a>,
    /// The masked target.
    pub(crate) masked: &'a [u8],
    /// The images as they are.
    pub(crate) images: Images<'a>,
    /// The target's repeats, which no mask changes; if absent, those of its gaps are found as they are parsed.
    pub(crate) repeats: Option<&'a Repeats<'a>>,
    /// What of the base is there when, if the target takes its place.
    pub(crate) in_place: Option<InPlacePlan>,
}

impl<'a> Sources<'a> {
    /// Both images, masked.
    pub(crate) fn masked(&self) -> Images<'a> {
        Images { base: self.index.base(), target: self.masked }
    }
}
