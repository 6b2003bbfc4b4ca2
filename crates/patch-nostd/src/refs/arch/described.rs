//! Code of processors without a file of their own: references as the header describes them (`docs/format.md`, sections 3.6
//! and 7.3.7).

use super::bits::word;
use crate::refs::{AddressSpace, Bytes, Class, ReferenceOf, View};
use crate::wire::{ByteOrder, Description, Reach};

/// A form of the header's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// Its place in the list.
    index: u8,
    /// What it is like.
    pub(super) class: Class,
}

/// The reference that `view` begins with: of the first form that it meets.
pub(super) fn find(view: &View<'_>, space: &AddressSpace) -> Option<ReferenceOf<Form>> {
    for (index, form) in (0..).zip(space.forms.as_slice()) {
        let aligned = view.address & u32::from(form.alignment).wrapping_sub(1) == 0;
        let instruction = form.word(view.first);
        if !aligned || instruction & form.mask != form.value {
            continue;
        }
        let target = form.target(instruction, view.address);
        let class = match form.reach {
            Reach::Pointer if space.contains(target) => Class::Pointer,
            Reach::Pointer => continue,
            Reach::Far => Class::Branch,
            Reach::Near => Class::Near,
        };
        return Some(ReferenceOf { form: Form { index, class }, length: form.length, extra: 0, target });
    }
    None
}

/// Encoders only: the opcode of an instruction, all of it but the operand, and the operand with the zeros behind it.
#[cfg(feature = "encode")]
#[must_use]
pub fn operand(form: &Description, bytes: Bytes) -> (u32, u32, u32) {
    let word = form.word(bytes);
    // From the address that makes it begin at zero.
    let operand = form.target(word, u32::from(form.ahead).wrapping_neg());
    (word & form.mask, form.with_operand(word, 0), operand)
}

impl Form {
    /// The target of the instruction at `address`.
    pub(super) fn read(self, bytes: Bytes, address: u32, space: &AddressSpace) -> u32 {
        self.described(space).map_or(0, |form| form.target(form.word(bytes), address))
    }

    /// The same instruction, at `address`, to `target`; `None` when it cannot be reached.
    pub(super) fn write(
        self,
        bytes: Bytes,
        address: u32,
        space: &AddressSpace,
        target: u32,
    ) -> Option<Bytes> {
        let form = self.described(space)?;
        let operand = form.operand(address, target)?;
        Some(form.with_word(bytes, form.with_operand(form.word(bytes), operand)))
    }

    /// Keeps what stays the same when only the target moves; near references stay as they are, they mostly do not change.
    pub(super) fn mask(self, bytes: Bytes, space: &AddressSpace) -> Bytes {
        match self.described(space) {
            Some(form) if self.class != Class::Near => {
                form.with_word(bytes, form.with_operand(form.word(bytes), 0))
            }
            _ => bytes,
        }
    }

    fn described(self, space: &AddressSpace) -> Option<&Description> {
        space.forms.as_slice().get(usize::from(self.index))
    }
}

impl Description {
    /// The instruction as a number.
    fn word(&self, bytes: Bytes) -> u32 {
        match self.order {
            ByteOrder::Little => word(bytes) & ones(u32::from(self.length) * 8),
            ByteOrder::Big => word(bytes).swap_bytes().wrapping_shr(self.unused()),
            ByteOrder::Halves => word(bytes).rotate_left(16),
        }
    }

    /// `bytes` with this instruction in front.
    fn with_word(&self, mut bytes: Bytes, word: u32) -> Bytes {
        let word = match self.order {
            ByteOrder::Little => word,
            ByteOrder::Big => word.wrapping_shl(self.unused()).swap_bytes(),
            ByteOrder::Halves => word.rotate_left(16),
        };
        let own = bytes.iter_mut().take(self.length.into());
        own.zip(word.to_le_bytes()).for_each(|(place, byte)| *place = byte);
        bytes
    }

    /// Bits of a word that the instruction does not have.
    fn unused(&self) -> u32 {
        32u32.wrapping_sub(u32::from(self.length) * 8)
    }

    /// Where the instruction at `address` points.
    fn target(&self, word: u32, address: u32) -> u32 {
        let origin = address.wrapping_add(self.ahead.into());
        let mut operand = 0u32;
        for part in &self.parts {
            operand = operand.wrapping_shl(part.bits.into())
                | word.wrapping_shr(part.low.into()) & ones(part.bits.into());
        }
        let operand = operand.wrapping_shl(self.scale.into());
        let reached = ones(self.bits());
        if self.relative {
            origin.wrapping_add(extended(operand, self.bits()))
        } else {
            origin & !reached | operand & reached
        }
    }

    /// The operand, without the zeros behind it, with which the instruction at `address` points at `target`.
    fn operand(&self, address: u32, target: u32) -> Option<u32> {
        let origin = address.wrapping_add(self.ahead.into());
        let (operand, rest) = if self.relative {
            let distance = target.wrapping_sub(origin);
            (distance, distance ^ extended(distance, self.bits()))
        } else {
            (target & ones(self.bits()), (target ^ origin) & !ones(self.bits()))
        };
        let fits = rest == 0 && operand & ones(self.scale.into()) == 0;
        fits.then(|| operand.wrapping_shr(self.scale.into()))
    }

