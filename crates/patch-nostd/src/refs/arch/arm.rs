//! A32 code (ARM state): branches, literal loads, and addresses in pieces (`docs/format.md`, section 7.3).
//!
//! Arm Architecture Reference Manual ARMv7-A (DDI 0406), A5 and A8; cond is not 1111 but for BLX:
//!
//! ```text
//! B, BL    cond 101 L imm24                          BLX    1111 101 H imm24
//! LDR      cond 0101 U0o1 1111 Rt imm12, o for bytes
//! MOVW     cond 0011 0000 imm4 Rd imm12              MOVT   cond 0011 0100 imm4 Rd imm12
//! ```

use super::bits::{signed, with_word, word};
use super::instruction::Instruction;
use crate::refs::{AddressSpace, Bytes, Class, Effect, Half, Halves, ReferenceOf, View};

/// Instructions of A32 code that refer to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// B or BL: 26 bits.
    Branch,
    /// BLX to Thumb code.
    Exchange,
    /// LDR or LDRB: 12 bits in either direction.
    Literal,
    /// MOVW, whose MOVT follows: the lower half of an address.
    LowerHalf,
    /// MOVT: the upper half.
    UpperHalf,
}

impl Instruction for Form {
    #[inline]
    fn find(view: &View<'_>, _space: &AddressSpace, halves: &Halves) -> Option<ReferenceOf<Self>> {
        if view.address & 3 != 0 {
            return None;
        }
        let bytes = view.first;
        let word = word(bytes);
        let form = form(word)?;
        let (extra, target) = match form {
            Form::LowerHalf => {
                let upper = partner(view, register(word))?;
                (upper, upper | immediate(word))
            }
            Form::UpperHalf => {
                let half = halves.find(register(word), view.address)?;
                (half.new & 0xFFFF, half.old)
            }
            _ => (0, form.read(bytes, view.address, 0)),
        };
        Some(ReferenceOf { form, length: 4, extra, target })
    }

    /// The target of the instruction at `address`; `extra` is the other half of the address.
    fn read(self, bytes: Bytes, address: u32, extra: u32) -> u32 {
        let word = word(bytes);
        let offset = match self {
            Form::Branch => signed(word & 0xFF_FFFF, 24) << 2,
            Form::Exchange => signed(word & 0xFF_FFFF, 24) << 2 | word >> 23 & 2,
            Form::Literal if word >> 23 & 1 != 0 => word & 0xFFF,
            Form::Literal => (word & 0xFFF).wrapping_neg(),
            Form::LowerHalf => return extra | immediate(word),
            Form::UpperHalf => return extra | immediate(word) << 16,
        };
        address.wrapping_add(8).wrapping_add(offset)
    }

    fn write(self, bytes: Bytes, address: u32, _extra: u32, target: u32) -> Option<Bytes> {
        let word = word(bytes);
        let offset = target.wrapping_sub(address.wrapping_add(8));
        let written = match self {
            Form::Branch => word & 0xFF00_0000 | words(offset, 3)?,
            Form::Exchange => word & 0xFE00_0000 | words(offset, 1)? | (offset & 2) << 23,
            Form::Literal => {
                let up = (offset as i32) >= 0;
                let distance = (offset as i32).unsigned_abs();
                if distance > 0xFFF {
                    return None;
                }
                word & 0xFF7F_F000 | u32::from(up) << 23 | distance
            }
            Form::LowerHalf => with_immediate(word, target & 0xFFFF),
            Form::UpperHalf => with_immediate(word, target >> 16),
        };
        Some(with_word(bytes, written))
    }

    /// Keeps the opcode; near references stay as they are, they mostly do not change.
    fn mask(self, bytes: Bytes) -> Bytes {
        let word = word(bytes);
        let masked = match self {
            Form::Branch => word & 0xFF00_0000,
            Form::Exchange => word & 0xFE00_0000,
            Form::LowerHalf | Form::UpperHalf => word & !IMMEDIATE,
            Form::Literal => word,
        };
        with_word(bytes, masked)
    }

    fn class(self) -> Class {
        match self {
            Form::Branch | Form::Exchange => Class::Branch,
            Form::Literal => Class::Near,
            Form::LowerHalf => Class::High,
            Form::UpperHalf => Class::Low,
        }
    }

    /// What a MOVW put into its register.
    fn effect(self, old: (Bytes, u32), new: (Bytes, u32), target: u32) -> Option<Effect> {
        let register = register(word(old.0));
        let new = immediate(word(new.0));
        (self == Form::LowerHalf).then_some(Effect::Set(Half { register, address: old.1, old: target, new }))
    }
}

#[inline]
const fn form(word: u32) -> Option<Form> {
    if word >> 28 == 15 {
        return if word >> 25 == 0b111_1101 { Some(Form::Exchange) } else { None };
    }
    match word >> 20 & 0xFF {
        0xA0..=0xBF => Some(Form::Branch),
        0x30 => Some(Form::LowerHalf),
        0x34 => Some(Form::UpperHalf),
        _ if word & 0x0F3F_0000 == 0x051F_0000 => Some(Form::Literal),
        _ => None,
    }
}

/// The upper half that a MOVT in view puts into the same register.
fn partner(view: &View<'_>, target: u32) -> Option<u32> {
    (4..view.bytes.len()).step_by(4).find_map(|place| {
        let word = view.word(place);
        let movt = form(word) == Some(Form::UpperHalf) && register(word) == target;
        movt.then_some(immediate(word) << 16)
    })
}

