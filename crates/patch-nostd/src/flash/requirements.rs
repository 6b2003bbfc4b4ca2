//! The areas of updates over flash, and how large they must be (`docs/format.md`, sections 3.2 and 8).

use super::journal::journal_area;
use super::slot::ab_buffer;
use super::slot_and_scratch::in_place_buffer;
use super::stored::state_area;
use super::traits::Geometry;
use crate::wire::Requirements;

/// The areas that an update into another slot needs. The journal may be in memory of another kind.
#[derive(Debug)]
pub struct AbAreas<F, J = F> {
    /// Gets the target.
    pub slot: F,
    /// Holds the records of how far the update is: two pages on most chips.
    pub journal: J,
}

/// The areas that an update in place needs, as large as [`Requirements::in_place`](crate::header::Requirements::in_place)
/// states. The journal may be in memory of another kind.
#[derive(Debug)]
pub struct InPlaceAreas<F, J = F> {
    /// Holds the base at its start, and the target in the end.
    pub slot: F,
    /// Holds a segment.
    pub scratch: F,
    /// Holds the records of how far the update is: two pages on most chips.
    pub journal: J,
    /// Holds the decoder's state twice.
    pub state: F,
}

/// What an update over flash takes on top of the workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct FlashRequirements {
    /// Bytes of the `buffer` in RAM.
    pub buffer: usize,
    /// Bytes of the journal.
    pub journal: u32,
    /// Bytes of the area for the decoder's state; none for an update into another slot.
    pub state: u32,
}

impl AbAreas<Geometry> {
    /// Both areas on one chip.
    #[must_use]
    pub const fn on_chip(geometry: Geometry) -> Self {
        Self { slot: geometry, journal: geometry }
    }
}

impl InPlaceAreas<Geometry> {
    /// All areas on one chip.
    #[must_use]
    pub const fn on_chip(geometry: Geometry) -> Self {
        Self { slot: geometry, scratch: geometry, journal: geometry, state: geometry }
    }
}

impl Requirements {
    /// For an [`AbUpdate`](super::AbUpdate) over areas of these pages and units; their sizes do not matter. `None` if pages
    /// and units do not go together.
    #[must_use]
    pub fn ab(&self, areas: &AbAreas<Geometry>) -> Option<FlashRequirements> {
        let AbAreas { slot, journal } = areas;
        let buffer = ab_buffer(slot, journal)? as usize;
        Some(FlashRequirements { buffer, journal: checked_journal([slot], journal)?, state: 0 })
    }

    /// The same for an [`InPlaceUpdate`](super::InPlaceUpdate); the package states how large its scratch area is.
    #[must_use]
    pub fn in_place(&self, areas: &InPlaceAreas<Geometry>) -> Option<FlashRequirements> {
        let InPlaceAreas { slot, scratch, journal, state } = areas;
        let write = slot.write.max(scratch.write).max(journal.write).max(state.write);
        Some(FlashRequirements {
            buffer: in_place_buffer(write),
            journal: checked_journal([slot, scratch, state], journal)?,
            state: state_area(self.workspace, state.page)?,
        })
    }
}

/// The area that a journal with such pages and units takes, if those of all areas go together.
fn checked_journal<'g>(areas: impl IntoIterator<Item = &'g Geometry>, journal: &Geometry) -> Option<u32> {
    let valid = areas.into_iter().all(|area| area.page > 0 && area.write > 0 && area.page % area.write == 0);
    if valid { journal_area(&Geometry { size: 0, ..*journal }) } else { None }
}
