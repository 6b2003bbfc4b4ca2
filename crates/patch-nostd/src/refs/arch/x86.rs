//! x86-64 code: calls, jumps and operands relative to the instruction pointer (`docs/format.md`, section 7.3).
//!
//! Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, chapters 2 and 3, appendix A:
//!
//! ```text
//! CALL     E8 rel32              operand of one-byte opcodes    op ModRM disp32 [imm]
//! JMP      E9 rel32              operand of two-byte opcodes    0F op ModRM disp32 [imm8]
//! Jcc      0F 8x rel32           ModRM: mod = 00, r/m = 101
//! ```
//!
//! All count from the end of the instruction. Prefixes stay outside, and so do the immediates that follow.

use super::instruction::{Instruction, Pointers};
use crate::refs::{AddressSpace, Bytes, Class, Halves, ReferenceOf, View};
use crate::wire::WordForm;

/// The place of the 32-bit displacement of an instruction, from its opcode on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// Bytes before the displacement: 1 to 3.
    before: u8,
    /// Bytes of immediate after it: 0, 1 or 4.
    after: u8,
    /// The instruction goes there, rather than to read or write.
    branch: bool,
}

impl Form {
    const fn branch(before: u8) -> Self {
        Self { before, after: 0, branch: true }
    }

    const fn operand(before: u8, after: u8) -> Self {
        Self { before, after, branch: false }
    }
}

impl Instruction for Form {
    const POINTERS: Pointers = Pointers::After(WordForm::WIDE_POINTER);

    /// By chance, hardly any displacement leads into the image.
    #[inline]
    fn find(view: &View<'_>, space: &AddressSpace, _halves: &Halves) -> Option<ReferenceOf<Self>> {
        let bytes = view.first;
        let form = form(bytes)?;
        let target = form.read(bytes, view.address, 0);
        // Data that is not stored lies beyond the end.
        let reach = space.image_size.saturating_add(space.image_size >> 2);
        let near = target.wrapping_sub(space.base_address) < reach;
        near.then_some(ReferenceOf { form, length: form.before + 4, extra: 0, target })
    }

    /// The target of the instruction whose opcode is at `address`.
    fn read(self, bytes: Bytes, address: u32, _extra: u32) -> u32 {
        let [_, b, c, d, e, f, g, _] = bytes;
        let offset = match self.before {
            1 => [b, c, d, e],
            2 => [c, d, e, f],
            _ => [d, e, f, g],
        };
        end(self, address).wrapping_add(u32::from_le_bytes(offset))
    }

    /// The same instruction, with its opcode at `address`, to `target`.
    fn write(self, bytes: Bytes, address: u32, _extra: u32, target: u32) -> Option<Bytes> {
        let [w, x, y, z] = target.wrapping_sub(end(self, address)).to_le_bytes();
        let [a, b, c, _, _, f, g, h] = bytes;
        Some(match self.before {
            1 => [a, w, x, y, z, f, g, h],
            2 => [a, b, w, x, y, z, g, h],
            _ => [a, b, c, w, x, y, z, h],
        })
    }

    /// Keeps opcode and ModRM.
    fn mask(self, bytes: Bytes) -> Bytes {
        self.write(bytes, 0, 0, end(self, 0)).unwrap_or(bytes)
    }

    fn class(self) -> Class {
        if self.branch { Class::Branch } else { Class::Low }
    }
}

#[inline]
fn form(bytes: Bytes) -> Option<Form> {
    let [opcode, second, third, ..] = bytes;
    match opcode {
        0xE8 | 0xE9 => Some(Form::branch(1)),
        0x0F if second >> 4 == 8 => Some(Form::branch(2)),
        0x0F if third & 0xC7 == 5 => two_byte_form(second),
        _ if second & 0xC7 == 5 => one_byte_form(opcode, second >> 3 & 7),
        _ => None,
    }
}

/// The form of an opcode of one byte; `extension` is the middle field of its ModRM.
const fn one_byte_form(opcode: u8, extension: u8) -> Option<Form> {
    let after = match opcode {
        // Arithmetic, in all directions and widths.
        0x00..=0x3F if opcode & 4 == 0 => 0,
        0x63 | 0x84..=0x8B | 0x8D | 0xD0..=0xD3 | 0xD8..=0xDF | 0xFE => 0,
        // Calls and jumps through memory as well.
        0xFF => 0,
        0x6B | 0x80 | 0x83 | 0xC0 | 0xC1 | 0xC6 => 1,
        0x69 | 0x81 | 0xC7 => 4,
        0xF6 if extension < 2 => 1,
        0xF7 if extension < 2 => 4,
        0xF6 | 0xF7 => 0,
        _ => return None,
    };
    Some(Form::operand(2, after))
}

