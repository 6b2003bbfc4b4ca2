//! Recent and upcoming covers: where code nearby went (`docs/format.md`, section 7.5).

use super::Landmark;

/// How many covers are remembered, the one after the current one included.
const REMEMBERED: usize = 8;

/// The covers of the base that were announced last.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nearby {
    /// Newest first.
    covers: [Landmark; REMEMBERED],
}

crate::state::state!(Nearby: covers);

impl Nearby {
    /// Remembers a cover.
    pub fn add(&mut self, cover: Landmark) {
        self.covers.iter_mut().fold(cover, |newer, place| core::mem::replace(place, newer));
    }

    /// How far the cover moved it that copies the base's byte at `offset`: preferably the one that moves by
    /// `usual`, otherwise the one announced last.
    #[must_use]
    pub fn displacement(&self, offset: u32, usual: i32) -> Option<i32> {
        let holds = |cover: &&Landmark| offset.wrapping_sub(cover.base) < cover.length;
        let mut known = self.covers.iter().filter(holds).map(Landmark::displacement);
        let newest = known.next()?;
        Some(if known.any(|displacement| displacement == usual) { usual } else { newest })
    }
}
