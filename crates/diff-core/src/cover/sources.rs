//! What both ways to choose covers share: where covers can copy from, and the covers of a path.

use smidgen_patch::header::InPlacePlan;
use smidgen_patch::internals::apply::{Cover, Source};

use super::repeats::Repeats;
use crate::encode::Placed;
use crate::images::Images;
use crate::search::Index;

/// Where covers can copy from.
pub(crate) struct Sources<'a> {
    pub(crate) index: &'a Index<'a>,
    pub(crate) masked: &'a [u8],
    pub(crate) images: Images<'a>,
    /// The target's repeats, which no mask changes; if absent, those of its gaps are found as they are parsed.
    pub(crate) repeats: Option<&'a Repeats<'a>>,
    /// What of the base is there when, if the target takes its place.
    pub(crate) in_place: Option<InPlacePlan>,
}

impl<'a> Sources<'a> {
    /// What repeats are sought in: the target, or a copy of it.
    pub(crate) fn repeated(&self) -> &'a [u8] {
        self.repeats.map_or(self.images.target, Repeats::image)
    }

    pub(crate) fn masked(&self) -> Images<'a> {
        Images { base: self.index.base(), target: self.masked }
    }
}

/// The covers of the cheapest path to the last of `nodes` nodes, the first of which is at `start` of the target. `edge`
/// gives the bytes of the edge that leads to a node, and where it copies from unless it is a literal.
pub(super) fn covers_of_path(
    start: usize,
    nodes: usize,
    edge: impl Fn(usize) -> (u32, Option<(Source, u32)>),
) -> Vec<Placed> {
    let mut covers = Vec::new();
    let mut place = nodes - 1;
    while place > 0 {
        let (length, from) = edge(place);
        place -= length as usize;
        if let Some((source, from)) = from {
            covers.push(Placed { at: (start + place) as u32, cover: Cover { source, start: from, length } });
        }
    }
    covers.reverse();
    covers
}