/// The form of an opcode of two bytes, of which this is the second one.
const fn two_byte_form(opcode: u8) -> Option<Form> {
    let after = match opcode {
        0x10..=0x17 | 0x28..=0x2F | 0x40..=0x6F | 0x74..=0x76 | 0x7E | 0x7F | 0x90..=0x9F => 0,
        0xA3 | 0xAB | 0xAF | 0xB0 | 0xB1 | 0xB3 | 0xB6..=0xB8 | 0xBB..=0xC1 | 0xD0..=0xFE => 0,
        0x70..=0x73 | 0xA4 | 0xAC | 0xBA | 0xC2 | 0xC4..=0xC6 => 1,
        _ => return None,
    };
    Some(Form::operand(3, after))
}

/// Where the instruction ends.
fn end(form: Form, address: u32) -> u32 {
    address.wrapping_add(u32::from(form.before) + 4 + u32::from(form.after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SPACE: AddressSpace = AddressSpace {
        base_address: 0x1000,
        address_high: 0,
        image_size: 0x10_0000,
        windows: [crate::wire::Window { start: 0, length: 0 }; crate::wire::MAX_WINDOWS],
        forms: crate::wire::Forms::NONE,
    };

    fn found(bytes: &[u8], address: u32) -> Option<(Form, u32)> {
        let reference = Form::find(&View::new(bytes, address, false), &SPACE, &Halves::default())?;
        Some((reference.form, reference.target))
    }

    #[test]
    fn worked_examples() {
        // From the tables of the manual.
        let at = 0x4000;
        let branch = |before, target| Some((Form::branch(before), target));
        let operand = |before, after, target| Some((Form::operand(before, after), target));
        assert_eq!(found(&[0xE8, 0x10, 0, 0, 0], at), branch(1, 0x4015)); // call .+0x15
        assert_eq!(found(&[0xE9, 0xFB, 0xFF, 0xFF, 0xFF], at), branch(1, 0x4000)); // jmp .
        assert_eq!(found(&[0x0F, 0x84, 0x10, 0, 0, 0], at), branch(2, 0x4016)); // je .+0x16
        assert_eq!(found(&[0x8D, 0x05, 0x10, 0, 0, 0], at), operand(2, 0, 0x4016)); // lea eax, [rip+16]
        assert_eq!(found(&[0x83, 0x3D, 0x10, 0, 0, 0, 7], at), operand(2, 1, 0x4017)); // cmp d [rip+16], 7
        assert_eq!(found(&[0xC7, 0x05, 0x10, 0, 0, 0, 7, 0], at), operand(2, 4, 0x401A)); // mov d [rip+16], 7
        assert_eq!(found(&[0xFF, 0x15, 0x10, 0, 0, 0], at), operand(2, 0, 0x4016)); // call [rip+16]
        assert_eq!(found(&[0x0F, 0xB6, 0x05, 0x10, 0, 0, 0], at), operand(3, 0, 0x4017)); // movzx eax, b [rip+16]
        assert_eq!(found(&[0xE8, 0x10, 0, 0, 0x10], at), None); // far out of the image
        assert_eq!(found(&[0x8D, 0x45, 0x10, 0, 0, 0], at), None); // lea eax, [rbp+16]
        assert_eq!(found(&[0xC3, 0x05, 0, 0, 0, 0], at), None); // ret
    }

    proptest! {
        #[test]
        fn writing_what_was_read_changes_nothing(bytes: Bytes, address: u32) {
            if let Some(form) = form(bytes) {
                prop_assert_eq!(form.write(bytes, address, 0, form.read(bytes, address, 0)), Some(bytes));
            }
        }

        #[test]
        fn what_is_written_is_read(bytes: Bytes, address: u32, target: u32, which in 0..4usize) {
            let form = [Form::branch(1), Form::branch(2), Form::operand(2, 4), Form::operand(3, 1)][which];
            let written = form.write(bytes, address, 0, target);
            prop_assert_eq!(written.map(|bytes| form.read(bytes, address, 0)), Some(target));
        }
    }
}
