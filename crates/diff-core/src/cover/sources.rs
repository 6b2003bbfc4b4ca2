//! Where covers can copy from: the images, the index over the masked base, the target's repeats.

use patch_nostd::wire::InPlacePlan;

use super::repeats::Repeats;
use crate::search::Index;

/// Where matches come from.
pub struct Matches<'a> {
    /// The index over the masked old image.
    pub index: &'a Index<'a>,
    /// The masked new image.
    pub masked: &'a [u8],
    /// The old image.
    pub old: &'a [u8],
    /// The new image.
    pub new: &'a [u8],
    /// The new image's repeats, which no mask changes; if absent, those of its gaps are found as they are parsed.
    pub repeats: Option<&'a Repeats<'a>>,
    /// What of the old image is there when, if the new one takes its place.
    pub in_place: Option<InPlacePlan>,
}
