//! Thumb and Thumb-2 code: branches, calls, literal loads, and addresses in pieces (`docs/format.md`, section 7.3).
//!
//! Arm Architecture Reference Manual ARMv7-M (DDI 0403), chapter A7; ARMv7-A (DDI 0406), A8.8.25 for BLX:
//!
//! ```text
//! B<c>  1101 cond imm8           B     11100 imm11            CBZ   1011 o0i1 imm5 Rn
//! LDR   01001 Rt imm8            ADR   10100 Rd imm8
//! BL    11110 S imm10            11 J1 1 J2 imm11             BLX   ... 11 J1 0 J2 imm10 0
//! B.W   11110 S imm10            10 J1 1 J2 imm11             B<c>.W  11110 S cond imm6   10 J1 0 J2 imm11
//! LDR.W 1111 1000 U101 1111      Rt imm12
//! MOVW  11110 i 100100 imm4      0 imm3 Rd imm8               MOVT  11110 i 101100 imm4   ...
//! ```

use super::bits::{self, signed};
use super::instruction::Instruction;
use crate::refs::{AddressSpace, Bytes, Class, Effect, Half, Halves, ReferenceOf, Steps, View};

/// Instructions of Thumb code that refer to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// BL, BLX or B.W: an offset of 25 bits.
    Branch,
    /// B<c>.W: an offset of 21 bits.
    Conditional,
    /// B<c>: an offset of 9 bits.
    ShortConditional,
    /// B: an offset of 12 bits.
    Short,
    /// CBZ or CBNZ: forward, 7 bits.
    Zero,
    /// LDR or ADR of 16 bits: forward, 10 bits.
    Literal,
    /// LDR.W: 12 bits in either direction.
    WideLiteral,
    /// MOVW, whose MOVT follows: the lower half of an address.
    LowerHalf,
    /// MOVT: the upper half.
    UpperHalf,
}

impl Instruction for Form {
    #[inline]
    fn find(view: &View<'_>, _space: &AddressSpace, halves: &Halves) -> Option<ReferenceOf<Self>> {
        if view.inside || view.address & 1 != 0 {
            return None;
        }
        let bytes = view.first;
        let word = word(bytes);
        let (form, length) = if word >> 27 == 0b11110 || word >> 25 == 0b111_1100 {
            (wide_form(word)?, 4)
        } else {
            (short_form(word >> 16)?, 2)
        };
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
        Some(ReferenceOf { form, length, extra, target })
    }

    /// The target of the instruction at `address`; `extra` is the other half of the address.
    fn read(self, bytes: Bytes, address: u32, extra: u32) -> u32 {
        let word = word(bytes);
        let operand = operand(self, plain(self, word));
        let offset = match self {
            Form::LowerHalf => return extra | operand,
            Form::UpperHalf => return extra | operand << 16,
            Form::WideLiteral if operand >> 12 == 0 => operand.wrapping_neg(),
            Form::WideLiteral => operand & 0xFFF,
            _ => operand,
        };
        origin(self, word, address).wrapping_add(offset)
    }

    fn write(self, bytes: Bytes, address: u32, _extra: u32, target: u32) -> Option<Bytes> {
        let word = word(bytes);
        let offset = target.wrapping_sub(origin(self, word, address));
        let operand = match self {
            Form::LowerHalf => target & 0xFFFF,
            Form::UpperHalf => target >> 16,
            Form::WideLiteral if (offset as i32) < 0 => offset.wrapping_neg() & 0xFFF,
            Form::WideLiteral => offset & 0xFFF | 0x1000,
            _ => offset,
        };
        let written = plain(self, with_operand(self, word, operand));
        // A BLX to an odd halfword does not exist.
        let exists = self != Form::Branch || written & (FORM | 1) != BLX | 1;
        let bytes = with_word(bytes, written);
        // What has no place in the operand is missing when it is read.
        let half = matches!(self, Form::LowerHalf | Form::UpperHalf);
        (half || exists && self.read(bytes, address, 0) == target).then_some(bytes)
    }

    /// Keeps the opcode; near references stay as they are, they mostly do not change.
    fn mask(self, bytes: Bytes) -> Bytes {
        let word = word(bytes);
        let masked = match self {
            Form::Branch => word & 0xF000_D000,
            Form::LowerHalf | Form::UpperHalf => word & !IMMEDIATE,
            _ => word,
        };
        with_word(bytes, masked)
    }

    fn class(self) -> Class {
        match self {
            Form::Branch => Class::Branch,
            Form::LowerHalf => Class::High,
            Form::UpperHalf => Class::Low,
            _ => Class::Near,
        }
    }

