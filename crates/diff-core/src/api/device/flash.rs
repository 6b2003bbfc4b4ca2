//! The flash of a device: what of it cannot be read, and for which one a package is to be in place.

use super::{Device, ProfileError};
use crate::api::in_place::InPlace;
use crate::settings::{by_name, parse, parse_area, put_parsed, setters, settings};

/// The smallest write where none is given, in bytes.
const DEFAULT_WRITE: u32 = 8;

/// Whether a package is to be one in place, and for which flash: what leads to an [`InPlace`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FlashOptions {
    /// Whether the package can also be applied in the slot that holds the base.
    pub in_place: Option<bool>,
    /// Bytes of the slot.
    pub slot: Option<u32>,
    /// Bytes of an erase page.
    pub page: Option<u32>,
    /// Bytes of the scratch area.
    pub scratch: Option<u32>,
    /// Bytes of the smallest write; 8 if absent.
    pub write: Option<u32>,
}

setters!(FlashOptions {
    with_in_place: in_place: Option<bool>,
    with_slot: slot: Option<u32>,
    with_page: page: Option<u32>,
    with_scratch: scratch: Option<u32>,
    with_write: write: Option<u32>,
});

/// What of a flash cannot be read: there, a driver gets errors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnreadableFlash {
    /// Everything can be read; what was interrupted is noise.
    #[default]
    Nothing,
    /// What a write or an erase left that lost power: flash with error correction.
    Torn,
    /// That, and what was erased and not written since.
    TornOrErased,
}

by_name!(UnreadableFlash { Nothing = "nothing", Torn = "torn", TornOrErased = "torn-or-erased" });

settings! {
    FlashOptions, Some("Update in place");
    "in-place": "Make an in-place package: it can also be applied in the slot that holds the base",
        |flash, text| put_parsed(&mut flash.in_place, parse(text).map(Some));
    "slot" "SIZE": "Size of the slot, such as 256K",
        |flash, text| put_parsed(&mut flash.slot, parse_area(text).map(Some));
    "page" "SIZE": "Size of an erase page",
        |flash, text| put_parsed(&mut flash.page, parse_area(text).map(Some));
    "scratch" "SIZE": "Size of the scratch area, at least two pages",
        |flash, text| put_parsed(&mut flash.scratch, parse_area(text).map(Some));
    "write-size" "SIZE": "Size of the smallest write [default: 8]",
        |flash, text| put_parsed(&mut flash.write, parse_area(text).map(Some));
}

impl FlashOptions {
    /// The flash of a device, and whether it updates in place.
    #[must_use]
    pub fn of(device: &Device) -> Self {
        let Device { slot, page, scratch, write, .. } = *device;
        let in_place = device.update.map(|update| update == super::Update::InPlace);
        Self { in_place, slot, page, scratch, write }
    }

    /// The flash to make an in-place package for; `None` if it is not to be one.
    ///
    /// # Errors
    /// Parts of the flash that are missing.
    pub fn in_place(&self) -> Result<Option<InPlace>, ProfileError> {
        if self.in_place != Some(true) {
            return Ok(None);
        }
        let (Some(slot), Some(page), Some(scratch)) = (self.slot, self.page, self.scratch) else {
            let parts = [("slot", self.slot), ("page", self.page), ("scratch", self.scratch)];
            let missing: Vec<&str> =
                parts.into_iter().filter(|(_, size)| size.is_none()).map(|(name, _)| name).collect();
            return Err(ProfileError(format!(
                "an update in place needs the sizes of slot, page and scratch: give {}",
                missing.join(", ")
            )));
        };
        let write = self.write.unwrap_or(DEFAULT_WRITE);
        Ok(Some(InPlace { slot, page, write, scratch }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flash_of_an_update_in_place_is_whole() {
        let flash = FlashOptions::default().with_page(Some(4096)).with_slot(Some(1 << 20));
        assert_eq!(flash.in_place(), Ok(None));
        let flash = flash.with_in_place(Some(true));
        assert!(flash.in_place().unwrap_err().to_string().ends_with("give scratch"));
        let whole = flash.with_scratch(Some(8192)).in_place().unwrap().unwrap();
        assert_eq!((whole.slot, whole.page, whole.scratch, whole.write), (1 << 20, 4096, 8192, 8));
    }
}
