//! A stretch of addresses.

use std::fmt;

/// A number of bytes from an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "release", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Stretch {
    /// The address of the first byte.
    pub address: u64,
    /// Bytes; at least one.
    pub size: u64,
}

impl Stretch {
    /// The stretch from one address up to and without another one.
    pub(super) const fn between(start: u64, end: u64) -> Self {
        Self { address: start, size: end.saturating_sub(start) }
    }

    /// The address after the last byte.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.address.saturating_add(self.size)
    }
}

/// First and last address.
impl fmt::Display for Stretch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#010x} to {:#010x}", self.address, self.end().saturating_sub(1))
    }
}