    /// What a MOVW put into its register.
    fn effect(self, old: (Bytes, u32), new: (Bytes, u32), target: u32) -> Option<Effect> {
        let register = register(word(old.0));
        let new = immediate(word(new.0));
        (self == Form::LowerHalf).then_some(Effect::Set(Half { register, address: old.1, old: target, new }))
    }

    /// Goes past halfwords, of the first `count` bytes, that are no reference at a glance, nor the start of a pointer: a
    /// fifth of the instructions of [`find`]. Returns their bytes. What is past the end is left to it.
    #[cfg_attr(not(feature = "std"), inline(never))]
    fn skip(bytes: &[u8], count: usize, address: u32, space: &AddressSpace, steps: &mut Steps) -> usize {
        let mut at = 0;
        // Covers may begin anywhere.
        while at + 1 < count && address & 1 == 0 {
            let here = address.wrapping_add(at as u32);
            let Some(&[low, high, third, fourth]) = bytes.get(at..).and_then(|rest| rest.first_chunk())
            else {
                break;
            };
            if here & 3 == 0 && space.contains(u32::from_le_bytes([low, high, third, fourth])) {
                break;
            }
            if !steps.inside(here) {
                let looked_at = LOOKED_AT >> (high >> 3) & 1 != 0 || high & !1 == 0xF8 && low & 0x7F == 0x5F;
                if looked_at {
                    break;
                }
                steps.begin(here.wrapping_add(if high >> 3 >= 0b11101 { 4 } else { 2 }));
            }
            at += 2;
        }
        at
    }

    fn length(_byte: u8, next: u8) -> Option<u32> {
        Some(if next >> 3 >= 0b11101 { 4 } else { 2 })
    }
}

/// L and X: the bits in which BL, BLX and B.W differ.
const FORM: u32 = 0x5000;
const BLX: u32 = 0x4000;

/// Halfwords of an instruction, the first one in the upper half.
const fn word(bytes: Bytes) -> u32 {
    bits::word(bytes).rotate_left(16)
}

/// `bytes` with these halfwords in front.
const fn with_word(bytes: Bytes, word: u32) -> Bytes {
    bits::with_word(bytes, word.rotate_left(16))
}

/// The upper five bits of halfwords that [`find`] looks at more closely, a bit each.
const LOOKED_AT: u32 =
    1 << 0b01001 | 1 << 0b10100 | 3 << 0b10110 | 3 << 0b11010 | 1 << 0b11100 | 1 << 0b11110;

const fn wide_form(word: u32) -> Option<Form> {
    if word & 0xFF7F_0000 == 0xF85F_0000 {
        return Some(Form::WideLiteral);
    }
    // Other loads and stores of 32 bits.
    if word >> 27 != 0b11110 {
        return None;
    }
    if word & 0x8000 != 0 {
        return match word & FORM {
            // The conditions 14 and 15 are other instructions.
            0 if word >> 23 & 7 != 7 => Some(Form::Conditional),
            0 => None,
            // A BLX to an odd halfword does not exist.
            BLX if word & 1 != 0 => None,
            _ => Some(Form::Branch),
        };
    }
    match word >> 20 & 0xFBF {
        0xF24 => Some(Form::LowerHalf),
        0xF2C => Some(Form::UpperHalf),
        _ => None,
    }
}

const fn short_form(halfword: u32) -> Option<Form> {
    match halfword >> 11 & 31 {
        0b01001 | 0b10100 => Some(Form::Literal),
        0b11010 | 0b11011 if halfword >> 9 & 7 != 7 => Some(Form::ShortConditional),
        0b11100 => Some(Form::Short),
        0b10110 | 0b10111 if halfword & 0x500 == 0x100 => Some(Form::Zero),
        _ => None,
    }
}

/// The upper half that a MOVT in view puts into the same register.
fn partner(view: &View<'_>, target: u32) -> Option<u32> {
    let mut place = 4;
    while place < view.bytes.len() {
        let word = word(view.bytes_at(place));
        if word & 0xFBF0_8000 == 0xF2C0_0000 && register(word) == target {
            return Some(immediate(word) << 16);
        }
        place += 2;
    }
    None
}

/// The destination of a MOVW or MOVT.
const fn register(word: u32) -> u32 {
    word >> 8 & 15
}

/// Some bits of an instruction that are bits of its operand, in 16 bits: the lowest one's place in the instruction
/// (whose first halfword is the upper one), its place in the operand, and how many there are.
const fn field(instruction: u16, operand: u16, count: u16) -> u16 {
    instruction | operand << 5 | count << 10
}

