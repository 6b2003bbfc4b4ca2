//! The addresses that references may point at (`docs/format.md`, section 7.1).

use crate::wire::{Forms, MAX_WINDOWS, PageKind, Window};

/// The addresses that references may point at, and what else the header says about references.
#[derive(Clone, Copy, Debug, Default)]
pub struct AddressSpace {
    /// Address of the image's first byte: the lower 32 bits.
    pub base_address: u32,
    /// The upper 32 bits of all addresses.
    pub address_high: u32,
    /// Size of the base image in bytes.
    pub image_size: u32,
    /// Other ranges, RAM for instance. The first one without a length ends the list.
    pub windows: [Window; MAX_WINDOWS],
    /// The forms of pages whose kind is [`PageKind::Described`].
    pub forms: Forms,
}

impl AddressSpace {
    /// References of pages of `kind` begin at multiples of this many bytes.
    #[must_use]
    #[inline(always)]
    pub fn alignment(&self, kind: PageKind) -> u32 {
        #[cfg(feature = "described")]
        if kind == PageKind::Described {
            return self.forms.as_slice().iter().map(|form| form.alignment.into()).min().unwrap_or(1);
        }
        kind.alignment()
    }

    /// Whether a word of this value is taken for a pointer.
    #[must_use]
    pub fn contains(&self, address: u32) -> bool {
        address.wrapping_sub(self.base_address) < self.image_size
            || (self.windows.iter().take_while(|window| window.length > 0))
                .any(|window| address.wrapping_sub(window.start) < window.length)
    }
}
