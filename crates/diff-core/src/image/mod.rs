//! What is detected in an image: the address where it runs, and where its words point.

mod base_address;
mod code;
mod forms;
mod windows;

use smidgen_patch::header::Forms;
use smidgen_patch::internals::refs::AddressSpace;

pub(crate) use base_address::base_address;
pub(crate) use code::looks_like;
pub(crate) use forms::forms;
pub(crate) use windows::windows;

/// Bytes in which the address is sought: what is larger is no single program, and takes memory and time.
const LOOKED_AT: usize = 64 << 20;

/// The addresses that words of the base may point at.
pub(crate) fn address_space(base: &[u8], address: Option<u64>) -> AddressSpace {
    let image_size = base.len() as u32;
    let looked_at = &base[..base.len().min(LOOKED_AT)];
    let (base_address, address_high) =
        address.map(halves).or_else(|| base_address(looked_at)).unwrap_or((0, 0));
    let windows = windows(looked_at, base_address);
    AddressSpace { base_address, address_high, image_size, windows, forms: Forms::NONE }
}

/// The lower and the upper 32 bits.
const fn halves(address: u64) -> (u32, u32) {
    (address as u32, (address >> 32) as u32)
}