/// With this, the highest bit of a form's first field is a sign.
const SIGNED: u16 = 1 << 15;

/// The fields of each form.
const FIELDS: [[u16; 5]; 9] = [
    // S : I1 : I2 : imm10 : imm11 : 0, where I1 = not(J1 xor S) and I2 = not(J2 xor S): see `plain`.
    [field(26, 24, 1) | SIGNED, field(13, 23, 1), field(11, 22, 1), field(16, 12, 10), field(0, 1, 11)],
    // S : J2 : J1 : imm6 : imm11 : 0
    [field(26, 20, 1) | SIGNED, field(11, 19, 1), field(13, 18, 1), field(16, 12, 6), field(0, 1, 11)],
    [field(16, 1, 8) | SIGNED, 0, 0, 0, 0],
    [field(16, 1, 11) | SIGNED, 0, 0, 0, 0],
    // i : imm5 : 0
    [field(25, 6, 1), field(19, 1, 5), 0, 0, 0],
    [field(16, 2, 8), 0, 0, 0, 0],
    // U : imm12
    [field(23, 12, 1), field(0, 0, 12), 0, 0, 0],
    // imm4 : i : imm3 : imm8, twice
    [field(16, 12, 4), field(26, 11, 1), field(12, 8, 3), field(0, 0, 8), 0],
    [field(16, 12, 4), field(26, 11, 1), field(12, 8, 3), field(0, 0, 8), 0],
];

/// Place in the instruction, place in the operand, and the mask of the bits at either place's zero.
#[inline]
const fn parts(field: u16) -> (u32, u32, u32) {
    (field as u32 & 31, field as u32 >> 5 & 31, (1 << (field >> 10 & 15)) - 1)
}

/// The operand of an instruction as it stands there.
#[cfg_attr(not(feature = "std"), inline(never))]
fn operand(form: Form, word: u32) -> u32 {
    let fields = &FIELDS[form as usize];
    let mut value = 0;
    for &field in fields {
        if field == 0 {
            break;
        }
        let (place, to, mask) = parts(field);
        value |= (word >> place & mask) << to;
    }
    if fields[0] & SIGNED == 0 {
        return value;
    }
    let first = u32::from(fields[0]);
    signed(value, ((first >> 5 & 31) + (first >> 10 & 15)) & 31)
}

/// The instruction with another operand, of which only the bits that have a place count.
#[inline]
fn with_operand(form: Form, mut word: u32, operand: u32) -> u32 {
    for &field in &FIELDS[form as usize] {
        if field == 0 {
            break;
        }
        let (place, from, mask) = parts(field);
        word = word & !(mask << place) | (operand >> from & mask) << place;
    }
    word
}

/// Swaps J1 and J2 of a branch for I1 and I2, and back.
const fn plain(form: Form, word: u32) -> u32 {
    let forward = word & 1 << 26 == 0;
    if matches!(form, Form::Branch) && forward { word ^ 0x2800 } else { word }
}

/// The 16 bits of a MOVW or MOVT.
fn immediate(word: u32) -> u32 {
    operand(Form::LowerHalf, word)
}

/// Where offsets count from.
const fn origin(form: Form, word: u32, address: u32) -> u32 {
    let counter = address.wrapping_add(4);
    match form {
        Form::Branch if word & FORM == BLX => counter & !3,
        Form::Literal | Form::WideLiteral => counter & !3,
        _ => counter,
    }
}

