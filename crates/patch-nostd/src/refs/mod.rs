//! References: finding them in the base, moving their targets, predicting where targets went
//! (`docs/format.md`, section 7).
//!
//! When a cover copies a call or a pointer, the copy need not be told the new value: the decoder reads the old
//! one, works out what it pointed at, and guesses where that went. One file per kind of reference reads and
//! writes it side by side; `predict` lists the guesses.

mod landmarks;
mod learned;
mod predict;
mod thumb;
mod word;

pub use landmarks::{Landmark, Landmarks};
pub use learned::{Learned, LearnedEntry};
pub use predict::{Candidates, Predictor, SOURCES, Site};

use crate::wire::{RegionKind, Window};

/// Bytes of a reference; all kinds of this version have the same.
pub const REFERENCE_LENGTH: usize = 4;

/// The addresses that words may point at.
#[derive(Clone, Copy, Debug, Default)]
pub struct AddressSpace {
    /// Address of the image's first byte.
    pub base_address: u32,
    /// Size of the base image in bytes.
    pub image_size: u32,
    /// Other ranges, RAM for instance.
    pub windows: [Window; crate::wire::MAX_WINDOWS],
}

impl AddressSpace {
    /// Whether a word of this value is taken for a pointer.
    #[must_use]
    pub fn contains(&self, address: u32) -> bool {
        address.wrapping_sub(self.base_address) < self.image_size
            || self.windows.iter().any(|window| address.wrapping_sub(window.start) < window.length)
    }
}

/// A kind of reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceKind {
    /// A word that is an address.
    Word,
    /// A Thumb-2 branch with a 25-bit offset: BL, BLX or B.W.
    ThumbBranch,
}

impl ReferenceKind {
    /// Finds the reference that begins with `bytes`, if any, as a stretch of kind `region` holds it at `address`.
    #[must_use]
    #[inline]
    pub fn find(region: RegionKind, bytes: [u8; 4], address: u32, space: &AddressSpace) -> Option<Self> {
        match region {
            RegionKind::Bytes => None,
            RegionKind::Thumb if address & 1 == 0 && thumb::is_branch(bytes) => Some(Self::ThumbBranch),
            RegionKind::Thumb | RegionKind::Words => {
                (address & 3 == 0 && space.contains(word::read(bytes))).then_some(Self::Word)
            }
        }
    }

    /// The absolute address that the reference at `address` points at.
    #[must_use]
    pub fn read(self, bytes: [u8; 4], address: u32) -> u32 {
        match self {
            Self::Word => word::read(bytes),
            Self::ThumbBranch => thumb::read(bytes, address),
        }
    }

    /// `bytes` with its target replaced, or `None` if the instruction cannot reach that far.
    #[must_use]
    pub fn write(self, bytes: [u8; 4], address: u32, target: u32) -> Option<[u8; 4]> {
        match self {
            Self::Word => Some(word::write(target)),
            Self::ThumbBranch => thumb::write(bytes, address, target),
        }
    }

    /// Whether `bytes` is a reference of the same form, so that something can be learned from it.
    #[must_use]
    pub fn matches(self, old: [u8; 4], bytes: [u8; 4], space: &AddressSpace) -> bool {
        match self {
            Self::Word => space.contains(word::read(bytes)),
            Self::ThumbBranch => thumb::same_form(old, bytes),
        }
    }

    /// `bytes` without its operand: what stays the same when only the target moves.
    #[must_use]
    pub fn mask(self, bytes: [u8; 4]) -> [u8; 4] {
        match self {
            Self::Word => word::mask(bytes),
            Self::ThumbBranch => thumb::mask(bytes),
        }
    }

    /// Whether the bytes change when the reference moves and its target does not.
    #[must_use]
    pub const fn is_relative(self) -> bool {
        matches!(self, Self::ThumbBranch)
    }
}