/// The destination of a MOVW or MOVT.
const fn register(word: u32) -> u32 {
    word >> 12 & 15
}

/// The 16 bits of a MOVW or MOVT: imm4 : imm12.
const fn immediate(word: u32) -> u32 {
    (word >> 16 & 15) << 12 | word & 0xFFF
}

const fn with_immediate(word: u32, value: u32) -> u32 {
    word & !IMMEDIATE | (value >> 12 & 15) << 16 | value & 0xFFF
}

const IMMEDIATE: u32 = 0x000F_0FFF;

/// A distance of 26 bits as a number of words; its bits in `unit` must be zero.
fn words(offset: u32, unit: u32) -> Option<u32> {
    (signed(offset, 26) == offset && offset & unit == 0).then_some(offset >> 2 & 0xFF_FFFF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    fn found(bytes: &[u8], address: u32) -> Option<(Form, u32)> {
        let reference =
            Form::find(&View::new(bytes, address, false), &AddressSpace::default(), &Halves::default())?;
        Some((reference.form, reference.target))
    }

    #[test]
    fn worked_examples() {
        // Assembled with `arm-none-eabi-as -march=armv7-a`.
        let found = |word: u32| found(&word.to_le_bytes(), 0x1000);
        assert_eq!(found(0xEBFF_FFFE), Some((Form::Branch, 0x1000))); // bl .
        assert_eq!(found(0xEA00_0000), Some((Form::Branch, 0x1008))); // b .+8
        assert_eq!(found(0x1AFF_FFFD), Some((Form::Branch, 0x0FFC))); // bne .-4
        assert_eq!(found(0xFB00_0000), Some((Form::Exchange, 0x100A))); // blx .+10
        assert_eq!(found(0xE59F_1004), Some((Form::Literal, 0x100C))); // ldr r1, [pc, #4]
        assert_eq!(found(0xE51F_1004), Some((Form::Literal, 0x1004))); // ldr r1, [pc, #-4]
        assert_eq!(found(0xE591_1004), None); // ldr r1, [r1, #4]
        assert_eq!(found(0xE12F_FF1E), None); // bx lr
        assert_eq!(found(0xE301_3234), None); // movw r3, #0x1234, with no movt in view
    }

    #[test]
    fn a_move_of_two_halves_is_one_address() {
        // movw r3, #0x1234; movt r3, #0xC000
        let code: Vec<u8> =
            [0xE301_3234u32, 0xE34C_3000].iter().flat_map(|word| word.to_le_bytes()).collect();
        let first = View::new(&code, 0x100, false);
        let lower = Form::find(&first, &AddressSpace::default(), &Halves::default()).unwrap();
        assert_eq!(lower.target, 0xC000_1234);
        let bytes = Form::LowerHalf.write(first.first, 0, 0, 0xC001_0004).unwrap();
        assert_eq!(word(bytes), 0xE300_3004);
        let mut halves = Halves::default();
        let effect = Form::LowerHalf.effect((first.first, 0x100), (bytes, 0x100), lower.target);
        halves.take(effect.unwrap());
        let second = View::new(&code[4..], 0x104, false);
        let upper = Form::find(&second, &AddressSpace::default(), &halves).unwrap();
        assert_eq!((upper.target, upper.extra), (0xC000_1234, 0x0004));
        let bytes = Form::UpperHalf.write(second.first, 0, 0, 0xC001_0004).unwrap();
        assert_eq!(word(bytes), 0xE34C_3001);
    }

    #[test]
    fn out_of_reach_is_refused() {
        let branch = with_word(Bytes::default(), 0xEB00_0000);
        assert!(Form::Branch.write(branch, 0, 0, 8 + (1 << 25)).is_none());
        assert!(Form::Branch.write(branch, 0, 0, 4 + (1 << 25)).is_some());
        assert!(Form::Branch.write(branch, 0, 0, 10).is_none());
        assert!(Form::Literal.write(with_word(Bytes::default(), 0xE59F_1004), 0, 0, 8 + 0x1000).is_none());
    }

    const FORMS: [Form; 5] = [Form::Branch, Form::Exchange, Form::Literal, Form::LowerHalf, Form::UpperHalf];

    proptest! {
        #[test]
        fn writing_what_was_read_changes_nothing(bytes: Bytes, address: u32) {
            let address = address & !3;
            if let Some(form) = form(word(bytes)) {
                let target = form.read(bytes, address, 0);
                // Minus zero is written as plus zero.
                let minus_zero = form == Form::Literal && word(bytes) & 0x80_0FFF == 0;
                prop_assert!(minus_zero || form.write(bytes, address, 0, target) == Some(bytes));
            }
        }

        #[test]
        fn what_is_written_is_read(bytes: Bytes, address: u32, number: u32, which in 0..5usize) {
            let (form, address) = (FORMS[which], address & !3);
            let (target, extra) = match form {
                Form::Branch => (address.wrapping_add(signed(number, 24) << 2).wrapping_add(8), 0),
                Form::Exchange => (address.wrapping_add(signed(number, 25) << 1).wrapping_add(8), 0),
                Form::Literal => (address.wrapping_add(8).wrapping_add(signed(number & 0xFFF, 12)), 0),
                Form::LowerHalf => (number, number & 0xFFFF_0000),
                Form::UpperHalf => (number, number & 0xFFFF),
            };
            let written = form.write(bytes, address, 0, target);
            prop_assert_eq!(written.map(|bytes| form.read(bytes, address, extra)), Some(target));
        }
    }
}
