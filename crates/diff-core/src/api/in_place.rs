//! The flash of a device that replaces an image in the slot that holds it (`docs/format.md`, section 8.2).

use thiserror::Error;

use crate::settings::setters;

/// The device's flash, all in bytes. The default is no flash at all: set everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct InPlace {
    /// The slot that holds the base and is to hold the target.
    pub slot: u32,
    /// The erase page.
    pub page: u32,
    /// The write unit.
    pub write: u32,
    /// The scratch area, at least two erase pages.
    pub scratch: u32,
}

setters!(InPlace { with_slot: slot: u32, with_page: page: u32, with_write: write: u32, with_scratch: scratch: u32 });

/// Why no update in place works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InPlaceError {
    /// Packages of codec `zstd` cannot be applied in place.
    #[error("packages of codec zstd cannot be applied in place; use codec cm or lite")]
    Codec,
    /// An erase page consists of whole write units.
    #[error("pages of {page} bytes are not whole units of {write} bytes")]
    Page {
        /// The erase page.
        page: u32,
        /// The write unit.
        write: u32,
    },
    /// The scratch area has at least two erase pages.
    #[error("a scratch area of {scratch} bytes is less than two pages of {page} bytes")]
    Scratch {
        /// The scratch area.
        scratch: u32,
        /// The erase page.
        page: u32,
    },
    /// Addresses on the device have 32 bits.
    #[error("slot, scratch area and journal are {size} bytes; the limit is {limit}")]
    Areas {
        /// Bytes of all areas.
        size: u64,
        /// The most that is allowed.
        limit: u64,
    },
    /// The slot holds either image.
    #[error("an image of {size} bytes does not fit into the slot's {slot} bytes")]
    Slot {
        /// Bytes of the larger image.
        size: usize,
        /// Bytes of the slot's whole pages.
        slot: u32,
    },
}

/// The most bytes that a device's areas may have together: addresses have 32 bits, and the decoder's state comes on top.
const AREAS_LIMIT: u64 = 1 << 31;

impl InPlace {
    /// Refuses what no update in place works with; `size` is the larger image's.
    pub(crate) fn check(&self, size: usize) -> Result<(), InPlaceError> {
        let Self { slot, page, write, scratch } = *self;
        if page == 0 || write == 0 || !page.is_multiple_of(write) {
            return Err(InPlaceError::Page { page, write });
        }
        if u64::from(scratch) < 2 * u64::from(page) {
            return Err(InPlaceError::Scratch { scratch, page });
        }
        // Journal and state are a few pages more.
        let areas = u64::from(slot) + u64::from(scratch) + 8 * u64::from(page);
        if areas > AREAS_LIMIT {
            return Err(InPlaceError::Areas { size: areas, limit: AREAS_LIMIT });
        }
        let slot = slot / page * page;
        if size as u64 > u64::from(slot) {
            return Err(InPlaceError::Slot { size, slot });
        }
        Ok(())
    }
}