    /// The word with this operand.
    fn with_operand(&self, mut word: u32, mut operand: u32) -> u32 {
        for part in self.parts.iter().rev() {
            let (low, field) = (part.low.into(), ones(part.bits.into()));
            word = word & !field.wrapping_shl(low) | (operand & field).wrapping_shl(low);
            // All 32 bits at once would be none.
            operand = operand.checked_shr(part.bits.into()).unwrap_or(0);
        }
        word
    }
}

/// A number whose lowest `bits` bits are set, at most 32.
fn ones(bits: u32) -> u32 {
    u32::MAX.checked_shr(32u32.wrapping_sub(bits)).unwrap_or(0)
}

/// The lower `bits` of `value`, 1 to 32, the highest of them a sign.
fn extended(value: u32, bits: u32) -> u32 {
    let unused = 32u32.wrapping_sub(bits);
    ((value.wrapping_shl(unused) as i32).wrapping_shr(unused)) as u32
}

#[cfg(all(test, feature = "encode"))]
mod tests {
    use super::*;
    use crate::refs::Reference;
    use crate::wire::{Forms, PageKind, Part};
    use proptest::prelude::*;

    fn parts<const N: usize>(parts: [(u8, u8); N]) -> [Part; 4] {
        let part = |place: usize| parts.get(place).map_or(Part::default(), |&(low, bits)| Part { low, bits });
        core::array::from_fn(part)
    }

    fn space(forms: &[Description]) -> AddressSpace {
        AddressSpace { forms: Forms::new(forms).unwrap(), image_size: 0x1000, ..AddressSpace::default() }
    }

    /// Where the instruction points that these bytes are, and what it becomes when that moves by `by`.
    fn moved(form: Description, bytes: &[u8], address: u32, by: u32) -> Option<(u32, [u8; 4])> {
        let (space, halves) = (space(&[form]), crate::refs::Halves::default());
        let view = View::new(bytes, address, false);
        let reference = Reference::find(PageKind::Described, &view, &space, &halves)?;
        let written = reference.write(view.first, address, &space, reference.target.wrapping_add(by))?;
        Some((reference.target, core::array::from_fn(|place| written[place])))
    }

    #[test]
    fn instructions_of_many_processors_can_be_described() {
        let little = Description { length: 4, alignment: 4, ..Description::default() };
        let big = Description { order: ByteOrder::Big, ..little };
        let halves = Description { order: ByteOrder::Halves, alignment: 2, ..little };
        // MIPS: jal, within 256 MiB.
        let jal = Description {
            mask: 0xFC00_0000,
            value: 0x0C00_0000,
            scale: 2,
            ahead: 4,
            parts: parts([(0, 26)]),
            ..big
        };
        assert_eq!(moved(jal, &[0x0C, 0, 0, 4], 0x8000_0000, 8), Some((0x8000_0010, [0x0C, 0, 0, 6])));
        assert_eq!(moved(jal, &[0x0C, 0, 0, 4], 0x8000_0000, 0x1000_0000), None);
        assert_eq!(moved(jal, &[0x08, 0, 0, 4], 0x8000_0000, 8), None);
        assert_eq!(moved(jal, &[0x0C, 0, 0, 4], 0x8000_0002, 8), None);
        // PowerPC: bl.
        let bl = Description {
            mask: 0xFC00_0003,
            value: 0x4800_0001,
            scale: 2,
            relative: true,
            parts: parts([(2, 24)]),
            ..big
        };
        assert_eq!(moved(bl, &[0x4B, 0xFF, 0xFF, 0xFD], 0x100, 8), Some((0xFC, [0x48, 0, 0, 5])));
        assert_eq!(moved(bl, &[0x48, 0, 0, 5], 0x100, 2), None);
        // AVR: call, rcall.
        let call = Description {
            mask: 0xFE0E_0000,
            value: 0x940E_0000,
            scale: 1,
            parts: parts([(20, 5), (0, 17)]),
            ..halves
        };
        assert_eq!(
            moved(call, &[0x0E, 0x94, 0x34, 0x12], 0x40, 0x2_0000),
            Some((0x2468, [0x0F, 0x94, 0x34, 0x12]))
        );
        let rcall = Description {
            length: 2,
            alignment: 2,
            mask: 0xF000,
            value: 0xD000,
            scale: 1,
            ahead: 2,
            relative: true,
            parts: parts([(0, 12)]),
            ..Description::default()
        };
        assert_eq!(moved(rcall, &[0xFF, 0xDF], 0x40, 4), Some((0x40, [1, 0xD0, 0, 0])));
        // 8051: lcall. RX: bsr.
        let lcall = Description {
            length: 3,
            alignment: 1,
            mask: 0xFF_0000,
            value: 0x12_0000,
            parts: parts([(0, 16)]),
            ..big
        };
        assert_eq!(moved(lcall, &[0x12, 0x34, 0x56], 0x41, 1), Some((0x3456, [0x12, 0x34, 0x57, 0])));
        let bsr = Description {
            alignment: 1,
            mask: 0xFF,
            value: 5,
            relative: true,
            parts: parts([(8, 24)]),
            ..little
        };
        assert_eq!(moved(bsr, &[5, 0xFF, 0xFF, 0xFF], 0x41, 2), Some((0x40, [5, 1, 0, 0])));
        // TriCore: call, whose highest bits are in the middle.
        let call = Description {
            mask: 0xFF,
            value: 0x6D,
            scale: 1,
            relative: true,
            parts: parts([(8, 8), (16, 16)]),
            alignment: 2,
            ..little
        };
        assert_eq!(moved(call, &[0x6D, 1, 2, 0], 0x100, 2), Some((0x2_0104, [0x6D, 1, 3, 0])));
        // A pointer of 32 bits, which is one only within the image.
        let pointer = Description { reach: Reach::Pointer, parts: parts([(0, 32)]), ..big };
        assert_eq!(moved(pointer, &[0, 0, 0x0F, 0xFF], 8, 1), Some((0xFFF, [0, 0, 0x10, 0])));
        assert_eq!(moved(pointer, &[0, 0, 0x10, 0], 8, 1), None);
    }

