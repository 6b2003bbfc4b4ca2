//! Landmarks: covers that are known before the first copy (`docs/format.md`, section 7.5).

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A cover that was sent ahead: twelve bytes of workspace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Landmark {
    /// Where it begins in the base image.
    pub base: u32,
    /// Where it begins in the target.
    pub target: u32,
    /// Bytes.
    pub length: u32,
}

crate::state::state!(Landmark: base, target, length);

impl Landmark {
    /// Target offset minus base offset.
    #[must_use]
    pub const fn displacement(&self) -> i32 {
        self.target.wrapping_sub(self.base) as i32
    }
}

/// All landmarks, ascending by base offset.
#[derive(Debug)]
pub struct Landmarks<'w> {
    entries: &'w mut [Landmark],
}

crate::state::state!(Landmarks<'_>: entries);

impl<'w> Landmarks<'w> {
    /// A map over entries that are still to be filled in.
    pub fn new(entries: &'w mut [Landmark]) -> Self {
        Self { entries }
    }

    /// The entries, ascending by base offset.
    #[must_use]
    pub fn as_slice(&self) -> &[Landmark] {
        self.entries
    }

    /// Sets an entry; they are set in order.
    pub fn set(&mut self, index: usize, landmark: Landmark) {
        if let Some(entry) = self.entries.get_mut(index) {
            *entry = landmark;
        }
    }

    /// How far the cover that copies the base's byte at `offset` moved it.
    #[must_use]
    #[cfg_attr(not(feature = "std"), inline(never))]
    pub fn displacement(&self, offset: u32) -> Option<i32> {
        let after = self.entries.partition_point(|entry| entry.base <= offset);
        let entry = self.entries.get(after.checked_sub(1)?)?;
        (offset.wrapping_sub(entry.base) < entry.length).then(|| entry.displacement())
    }
}
