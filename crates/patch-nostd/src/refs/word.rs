//! Words of data that point somewhere: 32 or 64 bits, absolute or relative (`docs/format.md`, section 7.2).

use super::{AddressSpace, Bytes, REFERENCE_LENGTH, ReferenceOf};
use crate::wire::{Origin, WordForm};

/// Smaller words are numbers, not addresses. (Offsets in an image may be small.)
const LEAST: u32 = 0x100;

/// The form, or the only one that there is.
const fn known(form: WordForm) -> WordForm {
    if cfg!(feature = "words") { form } else { WordForm::POINTER }
}

/// The word that `bytes` at `address` begin with, if it points into `space`.
#[inline]
pub(super) fn find(
    form: WordForm,
    bytes: Bytes,
    address: u32,
    space: &AddressSpace,
) -> Option<ReferenceOf<WordForm>> {
    if address & (known(form).length() as u32 - 1) != 0 {
        return None;
    }
    let target = pointed(form, bytes, address, space)?;
    Some(ReferenceOf { form, length: known(form).length() as u8, extra: 0, target })
}

/// Where it points.
#[cfg_attr(not(feature = "std"), inline(never))]
fn pointed(form: WordForm, bytes: Bytes, address: u32, space: &AddressSpace) -> Option<u32> {
    let form = known(form);
    if form.origin == Origin::Absolute && halves(form, bytes).0 < LEAST {
        return None;
    }
    let target = target(form, bytes, address, space)?;
    space.contains(target).then_some(target)
}

/// Where a word at `address` points; `None` if its upper half is not an address's.
pub(super) fn target(form: WordForm, bytes: Bytes, address: u32, space: &AddressSpace) -> Option<u32> {
    let form = known(form);
    let (low, high) = halves(form, bytes);
    let target = low.wrapping_add(origin(form, address, space));
    let expected = match form.origin {
        Origin::Absolute => space.address_high,
        // Sign extension.
        Origin::Itself => ((low as i32) >> 31) as u32,
        Origin::Image => 0,
    };
    (!form.wide || high == expected).then_some(target)
}

/// The word at `address` that points at `target`.
#[cfg(feature = "words")]
pub(super) fn write(form: WordForm, address: u32, space: &AddressSpace, target: u32) -> Bytes {
    let low = target.wrapping_sub(origin(form, address, space));
    let high = match form.origin {
        Origin::Absolute => space.address_high,
        Origin::Itself => ((low as i32) >> 31) as u32,
        Origin::Image => 0,
    };
    let wide = u64::from(high) << 32 | u64::from(low);
    match (form.wide, form.big_endian) {
        (true, false) => wide.to_le_bytes(),
        (true, true) => wide.to_be_bytes(),
        (false, false) => u64::from(low).to_le_bytes(),
        (false, true) => u64::from(low.swap_bytes()).to_le_bytes(),
    }
}

/// The same where all words are addresses.
#[cfg(not(feature = "words"))]
pub(super) const fn write(_: WordForm, _: u32, _: &AddressSpace, target: u32) -> Bytes {
    target.to_le_bytes()
}

/// Keeps of an absolute address the top byte, which says flash or RAM, and of others nothing.
pub(super) fn mask(form: WordForm, bytes: Bytes) -> Bytes {
    let mut masked = [0; REFERENCE_LENGTH];
    let top = if form.big_endian { form.length() - 4 } else { 3 };
    if let (Origin::Absolute, Some(to), Some(&from)) = (form.origin, masked.get_mut(top), bytes.get(top)) {
        *to = from;
    }
    masked
}

/// The lower and the upper half.
#[cfg(feature = "words")]
const fn halves(form: WordForm, bytes: Bytes) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = bytes;
    match (form.wide, form.big_endian) {
        (true, true) => (u32::from_be_bytes([e, f, g, h]), u32::from_be_bytes([a, b, c, d])),
        (false, true) => (u32::from_be_bytes([a, b, c, d]), 0),
        _ => (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])),
    }
}

#[cfg(not(feature = "words"))]
const fn halves(_: WordForm, bytes: Bytes) -> (u32, u32) {
    (u32::from_le_bytes(bytes), 0)
}

const fn origin(form: WordForm, address: u32, space: &AddressSpace) -> u32 {
    match form.origin {
        Origin::Absolute => 0,
        Origin::Itself => address,
        Origin::Image => space.base_address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPACE: AddressSpace = AddressSpace {
        base_address: 0x0800_0000,
        address_high: 0xFFFF_8000,
        image_size: 0x10_0000,
        windows: [crate::wire::Window { start: 0, length: 0 }; crate::wire::MAX_WINDOWS],
        forms: crate::wire::Forms::NONE,
    };

    fn found(form: WordForm, bytes: [u8; 8], address: u32) -> Option<u32> {
        let bytes: Bytes = core::array::from_fn(|place| bytes[place]);
        find(form, bytes, address, &SPACE).map(|reference| reference.target)
    }

    #[test]
    fn worked_examples() {
        let pointer = WordForm::POINTER;
        assert_eq!(found(pointer, [0x34, 0x12, 0, 8, 9, 9, 9, 9], 0x0800_0004), Some(0x0800_1234));
        assert_eq!(found(pointer, [0x34, 0x12, 0, 8, 9, 9, 9, 9], 0x0800_0002), None);
        if cfg!(not(feature = "words")) {
            return;
        }
        let big = WordForm { big_endian: true, ..pointer };
        assert_eq!(found(big, [8, 0, 0x12, 0x34, 9, 9, 9, 9], 0x0800_0004), Some(0x0800_1234));
        let wide = WordForm::WIDE_POINTER;
        assert_eq!(found(wide, [0x34, 0x12, 0, 8, 0, 0x80, 0xFF, 0xFF], 0x0800_0008), Some(0x0800_1234));
        assert_eq!(found(wide, [0x34, 0x12, 0, 8, 0, 0, 0, 0], 0x0800_0008), None);
        let itself = WordForm { origin: Origin::Itself, ..pointer };
        assert_eq!(found(itself, [0xFC, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0], 0x0800_0100), Some(0x0800_00FC));
        let image = WordForm { origin: Origin::Image, ..pointer };
        assert_eq!(found(image, [0x34, 0x12, 0, 0, 0, 0, 0, 0], 0x0800_0004), Some(0x0800_1234));
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read(bits: u8, address: u32, target: u32) {
            let Ok(crate::wire::PageKind::Words(form)) = crate::wire::PageKind::from_number(16 | bits & 15)
            else { return Ok(()) };
            let bytes = write(form, address, &SPACE, target);
            assert_eq!(super::target(form, bytes, address, &SPACE), Some(target));
        }
    }
}
