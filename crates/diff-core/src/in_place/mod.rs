//! Packages for an update in place: how a device replaces an image in the slot that holds it (`docs/format.md`,
//! section 8.2).

mod available;
mod plans;
mod prove;

pub(crate) use available::{available_covers, available_ranges};
pub(crate) use plans::{Candidates, check};
pub(crate) use prove::prove;

/// The device's flash, all in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InPlace {
    /// The slot that holds the old image and is to hold the new one.
    pub slot: u32,
    /// What the flash erases at once.
    pub page: u32,
    /// What it writes at once.
    pub write: u32,
    /// The scratch area, two pages at least.
    pub scratch: u32,
}