    #[test]
    fn the_first_form_that_fits_gives_the_reference() {
        let any = Description { length: 2, alignment: 1, parts: parts([(0, 8)]), ..Description::default() };
        let found = |forms: &[Description]| {
            let view = View::new(&[1, 2, 3, 4], 0, false);
            find(&view, &space(forms)).map(|found| (found.form.index, found.length))
        };
        assert_eq!(found(&[any, Description { length: 3, ..any }]), Some((0, 2)));
        assert_eq!(found(&[Description { mask: 1, ..any }, Description { length: 3, ..any }]), Some((1, 3)));
        assert_eq!(found(&[]), None);
    }

    /// Forms that a header may describe, whose parts do not overlap.
    fn form() -> impl Strategy<Value = Description> {
        let shape = (2..=4u8, 0..3usize, 0..3u8, any::<bool>(), 0..4u8, 0..16u8);
        let parts = proptest::collection::vec((1..=8u8, 0..=3u8), 1..=4);
        (shape, parts, any::<bool>()).prop_map(
            |((length, order, log, relative, scale, ahead), widths, rising)| {
                let mut low = 0;
                let mut parts: std::vec::Vec<Part> = std::vec::Vec::new();
                for (bits, gap) in widths {
                    if low + gap + bits <= length * 8
                        && parts.iter().map(|part| part.bits).sum::<u8>() + bits + scale <= 32
                    {
                        parts.push(Part { low: low + gap, bits });
                        low += gap + bits;
                    }
                }
                if !rising {
                    parts.reverse();
                }
                let order = [ByteOrder::Little, ByteOrder::Big, ByteOrder::Halves][order];
                let order = if length == 4 || order != ByteOrder::Halves { order } else { ByteOrder::Big };
                let parts = core::array::from_fn(|place| parts.get(place).copied().unwrap_or_default());
                Description {
                    length,
                    order,
                    alignment: 1 << log,
                    relative,
                    scale,
                    ahead,
                    parts,
                    ..Description::default()
                }
            },
        )
    }

    proptest! {
        #[test]
        fn writing_what_was_read_changes_nothing(form in form(), bytes: Bytes, address: u32) {
            let target = form.target(form.word(bytes), address);
            let space = space(&[form]);
            let this = Form { index: 0, class: Class::Branch };
            prop_assert_eq!(this.read(bytes, address, &space), target);
            prop_assert_eq!(this.write(bytes, address, &space, target), Some(bytes));
            prop_assert_eq!(form.with_word(bytes, form.word(bytes)), bytes);
        }

        #[test]
        fn what_is_written_is_read(form in form(), bytes: Bytes, address: u32, target: u32) {
            let space = space(&[form]);
            let this = Form { index: 0, class: Class::Branch };
            if let Some(written) = this.write(bytes, address, &space, target) {
                prop_assert_eq!(this.read(written, address, &space), target);
                prop_assert_eq!(this.mask(written, &space), this.mask(bytes, &space));
            }
        }

        #[test]
        fn no_description_makes_it_panic(numbers: [u32; 4], bytes: Bytes, address: u32, target: u32, raw: [u8; 13]) {
            let [a, b, c, d, e, f, g, h, i, j, k, l, m] = raw;
            let form = Description {
                length: a % 3 + 2, alignment: b, relative: c & 1 != 0, scale: d, ahead: e, mask: numbers[0],
                value: numbers[1], parts: [(f, g), (h, i), (j, k), (l, m)].map(|(low, bits)| Part { low, bits }),
                ..Description::default()
            };
            let read = form.target(form.word(bytes), address);
            let _ = form.operand(address, target).map(|operand| form.with_operand(read, operand));
        }
    }
}
