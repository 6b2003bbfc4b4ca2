//! How inputs are read: the choices of those who know better than what files say.

use std::ops::Range;

use super::Format;

/// How an input is read. Nothing but gaps, ranges and families can change what comes of a file of a given format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What the file is taken for; found out by its contents if absent.
    pub format: Option<Format>,
    /// What bytes between two ranges become: what flash holds where nothing was written.
    pub fill: u8,
    /// The longest gap that is filled, in bytes.
    pub max_gap: u64,
    /// Addresses that are taken, where a file holds more than one memory; all if absent.
    pub range: Option<Range<u64>>,
    /// The family whose blocks are taken of a UF2 file for several.
    pub family: Option<u32>,
}

/// The longest gap that is filled without being asked for: two sectors of large flash, not the way to another memory.
pub const DEFAULT_MAX_GAP: u64 = 64 << 10;
/// What erased flash holds.
pub const DEFAULT_FILL: u8 = 0xFF;

impl Default for Reading {
    fn default() -> Self {
        Self { format: None, fill: DEFAULT_FILL, max_gap: DEFAULT_MAX_GAP, range: None, family: None }
    }
}

impl Reading {
    /// The usual reading of a file of this format.
    #[must_use]
    pub fn of(format: Format) -> Self {
        Self { format: Some(format), ..Self::default() }
    }
}
