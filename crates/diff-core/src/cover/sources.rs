//! Where covers can copy from: the images, the index over the masked base, the target's repeats.

use patch_nostd::internals::wire::InPlacePlan;

use super::repeats::Repeats;
use crate::search::Index;

/// Where matches come from.
pub struct Sources<'a> {
    /// The index over the masked base.
    pub index: &'a Index<'a>,
    /// The masked target.
    pub masked: &'a [u8],
    /// The base.
    pub base: &'a [u8],
    /// The target.
    pub target: &'a [u8],
    /// The target's repeats, which no mask changes; if absent, those of its gaps are found as they are parsed.
    pub repeats: Option<&'a Repeats<'a>>,
    /// What of the base is there when, if the target takes its place.
    pub in_place: Option<InPlacePlan>,
}