const IMMEDIATE: u32 = 0x040F_70FF;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(bytes: &[u8], address: u32) -> Option<(Form, u32)> {
        let view = View::new(bytes, address, false);
        let reference = Form::find(&view, &AddressSpace::default(), &Halves::default())?;
        Some((reference.form, reference.target))
    }

    #[test]
    fn worked_examples() {
        // Assembled with `arm-none-eabi-as -march=armv7-m`.
        assert_eq!(found(&[0xFF, 0xF7, 0xFE, 0xFF], 0x100), Some((Form::Branch, 0x100))); // bl .
        assert_eq!(found(&[0x00, 0xF0, 0x00, 0xF8], 0x100), Some((Form::Branch, 0x104))); // bl .+4
        assert_eq!(found(&[0x00, 0xF0, 0x00, 0xB8], 0x100), Some((Form::Branch, 0x104))); // b.w .+4
        assert_eq!(found(&[0x00, 0xF0, 0x00, 0xE8], 0x102), Some((Form::Branch, 0x104))); // blx
        assert_eq!(found(&[0x00, 0xF0, 0x00, 0x80], 0x100), Some((Form::Conditional, 0x104))); // beq.w .+4
        assert_eq!(found(&[0xFE, 0xD0], 0x100), Some((Form::ShortConditional, 0x100))); // beq .
        assert_eq!(found(&[0xFE, 0xE7], 0x100), Some((Form::Short, 0x100))); // b .
        assert_eq!(found(&[0x08, 0xB1], 0x100), Some((Form::Zero, 0x106))); // cbz r0, .+6
        assert_eq!(found(&[0x01, 0x48], 0x102), Some((Form::Literal, 0x108))); // ldr r0, [pc, #4]
        assert_eq!(found(&[0x5F, 0xF8, 0x04, 0x10], 0x100), Some((Form::WideLiteral, 0x100))); // ldr.w r1, [pc, #-4]
        assert_eq!(found(&[0xDF, 0xF8, 0x04, 0x10], 0x100), Some((Form::WideLiteral, 0x108))); // ldr.w r1, [pc, #4]
        assert_eq!(found(&[0x00, 0xDE], 0x100), None); // udf
    }

    #[test]
    fn a_move_of_two_halves_is_one_address() {
        // movw r3, #0x1234; movt r3, #0x2000
        let code = [0x41, 0xF2, 0x34, 0x23, 0xC2, 0xF2, 0x00, 0x03];
        assert_eq!(found(&code, 0x100), Some((Form::LowerHalf, 0x2000_1234)));
        assert_eq!(found(&code[..4], 0x100), None);
        let mut halves = Halves::default();
        let first = View::new(&code, 0x100, false);
        let reference = Form::find(&first, &AddressSpace::default(), &halves).unwrap();
        let bytes = Form::LowerHalf.write(first.first, 0, 0, 0x2000_1244).unwrap();
        let effect = Form::LowerHalf.effect((first.first, 0x100), (bytes, 0x100), reference.target);
        halves.take(effect.unwrap());
        let second =
            Form::find(&View::new(&code[4..], 0x104, false), &AddressSpace::default(), &halves).unwrap();
        assert_eq!((second.target, second.extra), (0x2000_1234, 0x1244));
    }

    proptest! {
        #[test]
        fn what_is_passed_over_is_what_a_closer_look_passes_over(
            bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..80),
            pointers in proptest::collection::vec(0..80usize, 0..4),
            address in 0x0800_0000..0x0800_0008u32,
            begun in 0..8u32,
            count in 0..80usize,
        ) {
            let mut bytes = bytes;
            for place in pointers {
                bytes.get_mut(place..place + 4).into_iter().for_each(|word| word.copy_from_slice(&[0, 1, 0, 8]));
            }
            let count = count.min(bytes.len());
            let space = AddressSpace { base_address: 0x0800_0000, image_size: 0x1_0000, ..AddressSpace::default() };
            let (mut fast, mut slow) = (Steps::default(), Steps::default());
            fast.begin(address + begun);
            slow.begin(address + begun);
            let passed = Form::skip(&bytes, count, address, &space, &mut fast);
            prop_assert!(passed <= count);
            for at in 0..passed {
                let here = address + at as u32;
                if here & 1 == 0 {
                    let view = View::new(&bytes[at..], here, slow.inside(here));
                    let kind = crate::wire::PageKind::Thumb;
                    prop_assert_eq!(crate::refs::Reference::find(kind, &view, &space, &Halves::default()), None);
                    slow.byte(kind, here, bytes[at], bytes.get(at + 1).copied().unwrap_or(0));
                }
            }
            prop_assert_eq!(fast.inside(address + passed as u32), slow.inside(address + passed as u32));
        }
    }

    #[test]
    fn out_of_reach_is_refused() {
        let branch = with_word(Bytes::default(), 0xF000_F800);
        assert!(Form::Branch.write(branch, 0, 0, 4 + (1 << 24)).is_none());
        assert!(Form::Branch.write(branch, 0, 0, 2 + (1 << 24)).is_some());
        assert!(Form::Branch.write(branch, 0, 0, 7).is_none());
    }

    proptest! {
        #[test]
        fn writing_what_was_read_changes_nothing(bytes: Bytes, address: u32) {
            let view = View::new(&bytes, address & !1, false);
            if let Some(ReferenceOf { form, extra, target, .. }) = Form::find(&view, &AddressSpace::default(), &Halves::default()) {
                prop_assert_eq!(form.read(bytes, view.address, extra), target);
                let same = bytes[2..4] == [0, 0] && form == Form::WideLiteral;
                let written = form.write(bytes, view.address, extra, target);
                // Minus zero is written as plus zero.
                prop_assert!(same || written == Some(bytes));
            }
        }
    }
}
