//! The flash of a device that replaces an image in the slot that holds it (`docs/format.md`, section 8.2).

use super::error::DiffError;

/// The device's flash, all in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InPlace {
    /// The slot that holds the base and is to hold the target.
    pub slot: u32,
    /// What the flash erases at once.
    pub page: u32,
    /// What it writes at once.
    pub write: u32,
    /// The scratch area, two pages at least.
    pub scratch: u32,
}

/// The most bytes that a device's areas may have together: their places are numbers of 32 bits, and the decoder's state
/// comes to them.
const AREAS_LIMIT: u64 = 1 << 31;

impl InPlace {
    /// Refuses flash that no update in place works on, before anything else is done.
    pub(crate) fn check(&self, size: usize) -> Result<(), DiffError> {
        let Self { slot, page, write, scratch } = *self;
        let wrong = |what: String| Err(DiffError::InPlace(what));
        if page == 0 || write == 0 || !page.is_multiple_of(write) {
            return wrong(format!("pages of {page} bytes are not whole units of {write} bytes"));
        }
        if u64::from(scratch) < 2 * u64::from(page) {
            return wrong(format!(
                "a scratch area of {scratch} bytes is less than two pages of {page} bytes"
            ));
        }
        // Journal and state are a few pages more.
        let areas = u64::from(slot) + u64::from(scratch) + 8 * u64::from(page);
        if areas > AREAS_LIMIT {
            return wrong(format!(
                "slot, scratch area and journal are {areas} bytes; the limit is {AREAS_LIMIT}"
            ));
        }
        let slot = slot / page * page;
        if size as u64 > u64::from(slot) {
            return wrong(format!("an image of {size} bytes does not fit into the slot's {slot} bytes"));
        }
        Ok(())
    }
}
